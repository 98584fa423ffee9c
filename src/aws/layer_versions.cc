#include "aws/layer_versions.h"

#include <fmt/format.h>

#include "aws/sigv4.h"
#include "base/ids.h"
#include "codec/base64.h"
#include "codec/bytes.h"
#include "codec/json.h"

namespace aws {

namespace {

constexpr std::size_t kMaxArchive = 262'144'000;  // Lambda's limit of what is unzipped
constexpr std::chrono::minutes kDownloadTimeout{5};

}  // namespace

awaitable<base::Result<LayerVersion>> get_layer_version(ClientConfig config, std::string arn) {
  CO_TRY(auto url, service_url(config, "lambda"));
  net::Request request{.method = "GET", .target = {}};
  url.target = request.target = fmt::format("/2018-10-31/layers?Arn={}&find=LayerVersion", net::percent_encode(arn));
  CO_TRY(auto answer, co_await call(std::move(config), std::move(url), std::move(request), "lambda", {}));
  CO_TRY(auto body, codec::parse_json(answer.body));
  auto hash = codec::base64_decode(codec::find_string(body, "Content", "CodeSha256"));
  LayerVersion version{.arn = std::move(arn),
                       .location = codec::find_string(body, "Content", "Location"),
                       .sha256 = hash ? base::to_hex(codec::as_bytes(*hash)) : std::string()};
  if (version.location.empty() || version.sha256.empty()) {
    co_return base::fail(base::ErrorKind::service, fmt::format("Lambda does not say where {} is", version.arn));
  }
  co_return version;
}

awaitable<base::Result<std::string>> download(ClientConfig config, LayerVersion version) {
  CO_TRY(auto url, net::parse_url(version.location));
  net::Request request{.method = "GET", .target = url.target};
  CO_TRY(auto answer, co_await config.http->send(std::move(url), std::move(request),
                                                 {.timeout = kDownloadTimeout, .max_body = kMaxArchive}));
  if (answer.status != 200) co_return base::fail(read_service_error(answer, "s3"));
  if (sha256_hex(answer.body) != version.sha256) {
    co_return base::fail(base::ErrorKind::service, fmt::format("what was downloaded is not {}", version.arn));
  }
  co_return std::move(answer.body);
}

}  // namespace aws

#include "aws/s3.h"

#include <fmt/format.h>

namespace aws {
namespace {

class RealS3 final : public S3 {
 public:
  explicit RealS3(ClientConfig config) : config_(std::move(config)) {}

  awaitable<base::Result<>> put_object(std::string bucket, std::string key, std::string body) override {
    CO_TRY(co_await send("PUT", std::move(bucket), std::move(key), std::move(body)));
    co_return base::Result<>();
  }

  awaitable<base::Result<bool>> object_exists(std::string bucket, std::string key) override {
    auto answer = co_await send("HEAD", std::move(bucket), std::move(key), {});
    if (answer) co_return true;
    if (answer.error().status == 404) co_return false;
    co_return base::fail(answer.error());
  }

  std::string object_url(std::string bucket, std::string key) const override {
    auto url = url_of(bucket, key);
    return url ? url->origin() + url->target : std::string();
  }

 private:
  base::Result<net::Url> url_of(std::string_view bucket, std::string_view key) const {
    std::string path = net::percent_encode(key, true);
    bool given = config_.endpoints.contains("s3") || config_.endpoints.contains("");
    if (!given) return net::parse_url(fmt::format("https://{}.s3.{}.amazonaws.com/{}", bucket, config_.region, path));
    TRY(auto url, service_url(config_, "s3"));
    url.target = fmt::format("/{}/{}", bucket, path);
    return url;
  }

  awaitable<base::Result<net::Response>> send(std::string method, std::string bucket, std::string key,
                                              std::string body) {
    CO_TRY(auto url, url_of(bucket, key));
    net::Request request{.method = std::move(method), .target = url.target, .headers = {}, .body = std::move(body)};
    co_return co_await call(config_, url, std::move(request), "s3", {.timeout = std::chrono::minutes(5)});
  }

  ClientConfig config_;
};

}  // namespace

std::unique_ptr<S3> make_s3(ClientConfig config) {
  return std::make_unique<RealS3>(std::move(config));
}

}  // namespace aws

#include "aws/s3.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "aws/xml.h"
#include "codec/base64.h"

namespace aws {
namespace {

constexpr std::chrono::seconds kTimeout{60};
constexpr std::size_t kSlowestBytesPerSecond = 64 * 1024;

std::string escape_xml(std::string_view text) {
  std::string escaped;
  for (char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '\r':
        escaped += "&#13;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

// SHA-256 in base64.
std::string checksum(std::string_view body) {
  std::array<std::uint8_t, 32> digest{};
  unsigned int length = 0;
  EVP_Digest(body.data(), body.size(), digest.data(), &length, EVP_sha256(), nullptr);
  return codec::base64_encode(digest);
}

// Of encoding-type=url, which writes a space as '+'.
std::string decoded_key(std::string key) {
  std::replace(key.begin(), key.end(), '+', ' ');
  return net::percent_decode(key);
}

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

  awaitable<base::Result<std::vector<ObjectVersion>>> list_versions(std::string bucket) override {
    std::vector<ObjectVersion> versions;
    CO_TRY(auto url, bucket_url(config_, bucket));
    url.target += "?encoding-type=url&max-keys=1000&versions=";
    auto answer = co_await send("GET", std::move(url), {});
    if (!answer && answer.error().status == 404) co_return versions;
    if (!answer) co_return base::fail(answer.error());
    CO_TRY(auto list, parse_xml(answer->body));
    for (const XmlNode& node : list.children) {
      if (node.name != "Version" && node.name != "DeleteMarker") continue;
      versions.push_back({decoded_key(node.text_of("Key")), node.text_of("VersionId")});
    }
    co_return versions;
  }

  awaitable<base::Result<>> delete_versions(std::string bucket, std::vector<ObjectVersion> versions) override {
    CO_TRY(auto url, bucket_url(config_, bucket));
    url.target += "?delete=";
    std::string body = "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>";
    for (const ObjectVersion& version : versions) {
      body += fmt::format("<Object><Key>{}</Key><VersionId>{}</VersionId></Object>", escape_xml(version.key),
                          escape_xml(version.version_id));
    }
    body += "</Delete>";
    CO_TRY(auto answer, co_await send("POST", std::move(url), std::move(body)));
    CO_TRY(auto result, parse_xml(answer.body));
    if (const XmlNode* failed = result.child("Error")) {
      co_return base::fail(
          {.kind = failed->text_of("Code") == "AccessDenied" ? base::ErrorKind::permission : base::ErrorKind::service,
           .message = fmt::format("object {} of bucket {} could not be deleted: {}", failed->text_of("Key"), bucket,
                                  failed->text_of("Message")),
           .code = failed->text_of("Code")});
    }
    co_return base::Result<>();
  }

  std::string object_url(std::string bucket, std::string key) const override {
    auto url = url_of(bucket, key);
    return url ? url->origin() + url->target : std::string();
  }

 private:
  base::Result<net::Url> url_of(std::string_view bucket, std::string_view key) const {
    TRY(auto url, bucket_url(config_, bucket));
    url.target += fmt::format("{}{}", url.target.ends_with('/') ? "" : "/", net::percent_encode(key, true));
    return url;
  }

  awaitable<base::Result<net::Response>> send(std::string method, std::string bucket, std::string key,
                                              std::string body) {
    CO_TRY(auto url, url_of(bucket, key));
    co_return co_await send(std::move(method), std::move(url), std::move(body));
  }

  awaitable<base::Result<net::Response>> send(std::string method, net::Url url, std::string body) {
    net::Request request{.method = std::move(method), .target = url.target, .headers = {}, .body = std::move(body)};
    auto timeout = kTimeout + std::chrono::seconds(request.body.size() / kSlowestBytesPerSecond);
    // DeleteObjects demands a checksum.
    if (request.method == "POST") request.headers.set("x-amz-checksum-sha256", checksum(request.body));
    co_return co_await call(config_, url, std::move(request), "s3", {.timeout = timeout});
  }

  ClientConfig config_;
};

}  // namespace

base::Result<net::Url> bucket_url(const ClientConfig& config, std::string_view bucket) {
  if (config.endpoints.contains("s3") || config.endpoints.contains("")) {
    TRY(auto url, service_url(config, "s3"));
    url.target = fmt::format("/{}", bucket);
    return url;
  }
  if (config.variant.fips && config.region.starts_with("cn-")) {
    return base::fail(base::ErrorKind::usage, "S3 has no FIPS endpoint in China", "Unset AWS_USE_FIPS_ENDPOINT.");
  }
  std::string host = s3_host(config.region, config.variant);
  bool dotted = bucket.find('.') != std::string_view::npos;
  return net::parse_url(dotted ? fmt::format("https://{}/{}", host, bucket)
                               : fmt::format("https://{}.{}", bucket, host));
}

std::unique_ptr<S3> make_s3(ClientConfig config) {
  return std::make_unique<RealS3>(std::move(config));
}

}  // namespace aws

#include "aws/metadata_credentials.h"

#include <fmt/format.h>

#include <boost/asio/ip/address.hpp>

#include "aws/config_file.h"
#include "aws/process_credentials.h"

namespace aws {
namespace {

constexpr std::string_view kContainer = "the container credentials endpoint";
constexpr std::string_view kInstance = "EC2 instance metadata";

bool is_trusted(const net::Url& url) {
  if (url.secure() || url.host == "localhost") return true;
  if (url.host == "169.254.170.2" || url.host == "169.254.170.23" || url.host == "fd00:ec2::23") return true;
  boost::system::error_code error;
  auto address = boost::asio::ip::make_address(url.host, error);
  return !error && address.is_loopback();
}

class ContainerCredentials final : public CredentialsSource {
 public:
  ContainerCredentials(net::Url url, std::string token, std::string token_file, std::shared_ptr<net::HttpClient> http,
                       ReadFile read_file)
      : url_(std::move(url)),
        token_(std::move(token)),
        token_file_(std::move(token_file)),
        http_(std::move(http)),
        read_file_(std::move(read_file)) {}

  awaitable<base::Result<IssuedCredentials>> fetch() override {
    std::string token = token_;
    if (!token_file_.empty()) {  // read each time: it is renewed too
      auto text = read_file_(token_file_);
      if (!text) {
        co_return base::fail(base::ErrorKind::credentials,
                             fmt::format("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: {} cannot be read", token_file_));
      }
      token = std::move(*text);
    }
    if (token.find_first_of("\r\n") != std::string::npos) {
      co_return base::fail(base::ErrorKind::credentials, "the container's authorization token holds a line break");
    }
    net::Request request{.method = "GET", .target = url_.target, .headers = {{"Accept", "application/json"}}};
    if (!token.empty()) request.headers.set("Authorization", token);
    auto response = co_await http_->send(
        url_, std::move(request), {.connect_timeout = std::chrono::seconds(2), .timeout = std::chrono::seconds(5)});
    if (!response) {
      co_return base::fail(base::ErrorKind::credentials, fmt::format("{}: {}", kContainer, response.error().message));
    }
    if (response->status != 200) {
      co_return base::fail(base::ErrorKind::credentials,
                           fmt::format("{} answered with status {}", kContainer, response->status));
    }
    co_return read_issued(response->body, kContainer);
  }

 private:
  net::Url url_;
  std::string token_;
  std::string token_file_;
  std::shared_ptr<net::HttpClient> http_;
  ReadFile read_file_;
};

class InstanceCredentials final : public CredentialsSource {
 public:
  explicit InstanceCredentials(std::shared_ptr<InstanceMetadata> metadata) : metadata_(std::move(metadata)) {}

  awaitable<base::Result<IssuedCredentials>> fetch() override {
    const std::string folder = "iam/security-credentials/";
    CO_TRY(auto role, co_await metadata_->get(folder));
    role.resize(std::min(role.find_first_of("\r\n"), role.size()));
    CO_TRY(auto keys, co_await metadata_->get(folder + net::percent_encode(role)));
    co_return read_issued(keys, kInstance);
  }

 private:
  std::shared_ptr<InstanceMetadata> metadata_;
};

}  // namespace

base::Result<std::unique_ptr<CredentialsSource>> container_credentials(const Environment& environment,
                                                                       std::shared_ptr<net::HttpClient> http,
                                                                       ReadFile read_file) {
  std::string relative = setting(environment, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  std::string full = setting(environment, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (relative.empty() && full.empty()) return std::unique_ptr<CredentialsSource>();
  auto url = net::parse_url(relative.empty() ? full : "http://169.254.170.2" + relative);
  if (!url || !is_trusted(*url)) {
    return base::fail(base::ErrorKind::usage,
                      "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor an address of this machine",
                      "Unset it, or name a loopback address.");
  }
  return std::make_unique<ContainerCredentials>(
      std::move(*url), setting(environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN"),
      setting(environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"), std::move(http), std::move(read_file));
}

InstanceMetadata::InstanceMetadata(std::string endpoint, std::shared_ptr<net::HttpClient> http)
    : endpoint_(std::move(endpoint)), http_(std::move(http)) {
  while (endpoint_.ends_with('/')) endpoint_.pop_back();
}

awaitable<base::Result<net::Response>> InstanceMetadata::send(net::Request request) {
  CO_TRY(auto url, net::parse_url(endpoint_ + request.target));
  request.target = url.target;
  co_return co_await http_->send(url, std::move(request),
                                 {.connect_timeout = std::chrono::seconds(1), .timeout = std::chrono::seconds(1)});
}

awaitable<base::Result<std::string>> InstanceMetadata::get_token() {
  if (silence_) co_return base::fail(*silence_);
  net::Request request{.method = "PUT", .target = "/latest/api/token"};
  request.headers.set("X-aws-ec2-metadata-token-ttl-seconds", "21600");
  auto response = co_await send(std::move(request));
  if (!response) {
    silence_ = response.error();
    co_return base::fail(*silence_);
  }
  if (response->status != 200) {
    co_return base::fail({.kind = base::ErrorKind::service,
                          .message = fmt::format("{} gives no session token", kInstance),
                          .status = response->status});
  }
  co_return response->body;
}

awaitable<base::Result<std::string>> InstanceMetadata::get(std::string path) {
  CO_TRY(auto token, co_await get_token());
  net::Request request{.method = "GET", .target = "/latest/meta-data/" + path};
  request.headers.set("X-aws-ec2-metadata-token", token);
  CO_TRY(auto response, co_await send(std::move(request)));
  if (response.status != 200) {
    co_return base::fail({.kind = base::ErrorKind::service,
                          .message = fmt::format("{} has no {}", kInstance, path),
                          .status = response.status});
  }
  co_return response.body;
}

std::string instance_metadata_endpoint(const Environment& environment, const Environment& profile) {
  std::string disabled = setting(environment, "AWS_EC2_METADATA_DISABLED");
  if (net::same_name(disabled, "true")) return {};
  for (std::string endpoint :
       {setting(environment, "AWS_EC2_METADATA_SERVICE_ENDPOINT"), setting(profile, "ec2_metadata_service_endpoint")}) {
    if (!endpoint.empty()) return endpoint;
  }
  std::string mode = setting(environment, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
  if (mode.empty()) mode = setting(profile, "ec2_metadata_service_endpoint_mode");
  return net::same_name(mode, "IPv6") ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
}

std::unique_ptr<CredentialsSource> instance_credentials(std::shared_ptr<InstanceMetadata> metadata) {
  return std::make_unique<InstanceCredentials>(std::move(metadata));
}

}  // namespace aws

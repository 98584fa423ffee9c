#include "aws/sso_credentials.h"

#include <fmt/format.h>

#include "aws/cli_cache.h"
#include "aws/times.h"
#include "base/ids.h"
#include "codec/json.h"

namespace aws {
namespace {

namespace json = boost::json;

constexpr auto kRenewBefore = std::chrono::minutes(15);

class SsoCredentials final : public CredentialsSource {
 public:
  SsoCredentials(ClientConfig sso, SsoRole role, std::string cache, ReadFile read_file, WriteFile write_file)
      : sso_(std::move(sso)),
        role_(std::move(role)),
        file_(cache_file(cache, role_.session.empty() ? role_.start_url : role_.session)),
        read_file_(std::move(read_file)),
        write_file_(std::move(write_file)) {
    sso_.credentials = nullptr;
    sso_.region = role_.region;
  }

  awaitable<base::Result<IssuedCredentials>> fetch() override {
    CO_TRY(auto token, co_await find_token());
    CO_TRY(auto url, service_url(sso_, "portal.sso"));
    url.target = fmt::format("{}federation/credentials?role_name={}&account_id={}", folder_of(url),
                             net::percent_encode(role_.role_name), net::percent_encode(role_.account_id));
    net::Request request{.method = "GET", .target = url.target};
    request.headers.set("x-amz-sso_bearer_token", token);
    auto response = co_await call(sso_, url, std::move(request), "sso", {});
    if (!response) co_return base::fail(refusal(response.error()));
    co_return read_keys(response->body);
  }

 private:
  static std::string folder_of(const net::Url& url) {
    return url.target.ends_with('/') ? url.target : url.target + "/";
  }

  base::Error login_error(std::string message) const {
    return {.kind = base::ErrorKind::credentials,
            .message = std::move(message),
            .hint = fmt::format("Run `aws sso login --profile {}`, then this command again.", role_.profile)};
  }

  base::Error refusal(base::Error error) const {
    if (error.status == 401) return login_error("the SSO session of profile " + role_.profile + " has expired");
    error.message =
        fmt::format("SSO gives no keys of role {} in account {}: {}", role_.role_name, role_.account_id, error.message);
    if (error.kind == base::ErrorKind::service) error.kind = base::ErrorKind::credentials;
    return error;
  }

  // The cached token; a new one if it ends soon and can be renewed.
  awaitable<base::Result<std::string>> find_token() {
    auto text = read_file_(file_);
    auto cached = text ? codec::parse_json(*text) : base::Result<json::value>(json::value());
    std::string token = cached ? codec::find_string(*cached, "accessToken") : std::string();
    if (token.empty()) {
      co_return base::fail(login_error("profile " + role_.profile + " uses SSO, and nobody is logged in"));
    }
    auto now = sso_.clock->wall_now();
    auto expires = parse_iso_date(codec::find_string(*cached, "expiresAt"));
    if (expires && *expires > now + kRenewBefore) co_return token;
    if (!role_.session.empty() && can_renew(*cached)) {
      auto renewed = co_await renew(std::move(*cached));
      if (renewed) co_return *renewed;
    }
    if (expires && *expires > now) co_return token;
    co_return base::fail(login_error("the SSO session of profile " + role_.profile + " has expired"));
  }

  bool can_renew(const json::value& cached) const {
    auto registered = parse_iso_date(codec::find_string(cached, "registrationExpiresAt"));
    return !codec::find_string(cached, "refreshToken").empty() && !codec::find_string(cached, "clientId").empty() &&
           !codec::find_string(cached, "clientSecret").empty() && registered && *registered > sso_.clock->wall_now();
  }

  // CreateToken of SSO OIDC. The cache is shared with AWS's tools: what they keep there stays.
  awaitable<base::Result<std::string>> renew(json::value cached) {
    CO_TRY(auto url, service_url(sso_, "oidc"));
    url.target = folder_of(url) + "token";
    json::object body;
    body["clientId"] = codec::find_string(cached, "clientId");
    body["clientSecret"] = codec::find_string(cached, "clientSecret");
    body["grantType"] = "refresh_token";
    body["refreshToken"] = codec::find_string(cached, "refreshToken");
    net::Request request{.method = "POST", .target = url.target, .headers = {}, .body = codec::to_text(body)};
    request.headers.set("Content-Type", "application/json");
    CO_TRY(auto response, co_await call(sso_, url, std::move(request), "sso-oauth", {}));
    CO_TRY(auto answer, codec::parse_json(response.body));
    std::string token = codec::find_string(answer, "accessToken");
    const auto* seconds = codec::find(answer, "expiresIn");
    if (token.empty() || seconds == nullptr || !seconds->is_int64()) {
      co_return base::fail(base::ErrorKind::service, "SSO answered without a token");
    }
    json::object& kept = cached.get_object();
    kept["accessToken"] = token;
    kept["expiresAt"] = iso_date(sso_.clock->wall_now() + std::chrono::seconds(seconds->get_int64()));
    if (auto next = codec::find_string(answer, "refreshToken"); !next.empty()) kept["refreshToken"] = next;
    CO_TRY(write_file_(file_, codec::to_text(kept)));
    co_return token;
  }

  static base::Result<IssuedCredentials> read_keys(const std::string& body) {
    TRY(auto answer, codec::parse_json(body));
    IssuedCredentials issued{{codec::find_string(answer, "roleCredentials", "accessKeyId"),
                              codec::find_string(answer, "roleCredentials", "secretAccessKey"),
                              codec::find_string(answer, "roleCredentials", "sessionToken")}};
    if (const auto* at = codec::find(answer, "roleCredentials", "expiration"); at != nullptr && at->is_int64()) {
      issued.expires = base::from_epoch_ms(at->get_int64());
    }
    if (issued.keys.access_key_id.empty()) {
      return base::fail(base::ErrorKind::credentials, "SSO answered without credentials");
    }
    return issued;
  }

  ClientConfig sso_;
  SsoRole role_;
  std::string file_;
  ReadFile read_file_;
  WriteFile write_file_;
};

}  // namespace

std::unique_ptr<CredentialsSource> sso_credentials(ClientConfig sso, SsoRole role, std::string cache,
                                                   ReadFile read_file, WriteFile write_file) {
  return std::make_unique<SsoCredentials>(std::move(sso), std::move(role), std::move(cache), std::move(read_file),
                                          std::move(write_file));
}

}  // namespace aws

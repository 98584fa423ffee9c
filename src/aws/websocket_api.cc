#include "aws/websocket_api.h"

#include <fmt/format.h>

namespace aws {
namespace {

// The URL of the stage in its https or http form, with `path` appended to its path.
base::Result<net::Url> stage_url(std::string_view text, std::string_view path) {
  TRY(auto url, net::parse_url(text));
  url.scheme = url.secure() ? "https" : "http";
  if (url.target.ends_with('/')) url.target.pop_back();
  url.target += path;
  return url;
}

std::string connection_path(std::string_view connection_id) {
  return "/@connections/" + net::percent_encode(connection_id);
}

}  // namespace

awaitable<base::Result<std::unique_ptr<net::WebSocket>>> connect_signed(ClientConfig config, std::string url_text,
                                                                        std::shared_ptr<net::TlsContext> tls,
                                                                        std::chrono::milliseconds timeout) {
  CO_TRY(auto url, net::parse_url(url_text));
  CO_TRY(auto credentials, co_await config.credentials->get());
  net::Request upgrade{.method = "GET", .target = url.target};
  sign_headers(upgrade, url, {"execute-api", config.region}, credentials, signing_time(config));
  upgrade.headers.remove("Host");  // the handshake writes its own, the same
  co_return co_await net::connect_websocket(
      url, {.headers = upgrade.headers, .timeout = timeout, .proxies = config.proxies}, std::move(tls));
}

awaitable<base::Result<>> post_to_connection(ClientConfig config, std::string url_text, std::string connection_id,
                                             std::string data, CallOptions options) {
  CO_TRY(auto url, stage_url(url_text, connection_path(connection_id)));
  net::Request request{.method = "POST", .target = url.target, .headers = {}, .body = std::move(data)};
  options.attempts = 1;
  CO_TRY(co_await call(std::move(config), url, std::move(request), "execute-api", options));
  co_return base::Result<>();
}

awaitable<base::Result<>> delete_connection(ClientConfig config, std::string url_text, std::string connection_id) {
  CO_TRY(auto url, stage_url(url_text, connection_path(connection_id)));
  auto answer = co_await call(std::move(config), url, {.method = "DELETE", .target = url.target}, "execute-api", {});
  if (!answer && answer.error().status != 410) co_return base::fail(answer.error());
  co_return base::Result<>();
}

}  // namespace aws

#include "net/proxy.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

namespace net {
namespace {

namespace ip = boost::asio::ip;

std::string base64(const std::string& text) {
  std::string out(4 * ((text.size() + 2) / 3), '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(text.data()),
                  static_cast<int>(text.size()));
  return out;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return result;
}

std::optional<ip::address> address_of(std::string_view host) {
  boost::system::error_code error;
  auto address = ip::make_address(std::string(host), error);
  return error ? std::nullopt : std::optional(address);
}

bool in_network(const ip::address& address, const std::string& network) {
  boost::system::error_code error;
  if (address.is_v4()) {
    auto range = ip::make_network_v4(network, error);
    return !error && range.canonical() == ip::network_v4(address.to_v4(), range.prefix_length()).canonical();
  }
  auto range = ip::make_network_v6(network, error);
  return !error && range.canonical() == ip::network_v6(address.to_v6(), range.prefix_length()).canonical();
}

bool is_this_machine(const std::string& host) {
  auto address = address_of(host);
  return address ? address->is_loopback() : host == "localhost" || host.ends_with(".localhost");
}

bool excepts(const std::string& exception, const std::string& host, std::uint16_t port) {
  if (exception == "*") return true;
  if (auto address = address_of(host)) {
    auto other = address_of(exception);
    return in_network(*address, exception) || (other && *other == *address);
  }
  std::string name = exception.substr(
      exception.find_first_not_of('.') == std::string::npos ? exception.size() : exception.find_first_not_of('.'));
  if (name.starts_with("*.")) name.erase(0, 2);
  if (name.empty()) return false;
  auto matches = [&](const std::string& whole) { return whole == name || whole.ends_with("." + name); };
  return matches(host) || matches(fmt::format("{}:{}", host, port));
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    std::size_t begin = text.find_first_not_of(", \t");
    if (begin == std::string_view::npos) break;
    std::size_t end = std::min(text.find_first_of(", \t", begin), text.size());
    parts.push_back(lower(text.substr(begin, end - begin)));
    text.remove_prefix(end);
  }
  return parts;
}

// "http://user:password@proxy:3128", the scheme and the user left out or not.
std::optional<Proxy> parse_proxy(const std::string& variable, std::string text) {
  if (text.empty()) return std::nullopt;
  if (text.find("://") == std::string::npos) text.insert(0, "http://");
  std::size_t begin = text.find("://") + 3;
  std::size_t end = std::min(text.find_first_of("/?#", begin), text.size());
  std::size_t at = text.rfind('@', end);
  Proxy proxy;
  if (at != std::string::npos && at > begin) {
    proxy.authorization = "Basic " + base64(percent_decode(text.substr(begin, at - begin)));
    text.erase(begin, at + 1 - begin);
  }
  auto url = parse_url(text);
  if (!url || url->scheme != "http") {
    proxy.problem = base::Error{.kind = base::ErrorKind::usage,
                                .message = fmt::format("{} is not the URL of an HTTP proxy", variable),
                                .hint =
                                    "Write it as http://HOST:PORT. Proxies that are reached by TLS (https://) or "
                                    "SOCKS are not supported."};
    return proxy;
  }
  proxy.url = std::move(*url);
  return proxy;
}

}  // namespace

const Proxy* Proxies::proxy_of(const Url& url) const {
  const std::optional<Proxy>& proxy = url.secure() ? for_encrypted : for_plain;
  std::string host = lower(url.host);
  if (!proxy || is_this_machine(host)) return nullptr;
  bool excepted = std::ranges::any_of(exceptions, [&](const auto& other) { return excepts(other, host, url.port); });
  return excepted ? nullptr : &*proxy;
}

Proxies proxies_from_environment(const std::map<std::string, std::string>& environment) {
  auto read = [&](const char* small, const char* large) {
    for (const char* name : {small, large}) {
      if (auto found = environment.find(name); found != environment.end()) return std::pair(name, found->second);
    }
    return std::pair(large, std::string());
  };
  Proxies proxies;
  auto [plain, plain_url] = read("http_proxy", "HTTP_PROXY");
  proxies.for_plain = parse_proxy(plain, plain_url);
  auto [encrypted, encrypted_url] = read("https_proxy", "HTTPS_PROXY");
  proxies.for_encrypted = parse_proxy(encrypted, encrypted_url);
  proxies.exceptions = split_list(read("no_proxy", "NO_PROXY").second);
  return proxies;
}

}  // namespace net

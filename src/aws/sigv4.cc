#include "aws/sigv4.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "base/ids.h"

namespace aws {
namespace {

using Digest = std::array<std::uint8_t, 32>;

Digest sha256(std::string_view bytes) {
  Digest digest{};
  unsigned int length = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr);
  return digest;
}

Digest hmac(std::span<const std::uint8_t> key, std::string_view message) {
  Digest digest{};
  unsigned int length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const std::uint8_t*>(message.data()),
       message.size(), digest.data(), &length);
  return digest;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string normalize(std::string_view path) {
  std::vector<std::string_view> kept;
  std::vector<std::string_view> segments = split(path, '/');
  for (std::string_view segment : segments) {
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(segment);
    }
  }
  std::string result;
  for (std::string_view segment : kept) result += "/" + std::string(segment);
  bool ends_in_slash = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
  return result.empty() || ends_in_slash ? result + "/" : result;
}

std::string canonical_path(std::string_view wire_path, const SigningScope& scope, PathStyle style) {
  if (scope.service == "s3") return std::string(wire_path);
  std::string path = style == PathStyle::normalized ? normalize(wire_path) : std::string(wire_path);
  return net::percent_encode(path, true);
}

std::string canonical_query(std::string_view query) {
  if (query.empty()) return {};
  std::vector<std::pair<std::string, std::string>> parameters;
  for (std::string_view part : split(query, '&')) {
    if (part.empty()) continue;
    std::size_t equals = part.find('=');
    std::string_view value = equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1);
    parameters.emplace_back(net::percent_encode(net::percent_decode(part.substr(0, equals))),
                            net::percent_encode(net::percent_decode(value)));
  }
  std::sort(parameters.begin(), parameters.end());
  std::string canonical;
  for (const auto& [name, value] : parameters) {
    canonical += fmt::format("{}{}={}", canonical.empty() ? "" : "&", name, value);
  }
  return canonical;
}

// Leading and trailing white space goes, a run of it inside becomes one space.
std::string trimmed(std::string_view value) {
  std::string result;
  for (char c : value) {
    bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!space) {
      result += c;
    } else if (!result.empty() && result.back() != ' ') {
      result += ' ';
    }
  }
  if (result.ends_with(' ')) result.pop_back();
  return result;
}

bool is_signed_header(std::string_view name) {
  static constexpr std::string_view kUnsigned[] = {"authorization",     "connection", "user-agent",     "expect",
                                                   "transfer-encoding", "upgrade",    "x-amzn-trace-id"};
  return std::none_of(std::begin(kUnsigned), std::end(kUnsigned),
                      [&](std::string_view other) { return net::same_name(name, other); });
}

// Lower-case name → trimmed values, joined by commas in the order they came.
std::map<std::string, std::string> canonical_headers(const net::Headers& headers) {
  std::map<std::string, std::string> canonical;
  for (const auto& [name, value] : headers) {
    if (!is_signed_header(name)) continue;
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
    auto [at, fresh] = canonical.try_emplace(lower, trimmed(value));
    if (!fresh) at->second += "," + trimmed(value);
  }
  return canonical;
}

std::string signed_names(const std::map<std::string, std::string>& headers) {
  std::string names;
  for (const auto& [name, value] : headers) names += (names.empty() ? "" : ";") + name;
  return names;
}

std::string credential_scope(std::string_view date, const SigningScope& scope) {
  return fmt::format("{}/{}/{}/aws4_request", date.substr(0, 8), scope.region, scope.service);
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  return base::to_hex(sha256(bytes));
}

std::string signing_date(base::WallTime time) {
  return fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

Signature compute_signature(const net::Request& request, const SigningScope& scope, const Credentials& credentials,
                            std::string_view date, PathStyle path_style) {
  std::string_view target = request.target;
  std::size_t mark = target.find('?');
  std::string_view query = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  auto headers = canonical_headers(request.headers);
  std::string header_lines;
  for (const auto& [name, value] : headers) header_lines += fmt::format("{}:{}\n", name, value);
  auto content_hash = request.headers.get("x-amz-content-sha256");
  std::string payload_hash = content_hash ? std::string(*content_hash) : sha256_hex(request.body);

  Signature result;
  result.canonical_request =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, canonical_path(target.substr(0, mark), scope, path_style),
                  canonical_query(query), header_lines, signed_names(headers), payload_hash);
  std::string scope_text = credential_scope(date, scope);
  result.string_to_sign =
      fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", date, scope_text, sha256_hex(result.canonical_request));

  std::string secret = "AWS4" + credentials.secret_access_key;
  Digest key = hmac({reinterpret_cast<const std::uint8_t*>(secret.data()), secret.size()}, date.substr(0, 8));
  key = hmac(key, scope.region);
  key = hmac(key, scope.service);
  key = hmac(key, "aws4_request");
  result.signature = base::to_hex(hmac(key, result.string_to_sign));
  result.authorization = fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                                     credentials.access_key_id, scope_text, signed_names(headers), result.signature);
  return result;
}

void sign_headers(net::Request& request, const net::Url& url, const SigningScope& scope, const Credentials& credentials,
                  base::WallTime now) {
  std::string date = signing_date(now);
  request.headers.set("Host", url.authority());
  request.headers.set("X-Amz-Date", date);
  if (!credentials.session_token.empty()) request.headers.set("X-Amz-Security-Token", credentials.session_token);
  if (scope.service == "s3") request.headers.set("X-Amz-Content-Sha256", sha256_hex(request.body));
  request.headers.set("Authorization", compute_signature(request, scope, credentials, date).authorization);
}

Signature presign(net::Request& request, const SigningScope& scope, const Credentials& credentials,
                  std::string_view date, std::chrono::seconds expires, PathStyle path_style) {
  request.target += fmt::format(
      "{}X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}&X-Amz-Date={}&X-Amz-SignedHeaders={}&X-Amz-Expires={}",
      request.target.find('?') == std::string::npos ? "?" : "&",
      net::percent_encode(credentials.access_key_id + "/" + credential_scope(date, scope)), date,
      net::percent_encode(signed_names(canonical_headers(request.headers))), expires.count());
  if (!credentials.session_token.empty()) {
    request.target += "&X-Amz-Security-Token=" + net::percent_encode(credentials.session_token);
  }
  Signature result = compute_signature(request, scope, credentials, date, path_style);
  request.target += "&X-Amz-Signature=" + result.signature;
  return result;
}

}  // namespace aws

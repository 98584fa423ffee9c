#include "localcloud/iam/signature.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <ctime>
#include <optional>
#include <span>

#include "base/ids.h"
#include "codec/bytes.h"
#include "localcloud/http_text.h"
#include "localcloud/service.h"
#include "net/url.h"

namespace localcloud {

namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    auto end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string hmac(std::string_view key, std::string_view data) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), codec::as_bytes(data).data(), data.size(), digest.data(),
       &size);
  return std::string(codec::as_text(std::span(digest.data(), size)));
}

// A query as it is on the wire: decoded names and values. Unlike in forms, '+' is itself.
std::vector<std::pair<std::string, std::string>> wire_query(std::string_view target) {
  std::vector<std::pair<std::string, std::string>> fields;
  auto question = target.find('?');
  if (question == std::string_view::npos) return fields;
  for (const auto& pair : split(target.substr(question + 1), '&')) {
    if (pair.empty()) continue;
    auto equals = pair.find('=');
    auto value = equals == std::string::npos ? std::string() : pair.substr(equals + 1);
    fields.emplace_back(net::percent_decode(pair.substr(0, equals)), net::percent_decode(value));
  }
  return fields;
}

std::optional<std::string> query_value(const net::Request& request, std::string_view name) {
  for (auto& [key, value] : wire_query(request.target)) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::string normalized(std::string_view path) {
  std::vector<std::string> kept;
  auto segments = split(path, '/');
  for (const auto& segment : segments) {
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(segment);
    }
  }
  std::string out;
  for (const auto& segment : kept) out += "/" + segment;
  return out.empty() || segments.back().empty() ? out + "/" : out;
}

std::string canonical_path(std::string_view target, const SignatureRules& rules) {
  std::string path(target.substr(0, target.find('?')));
  if (path.empty()) path = "/";
  if (rules.s3_path) return net::percent_encode(net::percent_decode(path), true);
  if (rules.normalize_path) path = normalized(path);
  return net::percent_encode(path, true);
}

std::string canonical_query(const net::Request& request, const ClaimedSignature& claimed, const SignatureRules& rules) {
  std::vector<std::pair<std::string, std::string>> encoded;
  for (const auto& [name, value] : wire_query(request.target)) {
    if (claimed.in_query && name == "X-Amz-Signature") continue;
    if (claimed.in_query && rules.token_unsigned && name == "X-Amz-Security-Token") continue;
    encoded.emplace_back(net::percent_encode(name), net::percent_encode(value));
  }
  std::sort(encoded.begin(), encoded.end());
  std::string out;
  for (const auto& [name, value] : encoded) out += fmt::format("{}{}={}", out.empty() ? "" : "&", name, value);
  return out;
}

// Every value of a header, trimmed, runs of spaces as one, joined by commas.
std::string header_value(const net::Request& request, std::string_view host, std::string_view name) {
  if (name == "host") return std::string(host);
  std::string joined;
  bool first = true;
  for (const auto& [field_name, value] : request.headers) {
    if (!net::same_name(field_name, name)) continue;
    if (!first) joined += ',';
    first = false;
    bool space = false;
    for (char c : trim(value)) {
      bool is_space = c == ' ' || c == '\t';
      if (!is_space || !space) joined += is_space ? ' ' : c;
      space = is_space;
    }
  }
  return joined;
}

std::optional<base::WallTime> parse_time(std::string_view text) {
  std::tm parts{};
  std::string copy(text);
  const char* end = strptime(copy.c_str(), "%Y%m%dT%H%M%SZ", &parts);
  if (end == nullptr || *end != '\0' || copy.size() != 16) return std::nullopt;
  constexpr int kFirstYear = 1970 - 1900, kLastYear = 2261 - 1900;  // of std::tm; a WallTime ends in 2262
  if (parts.tm_year < kFirstYear || parts.tm_year > kLastYear) return std::nullopt;
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

tl::unexpected<base::Error> incomplete(std::string message) {
  return aws_error(400, "IncompleteSignature", std::move(message));
}

base::Result<> take_credential(ClaimedSignature& claimed, std::string_view credential) {
  auto parts = split(credential, '/');
  // An access key id has no '/', so the scope is always the last four.
  if (parts.size() != 5 || parts[4] != "aws4_request" || parts[0].empty()) {
    return incomplete(
        fmt::format("Credential must have exactly 5 slash-delimited elements, e.g. "
                    "keyid/date/region/service/term, got '{}'",
                    credential));
  }
  claimed.access_key_id = parts[0];
  claimed.date = parts[1];
  claimed.region = parts[2];
  claimed.service = parts[3];
  return {};
}

base::Result<ClaimedSignature> parse_header(const net::Request& request, std::string_view authorization) {
  ClaimedSignature claimed;
  auto space = authorization.find(' ');
  if (authorization.substr(0, space) != kAlgorithm) {
    return incomplete(fmt::format("Unsupported AWS 'algorithm': '{}'", authorization.substr(0, space)));
  }
  std::string credential;
  if (space != std::string_view::npos) {
    for (const auto& part : split(authorization.substr(space + 1), ',')) {
      auto text = trim(part);
      auto equals = text.find('=');
      if (equals == std::string_view::npos) return incomplete("Authorization header has a part without '='.");
      auto name = text.substr(0, equals);
      auto value = text.substr(equals + 1);
      if (name == "Credential") credential = value;
      if (name == "SignedHeaders") claimed.signed_headers = split(value, ';');
      if (name == "Signature") claimed.signature = value;
    }
  }
  if (credential.empty()) return incomplete("Authorization header requires 'Credential' parameter.");
  if (claimed.signature.empty()) return incomplete("Authorization header requires 'Signature' parameter.");
  if (claimed.signed_headers.empty()) return incomplete("Authorization header requires 'SignedHeaders' parameter.");
  TRY(take_credential(claimed, credential));
  claimed.time = request.headers.get_or("X-Amz-Date", "");
  if (claimed.time.empty()) {
    return incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
  }
  claimed.session_token = request.headers.get_or("X-Amz-Security-Token", "");
  return claimed;
}

base::Result<ClaimedSignature> parse_query(const net::Request& request) {
  ClaimedSignature claimed;
  claimed.in_query = true;
  auto need = [&](std::string_view name) { return query_value(request, name).value_or(""); };
  for (auto name : {"X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature"}) {
    if (need(name).empty()) {
      return incomplete(
          fmt::format("AWS query-string parameters must include '{}'. Re-examine the query-string parameters.", name));
    }
  }
  TRY(take_credential(claimed, need("X-Amz-Credential")));
  claimed.time = need("X-Amz-Date");
  claimed.signed_headers = split(need("X-Amz-SignedHeaders"), ';');
  claimed.signature = need("X-Amz-Signature");
  claimed.session_token = need("X-Amz-Security-Token");
  auto expires = need("X-Amz-Expires");
  long seconds = 0;
  auto [end, error] = std::from_chars(expires.data(), expires.data() + expires.size(), seconds);
  constexpr long kWeek = 604'800;
  if (error != std::errc() || end != expires.data() + expires.size() || seconds < 1 || seconds > kWeek) {
    return aws_error(400, "AuthorizationQueryParametersError", "X-Amz-Expires must be between 1 and 604800 seconds");
  }
  claimed.expires = std::chrono::seconds(seconds);
  return claimed;
}

base::Result<> check_time(const ClaimedSignature& claimed, base::WallTime now) {
  auto time = parse_time(claimed.time);
  if (!time) return incomplete(fmt::format("Date must be in ISO-8601 'basic format'. Got '{}'.", claimed.time));
  if (claimed.time.substr(0, 8) != claimed.date) {
    return aws_error(403, "SignatureDoesNotMatch",
                     fmt::format("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
                                 "HTTP: '{}' != '{}'.",
                                 claimed.date, claimed.time.substr(0, 8)));
  }
  constexpr auto kSkew = std::chrono::minutes(5);
  if (*time > now + kSkew) {
    return aws_error(403, "SignatureDoesNotMatch",
                     fmt::format("Signature not yet current: {} is still later than the server's time", claimed.time));
  }
  if (claimed.in_query) {
    if (now > *time + claimed.expires) return aws_error(403, "RequestExpired", "Request has expired.");
  } else if (*time < now - kSkew) {
    return aws_error(
        403, "SignatureDoesNotMatch",
        fmt::format("Signature expired: {} is now earlier than the server's time less 5 min.", claimed.time));
  }
  return {};
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return base::to_hex(std::span(digest.data(), size));
}

base::Result<ClaimedSignature> parse_signature(const net::Request& request) {
  if (auto authorization = request.headers.get("Authorization")) {
    if (authorization->starts_with("AWS4-")) return parse_header(request, *authorization);
  } else if (auto algorithm = query_value(request, "X-Amz-Algorithm")) {
    if (*algorithm != kAlgorithm) return incomplete(fmt::format("Unsupported AWS 'algorithm': '{}'", *algorithm));
    return parse_query(request);
  }
  // Version 2, which S3 alone once knew and which some clients still make presigned URLs with.
  if (query_value(request, "AWSAccessKeyId") || request.headers.get_or("Authorization", "").starts_with("AWS ")) {
    return aws_error(400, "InvalidRequest",
                     "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.");
  }
  return aws_error(403, "MissingAuthenticationToken", "Missing Authentication Token");
}

std::string canonical_request(const net::Request& request, std::string_view host, const ClaimedSignature& claimed,
                              std::string_view payload_hash, const SignatureRules& rules) {
  std::string headers;
  std::string names;
  for (const auto& name : claimed.signed_headers) {
    headers += fmt::format("{}:{}\n", name, header_value(request, host, name));
    names += (names.empty() ? "" : ";") + name;
  }
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, canonical_path(request.target, rules),
                     canonical_query(request, claimed, rules), headers, names, payload_hash);
}

std::string string_to_sign(const ClaimedSignature& claimed, std::string_view canonical) {
  return fmt::format("{}\n{}\n{}/{}/{}/aws4_request\n{}", kAlgorithm, claimed.time, claimed.date, claimed.region,
                     claimed.service, sha256_hex(canonical));
}

std::string compute_signature(std::string_view secret, const ClaimedSignature& claimed, std::string_view to_sign) {
  auto key = hmac(fmt::format("AWS4{}", secret), claimed.date);
  key = hmac(hmac(hmac(key, claimed.region), claimed.service), "aws4_request");
  return base::to_hex(codec::as_bytes(hmac(key, to_sign)));
}

base::Result<> verify_signature(const net::Request& request, std::string_view host, const ClaimedSignature& claimed,
                                std::string_view secret, std::string_view payload_hash, const SignatureRules& rules,
                                base::WallTime now) {
  TRY(check_time(claimed, now));
  const auto& names = claimed.signed_headers;
  if (std::find(names.begin(), names.end(), "host") == names.end()) {
    return aws_error(403, "SignatureDoesNotMatch",
                     "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  }
  for (const auto& name : names) {
    if (name != lower_case(name))
      return aws_error(403, "SignatureDoesNotMatch", "SignedHeaders must be in lower case.");
    if (name != "host" && !request.headers.has(name)) {
      return aws_error(403, "SignatureDoesNotMatch",
                       fmt::format("The signed header '{}' is not in the request.", name));
    }
  }
  auto canonical = canonical_request(request, host, claimed, payload_hash, rules);
  auto expected = compute_signature(secret, claimed, string_to_sign(claimed, canonical));
  if (expected.size() != claimed.signature.size() ||
      CRYPTO_memcmp(expected.data(), claimed.signature.data(), expected.size()) != 0) {
    return aws_error(403, "SignatureDoesNotMatch",
                     "The request signature we calculated does not match the signature you provided. Check your AWS "
                     "Secret Access Key and signing method. Consult the service documentation for details.");
  }
  return {};
}

}  // namespace localcloud

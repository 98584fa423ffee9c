// check_signature() of iam.h: the rules of a service around the pure verifier of signature.h.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>

#include "localcloud/iam/iam.h"
#include "localcloud/iam/signature.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

constexpr std::string_view kUnsigned = "UNSIGNED-PAYLOAD";
constexpr std::string_view kStreamingUnsigned = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

// What a service calls an error that others name differently, and its status.
base::Error in_words_of(std::string_view service, base::Error error) {
  static const std::set<std::string_view> kJson{"dynamodb", "logs",       "ssm",        "events",
                                                "lambda",   "apigateway", "execute-api"};
  if (service == "s3") {
    if (error.code == "InvalidClientTokenId") {
      error.code = "InvalidAccessKeyId";
      error.message = "The AWS Access Key Id you provided does not exist in our records.";
    } else if (error.code == "ExpiredToken") {
      error.status = 400;
    } else if (error.code == "RequestExpired") {
      error.code = "AccessDenied";
    }
    return error;
  }
  if (!kJson.contains(service)) return error;
  if (error.code == "SignatureDoesNotMatch" || error.code == "RequestExpired") error.code = "InvalidSignatureException";
  if (error.code == "InvalidClientTokenId") error.code = "UnrecognizedClientException";
  if (error.code == "ExpiredToken") error.code = "ExpiredTokenException";
  if (error.code == "IncompleteSignature") error.code = "IncompleteSignatureException";
  // JSON 1.0/1.1 services say 400 where the REST ones say 403.
  if (service == "dynamodb" || service == "logs" || service == "ssm" || service == "events") error.status = 400;
  return error;
}

// The last line of the canonical request, after it was held against the body.
base::Result<std::string> payload_hash(const net::Request& request, const ClaimedSignature& claimed) {
  auto header = request.headers.get("X-Amz-Content-Sha256");
  bool s3 = claimed.service == "s3";
  const auto& names = claimed.signed_headers;
  bool header_signed = std::find(names.begin(), names.end(), "x-amz-content-sha256") != names.end();
  if (s3 && claimed.in_query && !header_signed) return std::string(kUnsigned);
  if (!header) return sha256_hex(request.body);
  if (*header == kUnsigned || *header == kStreamingUnsigned) {
    if (s3) return std::string(*header);
    return aws_error(403, "SignatureDoesNotMatch", "An unsigned payload is accepted by s3 alone.");
  }
  if (header->starts_with("STREAMING-")) {
    return base::fail(not_implemented("s3", fmt::format("the payload signature {}", *header)));
  }
  auto hash = sha256_hex(request.body);
  if (*header != hash) {
    return aws_error(400, s3 ? "XAmzContentSHA256Mismatch" : "SignatureDoesNotMatch",
                     "The provided 'x-amz-content-sha256' header does not match what was computed.");
  }
  return hash;
}

base::Result<VerifiedCaller> verify(const Iam& iam, const net::Request& request, std::string_view host,
                                    const ClaimedSignature& claimed) {
  TRY(auto owner, iam.find_key(claimed.access_key_id, claimed.session_token));
  TRY(auto hash, payload_hash(request, claimed));
  bool s3 = claimed.service == "s3";
  SignatureRules rules{.s3_path = s3, .normalize_path = !s3, .token_unsigned = false};
  TRY(verify_signature(request, host, claimed, owner.second.secret_access_key, hash, rules,
                       std::chrono::system_clock::now()));
  return VerifiedCaller{.principal = owner.first, .service = claimed.service, .region = claimed.region};
}

}  // namespace

base::Result<VerifiedCaller> check_signature(const Iam& iam, const net::Request& request, std::string_view host) {
  TRY(auto claimed, parse_signature(request));
  auto verified = verify(iam, request, host, claimed);
  if (!verified) return base::fail(in_words_of(claimed.service, std::move(verified).error()));
  return verified;
}

}  // namespace localcloud

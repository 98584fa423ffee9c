// AWS Signature Version 4, the verifying side, as pure functions over a request as it came over the wire. Written after
// "Create a signed AWS API request" (IAM user guide); shares no code with aws/, on purpose.
//
// parse_signature() finds what a request claims; verify_signature() computes the signature anew and compares. Who the
// key belongs to, and what the payload's hash must be for which service, is decided by check_signature() (iam.h,
// check_signature.cc).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/http.h"

namespace localcloud {

struct ClaimedSignature {
  bool in_query = false;
  std::string access_key_id;
  std::string date;  // of the scope, "20260102"
  std::string region;
  std::string service;
  std::string time;                         // "20260102T030405Z"
  std::vector<std::string> signed_headers;  // lower case, sorted as the client sent them
  std::string session_token = {};
  std::chrono::seconds expires{0};  // in_query only
  std::string signature = {};       // lower-case hexadecimal
};

struct SignatureRules {
  // s3 signs the path as it is on the wire; every other service encodes each segment of the wire's path once more.
  bool s3_path = false;
  // Dot segments and double slashes are resolved before that. Never for s3.
  bool normalize_path = true;
  // The token was added to the query after signing (some services ask for that).
  bool token_unsigned = false;
};

// Errors: MissingAuthenticationToken 403 if the request is not signed at all; InvalidRequest 400 for version 2;
// IncompleteSignature 400 that says what is missing.
base::Result<ClaimedSignature> parse_signature(const net::Request& request);

// `payload_hash`: what stands in the last line of the canonical request. `host`: the Host header's value.
std::string canonical_request(const net::Request& request, std::string_view host, const ClaimedSignature& claimed,
                              std::string_view payload_hash, const SignatureRules& rules);
std::string string_to_sign(const ClaimedSignature& claimed, std::string_view canonical);
std::string compute_signature(std::string_view secret, const ClaimedSignature& claimed, std::string_view to_sign);

// Errors: SignatureDoesNotMatch 403, for a signature that is wrong, too old (RequestExpired for a presigned one) or of
// the future. The date may differ from `now` by 5 minutes; a presigned request is good for `expires` from its date.
base::Result<> verify_signature(const net::Request& request, std::string_view host, const ClaimedSignature& claimed,
                                std::string_view secret, std::string_view payload_hash, const SignatureRules& rules,
                                base::WallTime now);

std::string sha256_hex(std::string_view bytes);

}  // namespace localcloud

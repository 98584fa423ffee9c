// AWS Signature Version 4 (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html), pure: a
// request, a date and credentials in; headers or a query out. Held to the 38 published vectors, header and query.
//
// The canonical path is the wire path with each segment URI-encoded once more (aws-facts §1: `/@connections/x%3D` signs as
// `/%40connections/x%253D`); for s3 it is the wire path itself.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "net/http.h"
#include "net/url.h"

namespace aws {

struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token = {};
};

struct SigningScope {
  std::string service;  // "execute-api", "dynamodb", "s3", …
  std::string region;
};

// Sets Host (to the url's authority), X-Amz-Date, X-Amz-Security-Token and Authorization; every header the request already has is
// signed too, but for those that connections change (Connection, User-Agent, …). The body is hashed; for s3 X-Amz-Content-Sha256 is added.
void sign_headers(net::Request& request, const net::Url& url, const SigningScope& scope, const Credentials& credentials,
                  base::WallTime now);

struct SigningOptions {
  bool normalize_path = false;  // resolve "." and ".." and "//" first, as generic services do
  bool content_header = false;  // add X-Amz-Content-Sha256
};

// What was signed, step by step: for the vectors.
struct Signature {
  std::string canonical_request;
  std::string string_to_sign;
  std::string signature;  // lower-case hex
  std::string authorization;
};
// The signature of a request whose headers are complete (Host, X-Amz-Date, …). `date` is "20150830T123600Z".
Signature compute_signature(const net::Request& request, const SigningScope& scope, const Credentials& credentials,
                            std::string_view date, const SigningOptions& options);

// A presigned target (path and query) for a GET or PUT, Host alone signed; the session token is part of the signed query.
std::string presign_target(std::string_view method, const net::Url& url, const SigningScope& scope,
                           const Credentials& credentials, base::WallTime now, std::chrono::seconds expires);

// Lower-case hex of SHA-256.
std::string sha256_hex(std::string_view bytes);

}  // namespace aws

// AWS Signature Version 4 (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html),
// pure: a request, a date and credentials in; headers or a query out. Held to the 38 published vectors, header and
// query.
//
// The canonical path is the wire path with each segment URI-encoded once more (aws-facts §1: `/@connections/x%3D` signs
// as
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

// Sets Host (to the url's authority), X-Amz-Date, X-Amz-Security-Token and Authorization; every header the request
// already has is signed too, but for those that connections change (Connection, User-Agent, …). The body is hashed; for
// s3 X-Amz-Content-Sha256 is added.
void sign_headers(net::Request& request, const net::Url& url, const SigningScope& scope, const Credentials& credentials,
                  base::WallTime now);

enum class PathStyle {
  as_sent,
  normalized
};  // normalized: "." and ".." and "//" are resolved first, as generic services do

// What was signed, step by step: for the vectors.
struct Signature {
  std::string canonical_request;
  std::string string_to_sign;
  std::string signature;  // lower-case hex
  std::string authorization;
};
// The signature of a request whose headers (Host, X-Amz-Date, …) or query are complete. `date` is "20150830T123600Z".
// The payload's hash is the X-Amz-Content-Sha256 header if there is one, else the body's.
Signature compute_signature(const net::Request& request, const SigningScope& scope, const Credentials& credentials,
                            std::string_view date, PathStyle path_style = PathStyle::as_sent);

// The same in the query: X-Amz-Algorithm … X-Amz-Signature are appended to request.target, every header is signed, and
// the session token is part of the signed query.
Signature presign(net::Request& request, const SigningScope& scope, const Credentials& credentials,
                  std::string_view date, std::chrono::seconds expires, PathStyle path_style = PathStyle::as_sent);

// "20150830T123600Z".
std::string signing_date(base::WallTime time);

// Lower-case hex of SHA-256.
std::string sha256_hex(std::string_view bytes);

}  // namespace aws

// Function URLs: their configuration as a value, and what its CORS says. How a request to one is served is in
// url_gateway.cc.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "localcloud/cloud.h"
#include "net/http.h"

namespace localcloud {

namespace json = boost::json;

struct UrlCors {
  bool credentials = false;
  std::vector<std::string> headers, methods, origins, exposed;
  std::optional<int> max_age;
};

struct FunctionUrl {
  std::string id;       // 32 lower-case letters and digits
  bool iam = true;      // AuthType AWS_IAM, else NONE
  bool stream = false;  // InvokeMode RESPONSE_STREAM, else BUFFERED
  std::optional<UrlCors> cors;
  base::WallTime created{};
  base::WallTime modified{};
};

// Reads AuthType, Cors and InvokeMode over `url`. Errors: ValidationException in AWS's wording.
base::Result<> apply_url_input(FunctionUrl& url, const json::object& input);

std::string fresh_url_id();

// Where it answers on this machine:
// "http://127.0.0.1:4571/_aws/lambda-url/{id}/".
std::string address_of(const Cloud& cloud, const FunctionUrl& url);

// FunctionUrlConfig of the API.
json::object url_answer(const Cloud& cloud, const FunctionUrl& url, std::string_view function_arn);

// The answer to a preflight request; nullopt if the request is none. Without CORS functions get OPTIONS as any other.
std::optional<net::Response> url_preflight(const FunctionUrl& url, const net::Request& request);
// What CORS adds to an answer, in place of the function's own Access-Control headers.
void add_url_cors(const FunctionUrl& url, const net::Request& request, net::Headers& headers);

}  // namespace localcloud

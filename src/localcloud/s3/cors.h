// Which pages of other origins a bucket answers ("Using cross-origin resource sharing", S3 user guide). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "localcloud/s3/xml_tree.h"
#include "net/http.h"

namespace localcloud {

struct CorsRule {
  std::vector<std::string> origins;
  std::vector<std::string> methods;
  std::vector<std::string> headers;
  std::vector<std::string> exposed;
  std::string max_age;
};

// Errors: MalformedXML, InvalidRequest 400.
base::Result<std::vector<CorsRule>> parse_cors(const XmlNode& configuration);

// The headers that an answer to a request of that origin and method has; nullopt if no rule fits. `wanted_headers`: of
// a preflight, else empty.
std::optional<net::Headers> cors_headers(const std::vector<CorsRule>& rules, std::string_view origin,
                                         std::string_view method, std::string_view wanted_headers, bool preflight);

}  // namespace localcloud

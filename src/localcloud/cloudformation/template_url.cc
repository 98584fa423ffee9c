#include "localcloud/cloudformation/template_url.h"

#include <fmt/format.h>

#include "localcloud/cloudformation/template.h"
#include "localcloud/iam/iam.h"
#include "localcloud/s3/s3.h"
#include "net/url.h"

namespace localcloud {
namespace {

// "s3.us-east-1.amazonaws.com", "s3.amazonaws.com", "s3-us-east-1.amazonaws.com"
bool is_s3_host(std::string_view host) {
  return host.ends_with(".amazonaws.com") && (host.starts_with("s3.") || host.starts_with("s3-"));
}

base::Result<std::string> fetch(const Cloud& cloud, const Principal& caller, std::string_view bucket,
                                std::string_view key) {
  if (cloud.iam != nullptr) {
    const auto allowed = cloud.iam->authorize(caller, "s3:GetObject", fmt::format("arn:aws:s3:::{}/{}", bucket, key));
    if (!allowed) return validation_error("S3 error: Access Denied");
  }
  auto text = cloud.s3->get(bucket, key);
  if (!text) return validation_error(fmt::format("S3 error: {}", text.error().message));
  if (text->size() > kMaxTemplateUrl) {
    return validation_error(fmt::format("Template may not exceed {} bytes in size.", kMaxTemplateUrl));
  }
  return std::move(*text);
}

}  // namespace

base::Result<std::pair<std::string, std::string>> s3_location(std::string_view url, std::string_view endpoint) {
  const auto unsupported = [] { return validation_error("TemplateURL must be a supported URL."); };
  const auto parsed = net::parse_url(url);
  if (!parsed) return unsupported();
  const auto local = net::parse_url(endpoint);
  const bool is_local = (local && parsed->authority() == local->authority()) || parsed->host == "127.0.0.1" ||
                        parsed->host == "localhost";
  auto path = net::percent_decode(parsed->path());
  if (path.starts_with('/')) path.erase(0, 1);
  if (is_local || is_s3_host(parsed->host)) {
    const auto slash = path.find('/');
    if (slash == std::string::npos || slash == 0 || slash + 1 == path.size()) return unsupported();
    return std::pair(path.substr(0, slash), path.substr(slash + 1));
  }
  for (auto dot = parsed->host.find(".s3"); dot != std::string::npos; dot = parsed->host.find(".s3", dot + 1)) {
    const auto rest = std::string_view(parsed->host).substr(dot + 1);
    if (!is_s3_host(rest) && !rest.ends_with("localhost")) continue;
    if (dot == 0 || path.empty()) return unsupported();
    return std::pair(parsed->host.substr(0, dot), path);
  }
  return unsupported();
}

base::Result<std::string> fetch_template(const Cloud& cloud, const Principal& caller, std::string_view url) {
  TRY(const auto location, s3_location(url, cloud.endpoint));
  return fetch(cloud, caller, location.first, location.second);
}

base::Result<std::string> fetch_s3_uri(const Cloud& cloud, const Principal& caller, std::string_view uri) {
  constexpr std::string_view kScheme = "s3://";
  const auto rest = uri.starts_with(kScheme) ? uri.substr(kScheme.size()) : std::string_view();
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == rest.size())
    return validation_error("The location parameter is not a valid S3 uri.");
  return fetch(cloud, caller, rest.substr(0, slash), rest.substr(slash + 1));
}

}  // namespace localcloud

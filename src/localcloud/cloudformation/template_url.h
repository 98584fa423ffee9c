// TemplateURL: a template that lies in a bucket of the local account.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "localcloud/cloud.h"
#include "localcloud/identity.h"

namespace localcloud {

// {bucket, key} of an S3 address: path style of the local endpoint or of AWS, or the bucket in the host name.
// Errors: ValidationError, "TemplateURL must be a supported URL."
base::Result<std::pair<std::string, std::string>> s3_location(std::string_view url, std::string_view endpoint);

// Read with the caller's own right to it. Errors: "S3 error: …", too large.
base::Result<std::string> fetch_template(const Cloud& cloud, const Principal& caller, std::string_view url);

// The same of "s3://bucket/key".
base::Result<std::string> fetch_s3_uri(const Cloud& cloud, const Principal& caller, std::string_view uri);

}  // namespace localcloud

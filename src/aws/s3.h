// S3, as far as packages and templates need it. Path style where an endpoint is given, host style on AWS.
#pragma once

#include "aws/client.h"

namespace aws {

class S3 {
 public:
  virtual ~S3() = default;
  virtual awaitable<base::Result<>> put_object(std::string bucket, std::string key, std::string body) = 0;
  virtual awaitable<base::Result<bool>> object_exists(std::string bucket, std::string key) = 0;
  // The https URL by which CloudFormation reads a template (TemplateURL).
  virtual std::string object_url(std::string bucket, std::string key) const = 0;
};

std::unique_ptr<S3> make_s3(ClientConfig config);

}  // namespace aws

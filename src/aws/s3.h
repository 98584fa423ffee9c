// S3, as far as packages and templates, and the end of their bucket, need it. Path style where an endpoint is given,
// host style on AWS.
#pragma once

#include <string>
#include <vector>

#include "aws/client.h"

namespace aws {

// A version of an object, or a marker that one was deleted.
struct ObjectVersion {
  std::string key;
  std::string version_id;  // "null" where the bucket was never versioned
};

class S3 {
 public:
  virtual ~S3() = default;
  virtual awaitable<base::Result<>> put_object(std::string bucket, std::string key, std::string body) = 0;
  virtual awaitable<base::Result<bool>> object_exists(std::string bucket, std::string key) = 0;
  // The first 1,000 at most, with markers. Empty too if there is no such bucket.
  virtual awaitable<base::Result<std::vector<ObjectVersion>>> list_versions(std::string bucket) = 0;
  // At most 1,000. The first object that could not be deleted is an error.
  virtual awaitable<base::Result<>> delete_versions(std::string bucket, std::vector<ObjectVersion> versions) = 0;
  // The https URL by which CloudFormation reads a template (TemplateURL).
  virtual std::string object_url(std::string bucket, std::string key) const = 0;
};

// Where a bucket is: its own host, or a path where an endpoint is given or the name has dots, which certificates do not
// cover. Errors: usage (FIPS in China).
base::Result<net::Url> bucket_url(const ClientConfig& config, std::string_view bucket);

std::unique_ptr<S3> make_s3(ClientConfig config);

}  // namespace aws

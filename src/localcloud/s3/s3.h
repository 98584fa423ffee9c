// S3: buckets and objects, in memory; path style and virtual-host style.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "localcloud/cloud.h"
#include "localcloud/resource_type.h"
#include "localcloud/service.h"

namespace localcloud {

class S3 : public Service {
 public:
  // For services that read packages and templates. Errors: NoSuchBucket, NoSuchKey 404.
  virtual base::Result<std::string> get(std::string_view bucket, std::string_view key) const = 0;
  // Is a request without a signature for one of the buckets? Whether it may is decided by handle(), for a caller
  // without a name.
  virtual bool owns(const net::Request& request) const = 0;
  virtual ResourceTypes resource_types() = 0;
};

std::unique_ptr<S3> make_s3(Cloud& cloud);

}  // namespace localcloud

// A bucket in memory.
#pragma once

#include <map>
#include <string>

#include "aws/s3.h"

namespace deploy::testing {

class FakeS3 final : public aws::S3 {
 public:
  aws::awaitable<base::Result<>> put_object(std::string bucket, std::string key, std::string body) override;
  aws::awaitable<base::Result<bool>> object_exists(std::string bucket, std::string key) override;
  std::string object_url(std::string bucket, std::string key) const override;

  std::map<std::string, std::string> objects;  // "bucket/key" → body
  int puts = 0;
};

}  // namespace deploy::testing

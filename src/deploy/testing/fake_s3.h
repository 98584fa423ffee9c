// A bucket in memory.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "aws/s3.h"

namespace deploy::testing {

class FakeS3 final : public aws::S3 {
 public:
  aws::awaitable<base::Result<>> put_object(std::string bucket, std::string key, std::string body) override;
  aws::awaitable<base::Result<bool>> object_exists(std::string bucket, std::string key) override;
  aws::awaitable<base::Result<std::vector<aws::ObjectVersion>>> list_versions(std::string bucket) override;
  aws::awaitable<base::Result<>> delete_versions(std::string bucket, std::vector<aws::ObjectVersion> versions) override;
  std::string object_url(std::string bucket, std::string key) const override;

  std::map<std::string, std::string> objects;  // "bucket/key" → body
  int puts = 0;
  std::size_t page = 1000;               // of list_versions
  std::optional<base::Error> put_error;  // of put_object
};

}  // namespace deploy::testing

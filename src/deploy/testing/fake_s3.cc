#include "deploy/testing/fake_s3.h"

namespace deploy::testing {

aws::awaitable<base::Result<>> FakeS3::put_object(std::string bucket, std::string key, std::string body) {
  ++puts;
  objects[bucket + "/" + key] = std::move(body);
  co_return base::Result<>();
}

aws::awaitable<base::Result<bool>> FakeS3::object_exists(std::string bucket, std::string key) {
  co_return objects.contains(bucket + "/" + key);
}

std::string FakeS3::object_url(std::string bucket, std::string key) const {
  return "https://" + bucket + ".s3.test/" + key;
}

}  // namespace deploy::testing

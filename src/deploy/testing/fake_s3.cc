#include "deploy/testing/fake_s3.h"

namespace deploy::testing {

aws::awaitable<base::Result<>> FakeS3::put_object(std::string bucket, std::string key, std::string body) {
  ++puts;
  if (put_error) co_return base::fail(*put_error);
  objects[bucket + "/" + key] = std::move(body);
  co_return base::Result<>();
}

aws::awaitable<base::Result<bool>> FakeS3::object_exists(std::string bucket, std::string key) {
  co_return objects.contains(bucket + "/" + key);
}

aws::awaitable<base::Result<std::vector<aws::ObjectVersion>>> FakeS3::list_versions(std::string bucket) {
  std::vector<aws::ObjectVersion> versions;
  for (const auto& [path, body] : objects) {
    if (path.starts_with(bucket + "/") && versions.size() < page)
      versions.push_back({path.substr(bucket.size() + 1), "null"});
  }
  co_return versions;
}

aws::awaitable<base::Result<>> FakeS3::delete_versions(std::string bucket, std::vector<aws::ObjectVersion> versions) {
  for (const auto& version : versions) objects.erase(bucket + "/" + version.key);
  co_return base::Result<>();
}

std::string FakeS3::object_url(std::string bucket, std::string key) const {
  return "https://" + bucket + ".s3.test/" + key;
}

}  // namespace deploy::testing

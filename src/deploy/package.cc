#include "deploy/package.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/sigv4.h"

namespace deploy {

Package make_package(std::string_view prefix, std::vector<codec::ZipEntry> entries) {
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  std::string list;
  for (const codec::ZipEntry& entry : entries) {
    list += fmt::format("{}:{}:{:o}:{}\n", entry.name.size(), entry.name, entry.mode, aws::sha256_hex(entry.content));
  }
  return {.key = fmt::format("{}/{}.zip", prefix, aws::sha256_hex(list)), .entries = std::move(entries)};
}

std::string file_key(std::string_view prefix, std::string_view extension, std::string_view body) {
  return fmt::format("{}/{}.{}", prefix, aws::sha256_hex(body), extension);
}

std::string template_key(std::string_view text) {
  return file_key("templates", "json", text);
}

aws::awaitable<base::Result<std::string>> upload_file(aws::S3& s3, std::string bucket, std::string prefix,
                                                      std::string extension, std::string body) {
  std::string key = file_key(prefix, extension, body);
  CO_TRY(bool there, co_await s3.object_exists(bucket, key));
  if (!there) CO_TRY(co_await s3.put_object(bucket, key, std::move(body)));
  co_return key;
}

}  // namespace deploy

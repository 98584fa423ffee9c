#include <openssl/sha.h>

#include <array>
#include <span>

#include "base/ids.h"
#include "base/log.h"
#include "codec/base64.h"
#include "codec/zip.h"
#include "localcloud/lambda/function.h"
#include "localcloud/service.h"
#include "os/files.h"

namespace localcloud {

namespace {

std::string sha256_base64(std::string_view bytes) {
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return codec::base64_encode(std::span<const std::uint8_t>(digest));
}

base::Result<> write_entry(const std::string& root, const codec::ZipEntry& entry) {
  std::string path = root + "/" + entry.name;
  if (entry.name.ends_with('/')) return os::make_directories(path);
  TRY(os::make_directories(path.substr(0, path.rfind('/'))));
  // Lambda's user must be able to read everything: what an archive made without modes left at 0 becomes 0644.
  auto mode = static_cast<mode_t>((entry.mode & 0777) | 0444);
  return os::write_file(path, entry.content, mode);
}

}  // namespace

base::Result<std::shared_ptr<const Package>> Package::unpack(std::string_view zip, const std::string& parent) {
  auto entries = codec::read_zip(zip);
  if (!entries) {
    base::log_warn("a package does not unpack: {}", entries.error().message);
    return aws_error(400, "InvalidParameterValueException",
                     "Could not unzip uploaded file. Please check your file, then try to upload again.");
  }
  std::shared_ptr<Package> package(new Package());  // the constructor is private
  package->directory_ = parent + "/" + base::random_uuid();
  package->size_ = zip.size();
  package->sha256_ = sha256_base64(zip);
  TRY(os::make_directories(package->directory_));
  for (const auto& entry : *entries) TRY(write_entry(package->directory_, entry));
  return std::shared_ptr<const Package>(std::move(package));
}

Package::~Package() {
  if (!directory_.empty()) os::remove_all(directory_);
}

}  // namespace localcloud

#include "localcloud/lambda/package.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <array>
#include <filesystem>
#include <span>

#include "base/ids.h"
#include "base/log.h"
#include "codec/base64.h"
#include "codec/zip.h"
#include "localcloud/service.h"
#include "os/files.h"

namespace localcloud {

namespace {

namespace fs = std::filesystem;

std::string sha256_base64(std::string_view bytes) {
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return codec::base64_encode(std::span<const std::uint8_t>(digest));
}

base::Result<> write_entry(const std::string& root, const codec::ZipEntry& entry) {
  std::string path = root + "/" + entry.name;
  TRY(os::make_directories(path.substr(0, path.rfind('/'))));
  // Lambda's user must be able to read everything: what an archive made without modes left at 0 becomes 0644.
  auto mode = static_cast<mode_t>((entry.mode & 0777) | 0444);
  return os::write_file(path, entry.content, mode);
}

tl::unexpected<base::Error> unusable(const base::Error& error) {
  if (error.message.find("unpacks to more") != std::string::npos) {
    return aws_error(400, "InvalidParameterValueException",
                     fmt::format("Unzipped size must be smaller than {} bytes", kMaxUnzipped));
  }
  base::log_warn("a package does not unpack: {}", error.message);
  return aws_error(400, "InvalidParameterValueException",
                   "Could not unzip uploaded file. Please check your file, then try to upload again.");
}

// The files of `from` as hard links in `to`, in place of what is there.
std::error_code lay_over(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::recursive_directory_iterator at(from, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    fs::path target = to / at->path().lexically_relative(from);
    if (at->is_directory(error)) {
      if (!fs::is_directory(target, error)) fs::remove(target, error);
      fs::create_directories(target, error);
    } else {
      fs::remove_all(target, error);
      fs::create_hard_link(at->path(), target, error);
    }
    if (error) break;
  }
  return error;
}

}  // namespace

base::Result<std::shared_ptr<const Package>> Package::unpack(std::string_view zip, const std::string& parent) {
  auto entries = codec::read_zip(zip, kMaxUnzipped);
  if (!entries) return unusable(entries.error());
  std::shared_ptr<Package> package(new Package());  // the constructor is private
  package->directory_ = parent + "/" + base::random_uuid();
  package->size_ = zip.size();
  package->sha256_ = sha256_base64(zip);
  TRY(os::make_directories(package->directory_));
  for (const auto& entry : *entries) {
    TRY(write_entry(package->directory_, entry));
    package->unzipped_size_ += entry.content.size();
  }
  return std::shared_ptr<const Package>(std::move(package));
}

Package::~Package() {
  if (!directory_.empty()) os::remove_all(directory_);
}

base::Result<std::shared_ptr<const LayerTree>> LayerTree::merge(std::vector<std::shared_ptr<const Package>> layers,
                                                                const std::string& parent) {
  std::shared_ptr<LayerTree> tree(new LayerTree());  // the constructor is private
  tree->layers_ = std::move(layers);
  for (const auto& layer : tree->layers_) tree->unzipped_size_ += layer->unzipped_size();
  if (tree->layers_.size() == 1) {
    tree->directory_ = tree->layers_.front()->directory();
    return std::shared_ptr<const LayerTree>(std::move(tree));
  }
  tree->directory_ = parent + "/" + base::random_uuid();
  tree->own_ = true;
  TRY(os::make_directories(tree->directory_));
  for (const auto& layer : tree->layers_) {
    if (auto error = lay_over(layer->directory(), tree->directory_)) {
      return base::fail(base::ErrorKind::local_resource,
                        fmt::format("the layers of a function cannot be merged: {}", error.message()));
    }
  }
  return std::shared_ptr<const LayerTree>(std::move(tree));
}

LayerTree::~LayerTree() {
  if (own_) os::remove_all(directory_);
}

}  // namespace localcloud

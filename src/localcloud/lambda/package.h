// Code on disk: packages of functions and layers, unpacked, and the layers of a function laid over each other.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace localcloud {

inline constexpr std::size_t kMaxUnzipped = 262'144'000;     // a function with its layers
inline constexpr std::size_t kMaxDirectUpload = 52'428'800;  // of an archive in a request

// A package on disk. Not copyable: removes its directory.
class Package {
 public:
  // Unpacks into a directory of its own under `parent`. Errors: InvalidParameterValueException as AWS words it.
  static base::Result<std::shared_ptr<const Package>> unpack(std::string_view zip, const std::string& parent);
  ~Package();
  Package(const Package&) = delete;
  Package& operator=(const Package&) = delete;

  const std::string& directory() const { return directory_; }
  const std::string& sha256() const { return sha256_; }  // base64, as CodeSha256
  std::size_t size() const { return size_; }             // bytes of the archive
  std::size_t unzipped_size() const { return unzipped_size_; }

 private:
  Package() = default;
  std::string directory_;
  std::string sha256_;
  std::size_t size_ = 0;
  std::size_t unzipped_size_ = 0;
};

// What a function sees as /opt (os/private_tmp.h). Where that cannot be, it finds its layers by the variables of its
// environment alone, which name this directory: PATH, LD_LIBRARY_PATH, NODE_PATH, PYTHONPATH.
class LayerTree {
 public:
  // Later ones win where two have the same file. Errors: local_resource.
  static base::Result<std::shared_ptr<const LayerTree>> merge(std::vector<std::shared_ptr<const Package>> layers,
                                                              const std::string& parent);
  ~LayerTree();
  LayerTree(const LayerTree&) = delete;
  LayerTree& operator=(const LayerTree&) = delete;

  const std::string& directory() const { return directory_; }
  std::size_t unzipped_size() const { return unzipped_size_; }

 private:
  LayerTree() = default;
  std::vector<std::shared_ptr<const Package>> layers_;
  std::string directory_;
  bool own_ = false;  // the directory is removed with this
  std::size_t unzipped_size_ = 0;
};

}  // namespace localcloud

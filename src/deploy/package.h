// Zip packages in the debug stack's bucket, under keys made of their content: the same content is never uploaded twice.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aws/s3.h"
#include "codec/zip.h"

namespace deploy {

struct Package {
  std::string key;  // "<prefix>/<SHA-256 of names, modes and contents>.zip"
  std::vector<codec::ZipEntry> entries;
};

// Entries are sorted by name, so that their order on a disk does not matter.
Package make_package(std::string_view prefix, std::vector<codec::ZipEntry> entries);

// The key of a body that goes as it is (a template, a definition, an archive): "<prefix>/<SHA-256>.<extension>".
std::string file_key(std::string_view prefix, std::string_view extension, std::string_view body);
std::string template_key(std::string_view text);

// Uploads such a body, unless it is there. Returns its key.
aws::awaitable<base::Result<std::string>> upload_file(aws::S3& s3, std::string bucket, std::string prefix,
                                                      std::string extension, std::string body);

}  // namespace deploy

// What the program brings with it: files that were embedded when it was built.
#pragma once

#include <string_view>
#include <vector>

namespace session {

struct LoaderFile {
  std::string_view name;  // "nodejs/bootstrap.mjs"
  std::string_view content;
};

struct Assets {
  std::string_view stub_x86_64;  // the `bootstrap` executables
  std::string_view stub_arm64;
  std::vector<LoaderFile> loaders;
};

}  // namespace session

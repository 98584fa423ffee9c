// Which sources have to be built before Lambda can run them, told by the files of their folder as far as the SAM CLI
// would tell it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "app/model.h"

namespace project {

struct BuildNeed {
  // No package of the folder as it is can run. Else it may, without packages that its manifest names: SAM would install
  // them, `aws cloudformation package` would not.
  bool required = false;
  bool by_sam = true;   // the SAM CLI builds it
  std::string why;      // "it is written in Go, and its folder has no bootstrap"
  std::string install;  // what builds it: "the SAM CLI and Go"
};

// Nothing if the folder (or archive) at `source` can be packaged as it is.
std::optional<BuildNeed> build_need(const app::Function& function, const std::filesystem::path& source);

// A layer is built only if its Metadata names a BuildMethod.
std::optional<BuildNeed> build_need_of_layer(const std::string& build_method);

}  // namespace project

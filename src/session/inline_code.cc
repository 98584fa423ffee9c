#include "session/inline_code.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "os/files.h"

namespace session {
namespace {

namespace fs = std::filesystem;

struct InlineFile {
  const char* name;
  std::string_view content;
};

std::string_view loader_file(const Assets& assets, std::string_view name) {
  auto found = std::ranges::find(assets.loaders, name, &LoaderFile::name);
  return found == assets.loaders.end() ? std::string_view() : found->content;
}

// The package.json keeps one of the app, which may say that its files are ES modules, from counting here.
std::vector<InlineFile> files_of(const app::Function& function, const Assets& assets) {
  if (app::language_of(function.runtime) == "python") {
    return {{"index.py", *function.inline_code}, {"cfnresponse.py", loader_file(assets, "python/cfnresponse.py")}};
  }
  return {{"index.js", *function.inline_code},
          {"package.json", "{}\n"},
          {"node_modules/cfn-response.js", loader_file(assets, "nodejs/cfn-response.cjs")}};
}

base::Result<bool> write_if_new(const fs::path& path, std::string_view content) {
  if (os::read_file(path.string()) == content) return false;
  TRY(os::make_directories(path.parent_path().string(), 0700));
  TRY(os::write_file(path.string(), content, 0600));
  return true;
}

}  // namespace

base::Result<std::set<std::string>> write_inline_code(const app::Application& application, const Assets& assets) {
  std::set<std::string> changed;
  base::Result<> outcome;
  auto write = [&](const app::Stack& stack) {
    for (const app::Function& function : stack.functions) {
      if (!function.live || !function.inline_code) continue;
      const fs::path folder = (fs::path(stack.template_file).parent_path() / function.source).lexically_normal();
      for (const InlineFile& file : files_of(function, assets)) {
        auto is_new = write_if_new(folder / file.name, file.content);
        if (!is_new) {
          outcome = base::fail(is_new.error());
        } else if (*is_new) {
          changed.insert(stack.path_of(function));
        }
      }
    }
  };
  for (const app::Stack& stack : application.stacks) app::for_each_stack(stack, write);
  if (!outcome) return base::fail(outcome.error());
  return changed;
}

}  // namespace session

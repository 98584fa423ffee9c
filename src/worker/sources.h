// Which functions a change of files touches: pure, on absolute paths without "." or "..".
//
// A file inside a function's source folder touches that function: it is part of what AWS would run. A file of the app
// folder that lies in no function's folder touches all of them, since it may be shared code. Of a function whose build
// told what it read, that counts instead, and what decides how anything is built (package.json, tsconfig.json, …). What
// no code is loaded from (.git, .livelambda, build products, editors' temporary files) touches nothing. node_modules is
// not watched, since it is large and changes as a whole: after `npm install`, package-lock.json has changed.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "os/watcher.h"

namespace worker {

struct FunctionSource {
  std::string function;                  // logical id
  std::string folder;                    // absolute
  std::set<std::string> inputs = {};     // absolute paths that its build read, with a '/' at the end all that lies
                                         // directly in a folder; empty: all of its folder, and shared code
  std::vector<std::string> layers = {};  // absolute folders and archives: what lies in them is part of it, too
};

// Directories that the watcher does not enter, by name.
bool skip_directory(std::string_view name);

// An editor's swap, backup or lock file, by name.
bool is_temporary_file(std::string_view name);

// The folders to watch: the app's and the functions' that lie outside it, none inside another.
std::set<std::string> folders_to_watch(std::string_view app_folder, std::span<const FunctionSource> functions);

// The folders of their layers, none inside another; node_modules there is what a layer is made of.
std::set<std::string> layers_to_watch(std::span<const FunctionSource> functions);
bool skip_in_layer(std::string_view name);

// The logical ids of the functions that the changes touch.
std::set<std::string> touched_functions(const os::Changes& changes, std::string_view app_folder,
                                        std::span<const FunctionSource> functions);

}  // namespace worker

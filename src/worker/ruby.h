// Ruby: the project's interpreter, 3.1 or later, runs runtimes/ruby.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "os/spawner.h"
#include "worker/language.h"

namespace worker {

// `own_environment` is the developer's, `loader_folder` holds bootstrap.rb. The spawner outlives the result.
std::unique_ptr<Language> make_ruby(os::Spawner& spawner, std::map<std::string, std::string> own_environment,
                                    std::string loader_folder);

struct RubyChoice {
  std::string program = {};  // "" if there is none
  std::string wanted = {};   // the version that a file names and nobody has; else ""
  std::string file = {};     // that says so
};

// The interpreter for a function's folder: what the nearest .ruby-version or .tool-versions from that folder up to the
// app's names, as rbenv, asdf or mise have it or as `ruby3.3` on PATH; `ruby` on PATH. Looks at files, starts nothing.
RubyChoice find_ruby(const FunctionCode& code, const std::map<std::string, std::string>& own_environment);

// The Gemfile whose bundle the function runs with, "" if none: the nearest from its folder up to the app's, unless its
// gems are in the function's own vendor/bundle, where Lambda has them.
std::string find_gemfile(const FunctionCode& code);

}  // namespace worker

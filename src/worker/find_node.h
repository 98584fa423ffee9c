// Which Node.js a function's project asks for, and where its developer keeps it. Looks at files, starts nothing.
#pragma once

#include <map>
#include <string>

#include "worker/function_code.h"

namespace worker {

struct NodeChoice {
  std::string program = {};  // "" if there is none: no version that is asked for, and no `node` on PATH
  bool of_path = false;      // it is the `node` on PATH, although the project may ask for another
  std::string wanted = {};   // what the project asks for, in its words: "20.11.1", "lts/iron"; "" if nothing
  std::string file = {};     // that says so
  std::string version = {};  // what the words mean: "20"; "" = any
};

// The nearest .nvmrc, .node-version, .tool-versions or `volta` of package.json, from the function's folder up to the
// app's, names the version; nvm, fnm, nodenv, asdf, mise, Volta or n have it. Else `node` on PATH.
NodeChoice find_node(const FunctionCode& code, const std::map<std::string, std::string>& own_environment);

}  // namespace worker

// What a framework's tools made of an app stays in `.livelambda/` with a mark: a hash of all that it could have been
// made from. While that is the same, a session begins with what is there, and has the tools look again meanwhile.
//
// In the mark: every file of the app's folder but those of packages, version control and builds (of large ones size and
// time), manifests of installed packages and lock files in the folders above too, files that the tools are known to
// have read, the tool and its version, stage, parameters, account, region, and the environment without what differs
// from one terminal to the next, keys and endpoints. Not in it: the code of live functions, as far as files are known
// to be nothing else; the time of day; what is in AWS.
#pragma once

#include <string>
#include <vector>

#include "project/toolchain.h"

namespace project {

struct Synthesis {
  std::string tool;                       // its program
  std::string ours;                       // what livelambda adds to the tool's work
  std::vector<std::string> read;          // files that are known to have been read: absolute paths
  const std::vector<app::Stack>& stacks;  // what came of it
};

std::string origin_mark(const Workplace& workplace, const Synthesis& synthesis);

}  // namespace project

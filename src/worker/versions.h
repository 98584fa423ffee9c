// Versions of interpreters as projects name them and as version managers keep them side by side. Looks at files, starts
// nothing.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace worker {

// The numbers of "20.11.1", "v20.11.1" or "20"; empty for anything else.
std::vector<int> version_numbers(std::string_view version);

// Whether a version is one of those that "20", "v20.11" or "20.11.1" name.
bool is_version(std::string_view version, std::string_view wanted);

// The first word of a version file that is no comment; "" if there is no such file, or nothing in it.
std::string first_word(const std::string& file);
// The first version after a tool's name in asdf's .tool-versions: "20.11.1" of "nodejs 20.11.1 18.2.0".
std::string tool_version(const std::string& file, std::string_view tool);

// A folder in which a version manager keeps each version in a folder "<prefix><version><suffix>", with its program in
// it.
struct Installations {
  std::string folder;
  std::string prefix;   // "v", "cpython-"
  std::string program;  // "bin/node"
  bool has_suffix = false;
};

// The program of the newest version that is named, in the first folder that has one; every version if `wanted` is "";
// "" if there is none. A name that is no version has to be a folder's own.
std::string find_installed(std::span<const Installations> places, std::string_view wanted);

}  // namespace worker

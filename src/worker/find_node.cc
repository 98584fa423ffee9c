#include "worker/find_node.h"

#include <array>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "codec/json.h"
#include "os/files.h"
#include "os/spawner.h"
#include "worker/folders.h"
#include "worker/tool.h"
#include "worker/versions.h"

namespace worker {

namespace {

using Environment = std::map<std::string, std::string>;

// Of the versions that can be used: nodejs/Release, schedule.json.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kCodenames = {
    {{"lts/iron", "20"}, {"lts/jod", "22"}, {"lts/krypton", "24"}}};

std::string volta_of(const std::string& file) {
  auto text = os::read_file(file);
  if (!text) return {};
  const auto json = codec::parse_json(*text);
  if (!json || !json->is_object()) return {};
  const auto* volta = json->get_object().if_contains("volta");
  return volta != nullptr && volta->is_object() ? codec::find_string(volta->get_object(), "node") : std::string();
}

// Of the nearest file that names one.
std::pair<std::string, std::string> wanted_version(const FunctionCode& code) {
  for (const auto& folder : folders_up(code.source, code.app_folder)) {
    for (const char* name : {"/.nvmrc", "/.node-version", "/.tool-versions", "/package.json"}) {
      const std::string file = folder + name;
      const std::string_view kind = name;
      std::string wanted = kind == "/package.json"     ? volta_of(file)
                           : kind == "/.tool-versions" ? tool_version(file, "nodejs")
                                                       : first_word(file);
      if (!wanted.empty()) return {std::move(wanted), file};
    }
  }
  return {};
}

std::vector<Installations> installations(const Environment& own) {
  const auto data = variable_or_home(own, "XDG_DATA_HOME", "/.local/share");
  const auto fnm = variable(own, "FNM_DIR");
  std::vector<Installations> places = {
      {variable_or_home(own, "NVM_DIR", "/.nvm") + "/versions/node", "v", "bin/node"},
      {(fnm.empty() ? data + "/fnm" : fnm) + "/node-versions", "v", "installation/bin/node"},
      {variable(own, "HOME") + "/.fnm/node-versions", "v", "installation/bin/node"},
      {variable_or_home(own, "NODENV_ROOT", "/.nodenv") + "/versions", "", "bin/node"},
      {variable_or_home(own, "ASDF_DATA_DIR", "/.asdf") + "/installs/nodejs", "", "bin/node"},
      {data + "/mise/installs/node", "", "bin/node"},
      {variable_or_home(own, "VOLTA_HOME", "/.volta") + "/tools/image/node", "", "bin/node"}};
  if (const auto n = variable(own, "N_PREFIX"); !n.empty()) places.push_back({n + "/n/versions/node", "", "bin/node"});
  places.push_back({"/usr/local/n/versions/node", "", "bin/node"});
  return places;
}

// The version that nvm's words "lts/iron", "lts/*" and "node" stand for; "" = the newest.
std::string without_alias(std::string wanted, const Environment& own) {
  const std::string aliases = variable_or_home(own, "NVM_DIR", "/.nvm") + "/alias/";
  for (int depth = 0; depth < 3 && version_numbers(wanted).empty(); ++depth) {  // "lts/*" → "lts/jod" → "v22.1.0"
    auto alias = first_word(aliases + wanted);
    if (alias.empty()) break;
    wanted = std::move(alias);
  }
  for (const std::string_view any : {"node", "stable", "latest", "lts/*"}) {
    if (wanted == any) return {};
  }
  for (const auto& [name, major] : kCodenames) {
    if (wanted == name) return std::string(major);
  }
  return wanted;
}

}  // namespace

NodeChoice find_node(const FunctionCode& code, const Environment& own_environment) {
  NodeChoice choice;
  std::tie(choice.wanted, choice.file) = wanted_version(code);
  if (!choice.wanted.empty() && choice.wanted != "system") {
    choice.version = without_alias(choice.wanted, own_environment);
    choice.program = find_installed(installations(own_environment), choice.version);
  }
  if (!choice.program.empty()) return choice;
  choice.program = os::find_program("node", variable(own_environment, "PATH"));
  choice.of_path = true;
  return choice;
}

}  // namespace worker

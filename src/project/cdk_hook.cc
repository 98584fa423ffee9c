#include "project/cdk_hook.h"

#include <fmt/format.h>

#include "codec/json.h"
#include "os/files.h"
#include "os/spawner.h"

extern "C" {
extern const char ll_cdk_hook_begin[], ll_cdk_hook_end[];
}

namespace project {
namespace {

namespace json = codec::json;

// For an app whose command sets NODE_OPTIONS by itself.
constexpr std::string_view kNode =
    "#!/bin/sh\n"
    "exec \"$LIVELAMBDA_NODE\" --require \"$LIVELAMBDA_CDK_HOOK\" \"$@\"\n";

// In NODE_OPTIONS a value in double quotes may have spaces; \ and " are escaped by \ there.
std::string quoted(std::string_view path) {
  std::string text = "\"";
  for (char c : path) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

std::vector<std::string> read_list(const json::value* list) {
  std::vector<std::string> texts;
  if (list == nullptr || !list->is_array()) return texts;
  for (const auto& element : list->get_array()) {
    if (element.is_string()) texts.emplace_back(element.get_string());
  }
  return texts;
}

}  // namespace

std::string_view CdkHook::text() {
  return {ll_cdk_hook_begin, static_cast<std::size_t>(ll_cdk_hook_end - ll_cdk_hook_begin)};
}

base::Result<> CdkHook::prepare(const std::set<std::string>& built) const {
  TRY(os::make_directories(folder_));
  TRY(os::write_file(folder_ + "/hook.cjs", text()));
  TRY(os::make_directories(folder_ + "/bin"));
  TRY(os::write_file(folder_ + "/bin/node", kNode, 0755));
  json::array list(built.begin(), built.end());
  os::remove_all(folder_ + "/report.json");
  return os::write_file(folder_ + "/built.json", codec::to_text(list));
}

void CdkHook::add_to(std::map<std::string, std::string>& environment) const {
  std::string& options = environment["NODE_OPTIONS"];
  options = fmt::format("{}{}--require {}", options, options.empty() ? "" : " ", quoted(folder_ + "/hook.cjs"));
  std::string& path = environment["PATH"];
  if (std::string node = os::find_program("node", path); !node.empty()) {
    environment["LIVELAMBDA_NODE"] = node;
    environment["LIVELAMBDA_CDK_HOOK"] = folder_ + "/hook.cjs";
    path = fmt::format("{}/bin:{}", folder_, path);
  }
  environment["LIVELAMBDA_CDK_BUILT"] = folder_ + "/built.json";
  environment["LIVELAMBDA_CDK_REPORT"] = folder_ + "/report.json";
}

std::set<std::string> CdkHook::built() const {
  auto text = os::read_file(folder_ + "/built.json");
  if (!text) return {};
  auto list = codec::parse_json(*text);
  if (!list) return {};
  auto texts = read_list(&*list);
  return {texts.begin(), texts.end()};
}

base::Result<std::vector<std::string>> CdkHook::loaded_files() const {
  TRY(auto text, os::read_file(folder_ + "/report.json"));
  TRY(auto report, codec::parse_json(text));
  return read_list(codec::find(report, "files"));
}

}  // namespace project

#include "worker/sdk_use.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <system_error>
#include <vector>

#include "os/files.h"
#include "worker/folders.h"
#include "worker/sources.h"

namespace worker {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFiles = 5000;          // a folder with more is no function's, but a whole repository
constexpr std::uintmax_t kLargestFile = 2 << 20;  // nobody writes larger ones by hand

constexpr std::array<std::string_view, 8> kScripts = {".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx"};
constexpr std::array<std::string_view, 3> kTests = {"test", "tests", "__tests__"};  // they never run in Lambda

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$';
}

void for_each_source(const std::string& folder, const std::function<bool(const fs::path&)>& wanted,
                     const std::function<void(const fs::path&, const std::string&)>& visit) {
  std::error_code error;
  std::size_t count = 0;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const auto name = at->path().filename().string();
    if (at->is_directory(error)) {
      const bool left_out = std::find(kTests.begin(), kTests.end(), name) != kTests.end() || name.starts_with('.') ||
                            skip_directory(name) || is_file((at->path() / "pyvenv.cfg").string());
      if (left_out) at.disable_recursion_pending();
      continue;
    }
    if (!wanted(at->path()) || at->file_size(error) > kLargestFile) continue;
    if (++count > kMostFiles) return;
    if (auto text = os::read_file(at->path().string())) visit(at->path(), *text);
  }
}

// The word that ends the text, blanks and one '(' left out: what stands before a module's name.
std::string_view word_before(std::string_view text) {
  const auto skip_blanks = [&text] {
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\n')) text.remove_suffix(1);
  };
  skip_blanks();
  if (text.ends_with('(')) text.remove_suffix(1);
  skip_blanks();
  auto begin = text.size();
  while (begin > 0 && is_name(text[begin - 1])) --begin;
  return text.substr(begin);
}

// `from` belongs to "import type … from": the statement's first words say so.
bool imports_only_types(std::string_view text) {
  const auto begin = std::max(text.rfind("import") + 1, text.rfind("export") + 1);  // 0 = there is none
  if (begin == 0) return false;
  auto rest = text.substr(begin - 1 + 6);
  rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of(" \t\n")));
  return rest.starts_with("type") && rest.size() > 4 && !is_name(rest[4]) && !rest.starts_with("type,") &&
         !rest.starts_with("type from");
}

std::string_view package_of(std::string_view module) {
  auto slash = module.find('/');
  if (module.starts_with('@') && slash != std::string_view::npos) slash = module.find('/', slash + 1);
  return module.substr(0, slash);
}

// Up to nodejs16.x Lambda brings along the SDK's version 2.
bool has_version_2(std::string_view runtime) {
  if (!runtime.starts_with("nodejs")) return false;
  const auto major = parse_number(runtime.substr(6, runtime.find('.') - 6));
  return major && *major <= 16;
}

bool is_module_name(std::string_view source, std::size_t begin) {
  const auto before = source.substr(0, begin - 1);
  const auto word = word_before(before);
  return word == "require" || word == "import" || (word == "from" && !imports_only_types(before));
}

}  // namespace

std::set<std::string> node_sdk_imports(std::string_view source, std::string_view runtime) {
  const std::vector<std::string_view> of_lambda = has_version_2(runtime)
                                                      ? std::vector<std::string_view>{"aws-sdk"}
                                                      : std::vector<std::string_view>{"@aws-sdk/", "@smithy/"};
  std::set<std::string> packages;
  for (const auto prefix : of_lambda) {
    for (auto at = source.find(prefix); at != std::string_view::npos; at = source.find(prefix, at + 1)) {
      if (at == 0) continue;
      const char quote = source[at - 1];
      const auto end = source.find(quote, at);
      if ((quote != '"' && quote != '\'' && quote != '`') || end == std::string_view::npos) continue;
      const auto package = package_of(source.substr(at, end - at));
      const bool whole = prefix.ends_with('/') ? package.size() > prefix.size() : package == prefix;
      if (whole && is_module_name(source, at)) packages.emplace(package);
    }
  }
  return packages;
}

std::map<std::string, std::set<std::string>> node_sdk_use(const std::string& folder, std::string_view runtime) {
  std::map<std::string, std::set<std::string>> use;
  const auto is_script = [](const fs::path& path) {
    const auto name = path.filename().string();
    const bool declares = name.find(".d.") != std::string::npos;  // "x.d.ts": types alone
    return !declares && std::find(kScripts.begin(), kScripts.end(), path.extension().string()) != kScripts.end();
  };
  for_each_source(folder, is_script, [&](const fs::path& path, const std::string& text) {
    for (const auto& package : node_sdk_imports(text, runtime)) use[package].insert(path.parent_path().string());
  });
  return use;
}

bool imports_boto3(std::string_view source) {
  for (const std::string_view name : {"boto3", "botocore"}) {
    for (auto at = source.find(name); at != std::string_view::npos; at = source.find(name, at + 1)) {
      const auto end = at + name.size();
      if ((at > 0 && is_name(source[at - 1])) || (end < source.size() && is_name(source[end]))) continue;
      auto line = source.substr(0, at);
      line = line.substr(line.rfind('\n') + 1);
      line.remove_prefix(std::min(line.size(), line.find_first_not_of(" \t")));
      if (line.starts_with("import ") || line == "from ") return true;
    }
  }
  return false;
}

bool uses_boto3(const std::string& folder) {
  bool uses = false;
  for_each_source(
      folder, [&uses](const fs::path& path) { return !uses && path.extension() == ".py"; },
      [&uses](const fs::path&, const std::string& text) { uses = imports_boto3(text); });
  return uses;
}

}  // namespace worker

#include "project/tool_failure.h"

#include <filesystem>
#include <regex>

#include "project/on_disk.h"

namespace project {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongest = 1'000;  // a line; longer ones are code of packages

std::string_view trimmed(std::string_view text) {
  std::size_t begin = text.find_first_not_of(" \t");
  return begin == text.npos ? std::string_view() : text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// "SyntaxError: …", "Error [ERR_X]: …", "NameError: …". What ends with a colon goes on in the next line.
std::optional<std::string> find_reason(const std::vector<std::string>& lines) {
  static const std::regex kError(R"(^\s*([A-Za-z.]*(Error|Exception)(\s\[\w+\])?):(.*)$)");
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].size() > kLongest || !std::regex_match(lines[i], kError)) continue;
    std::string reason(trimmed(lines[i]));
    for (std::size_t next = i + 1; reason.ends_with(':') && next < lines.size(); ++next) {
      if (!trimmed(lines[next]).empty()) reason.append(" ").append(trimmed(lines[next]));
    }
    return reason;
  }
  return std::nullopt;
}

// "/app/lib/a.ts:25", "lib/a.ts(25,3): …", "lib/a.ts:25:3 - …", `File "/app/a.py", line 25`; the last of the app's own.
void find_place(const std::vector<std::string>& lines, const fs::path& folder, ToolFailure& failure) {
  static const std::regex kPlaces[] = {std::regex(R"(^(\S+\.\w+):(\d+)(:\d+.*)?$)"),
                                       std::regex(R"(^(\S+\.\w+)\((\d+),\d+\):.*$)"),
                                       std::regex(R"re(^\s*File "([^"]+)", line (\d+).*$)re")};
  for (const std::string& line : lines) {
    if (line.size() > kLongest) continue;
    std::smatch match;
    for (const std::regex& place : kPlaces) {
      if (!std::regex_match(line, match, place)) continue;
      const fs::path file = (folder / match[1].str()).lexically_normal();
      const std::string inside = file.lexically_relative(folder).string();
      if (inside.starts_with("..") || inside.find("node_modules") != inside.npos || !is_there(file)) continue;
      failure.file = file.string();
      failure.line = std::stoi(match[2].str().substr(0, 7));
    }
  }
}

}  // namespace

std::optional<ToolFailure> read_tool_failure(const std::vector<std::string>& lines, const std::string& folder) {
  auto reason = find_reason(lines);
  if (!reason) return std::nullopt;
  ToolFailure failure{.reason = std::move(*reason), .file = {}};
  find_place(lines, folder, failure);
  return failure;
}

}  // namespace project

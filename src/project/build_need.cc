#include "project/build_need.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

#include "codec/json.h"
#include "os/files.h"
#include "project/on_disk.h"

namespace project {
namespace {

namespace fs = std::filesystem;

bool has_any(const fs::path& folder, std::initializer_list<const char*> names) {
  return std::ranges::any_of(names, [&folder](const char* name) { return is_there(folder / name); });
}

bool has_extension(const fs::path& folder, std::initializer_list<std::string_view> extensions) {
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; at != end && !error; at.increment(error)) {
    std::string extension = at->path().extension().string();
    if (std::ranges::find(extensions, extension) != extensions.end()) return true;
  }
  return false;
}

// What the SAM CLI needs beside itself.
std::string tool_of(std::string_view method) {
  if (method.starts_with("go")) return "Go";
  if (method.starts_with("rust")) return "Rust and cargo-lambda";
  if (method.starts_with("java")) return "a JDK with Maven or Gradle";
  if (method.starts_with("dotnet")) return "the .NET SDK with Amazon.Lambda.Tools";
  if (method == "esbuild") return "esbuild (npm install --save-dev esbuild)";
  if (method == "makefile") return "make";
  if (method == "python-uv") return "uv";
  if (method.starts_with("nodejs")) return "Node.js with npm";
  if (method.starts_with("ruby")) return "Ruby with Bundler";
  return std::string(method);
}

BuildNeed by_sam(std::string why, std::string_view method) {
  return {.required = true, .why = std::move(why), .install = fmt::format("the SAM CLI and {}", tool_of(method))};
}

std::optional<BuildNeed> need_of_executable(const fs::path& source) {
  if (is_there(source / "bootstrap")) return std::nullopt;
  if (is_there(source / "go.mod")) return by_sam("it is written in Go, and its folder has no bootstrap", "go");
  if (is_there(source / "Cargo.toml")) return by_sam("it is written in Rust, and its folder has no bootstrap", "rust");
  return by_sam("its folder has no bootstrap", "makefile");
}

std::optional<BuildNeed> need_of_compiled(const fs::path& source, std::string_view language) {
  if (language == "java" && has_any(source, {"pom.xml", "build.gradle", "build.gradle.kts"}))
    return by_sam("its folder is a Java project, not its classes", language);
  if (language == "dotnet" && has_extension(source, {".csproj", ".fsproj", ".vbproj"}))
    return by_sam("its folder is a .NET project, not its assemblies", language);
  return std::nullopt;
}

BuildNeed packages_missing(std::string_view manifest, std::string_view folder, std::string install) {
  return {.why = fmt::format("{} names packages that are not in {}", manifest, folder), .install = std::move(install)};
}

std::optional<BuildNeed> need_of_nodejs(const fs::path& source, const std::string& handler) {
  std::string file = handler.substr(0, handler.rfind('.'));
  auto exists = [&](std::initializer_list<const char*> extensions) {
    return std::ranges::any_of(extensions, [&](const char* end) { return is_there(source / (file + end)); });
  };
  if (!exists({".js", ".mjs", ".cjs"}) && exists({".ts", ".tsx", ".mts", ".cts"})) {
    return BuildNeed{.required = true,
                     .by_sam = false,
                     .why = "it is TypeScript, and its Metadata has no BuildMethod",
                     .install = "the SAM CLI and esbuild, and write `BuildMethod: esbuild` in its Metadata"};
  }
  auto text = os::read_file((source / "package.json").string());
  if (!text || is_there(source / "node_modules")) return std::nullopt;
  auto manifest = codec::parse_json(*text);
  const auto* dependencies = manifest ? codec::find(*manifest, "dependencies") : nullptr;
  if (dependencies == nullptr || !dependencies->is_object() || dependencies->get_object().empty()) return std::nullopt;
  return packages_missing("package.json", "node_modules", "the SAM CLI, or run npm install there");
}

bool names_packages(const std::string& requirements) {
  for (std::size_t at = 0; at < requirements.size();
       at = std::min(requirements.find('\n', at), requirements.size()) + 1) {
    std::size_t first = requirements.find_first_not_of(" \t\r\n", at);
    if (first == std::string::npos) return false;
    if (requirements[first] != '#') return true;
    at = first;
  }
  return false;
}

std::optional<BuildNeed> need_of_python(const fs::path& source) {
  auto requirements = os::read_file((source / "requirements.txt").string());
  if (!requirements || !names_packages(*requirements) || has_extension(source, {".dist-info"})) return std::nullopt;
  return packages_missing("requirements.txt", "its folder",
                          "the SAM CLI, or run pip install -r requirements.txt -t . there");
}

}  // namespace

std::optional<BuildNeed> build_need(const app::Function& function, const fs::path& source) {
  std::error_code error;
  if (!function.build_command.empty() || !fs::is_directory(source, error)) return std::nullopt;
  if (!function.build_method.empty()) {
    return by_sam(fmt::format("its Metadata says BuildMethod: {}", function.build_method), function.build_method);
  }
  std::string language = app::language_of(function.runtime);
  if (language == "provided" || language == "go") return need_of_executable(source);
  if (language == "java" || language == "dotnet") return need_of_compiled(source, language);
  if (language == "nodejs") return need_of_nodejs(source, function.handler);
  if (language == "python") return need_of_python(source);
  if (language == "ruby" && is_there(source / "Gemfile") && !is_there(source / "vendor"))
    return packages_missing("Gemfile", "vendor", "the SAM CLI, or run bundle install there");
  return std::nullopt;
}

std::optional<BuildNeed> build_need_of_layer(const std::string& build_method) {
  if (build_method.empty()) return std::nullopt;
  return by_sam(fmt::format("its Metadata says BuildMethod: {}", build_method), build_method);
}

}  // namespace project

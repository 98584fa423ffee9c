#include "worker/java_project.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "codec/zip.h"
#include "os/files.h"
#include "os/spawner.h"
#include "worker/folders.h"
#include "worker/sdk_cache.h"
#include "worker/tool.h"
#include "worker/versions.h"

namespace worker {

namespace {

namespace fs = std::filesystem;

constexpr const char* kClient = "aws-lambda-java-runtime-interface-client";
constexpr const char* kClientVersion = "2.9.0";
#ifdef __aarch64__
constexpr const char* kNative = "jni/libaws-lambda-jni.linux-aarch_64.so";
#else
constexpr const char* kNative = "jni/libaws-lambda-jni.linux-x86_64.so";
#endif

bool is_gradle(const std::string& folder) {
  return is_file(folder + "/build.gradle") || is_file(folder + "/build.gradle.kts");
}

// With a '/' at the end, the folder and all folders below it.
void add_folders(const std::string& folder, std::set<std::string>& into) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) return;
  into.insert(folder + "/");
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->is_directory(error)) into.insert(at->path().string() + "/");
  }
}

// "17.0.9-tem" of a line "java=17.0.9-tem".
std::string of_sdkmanrc(const std::string& file) {
  const std::string text = "\n" + os::read_file(file).value_or("");
  const auto line = text.find("\njava=");
  if (line == std::string::npos) return {};
  const std::string rest = text.substr(line + 6);
  return rest.substr(0, rest.find_first_of(" \t\r\n"));
}

std::string of_version(const std::string& wanted, const std::map<std::string, std::string>& own) {
  const auto data = variable_or_home(own, "XDG_DATA_HOME", "/.local/share");
  const std::vector<Installations> places = {
      {variable_or_home(own, "SDKMAN_DIR", "/.sdkman") + "/candidates/java", "", "bin/java"},
      {variable_or_home(own, "ASDF_DATA_DIR", "/.asdf") + "/installs/java", "", "bin/java"},
      {data + "/mise/installs/java", "", "bin/java"}};
  return find_installed(places, wanted);
}

}  // namespace

JavaTool java_tool(const FunctionCode& code) {
  if (!code.build_command.empty()) return JavaTool::none;
  if (is_file(code.source + "/pom.xml")) return JavaTool::maven;
  return is_gradle(code.source) ? JavaTool::gradle : JavaTool::none;
}

std::string find_java_tool(JavaTool tool, const FunctionCode& code, const std::map<std::string, std::string>& own) {
  if (tool == JavaTool::none) return {};
  const bool maven = tool == JavaTool::maven;
  for (const auto& folder : folders_up(code.source, code.app_folder)) {
    std::string wrapper = folder + (maven ? "/mvnw" : "/gradlew");
    if (is_file(wrapper)) return wrapper;
  }
  return os::find_program(maven ? "mvn" : "gradle", variable(own, "PATH"));
}

JavaChoice find_java(const FunctionCode& code, const std::map<std::string, std::string>& own_environment) {
  JavaChoice choice;
  for (const auto& folder : folders_up(code.source, code.app_folder)) {
    choice.file = folder + "/.sdkmanrc";
    choice.wanted = of_sdkmanrc(choice.file);
    if (choice.wanted.empty()) {
      choice.file = folder + "/.tool-versions";
      choice.wanted = tool_version(choice.file, "java");
    }
    if (choice.wanted.empty()) continue;
    choice.program = of_version(choice.wanted, own_environment);
    if (!choice.program.empty()) return {.program = std::move(choice.program)};
    break;
  }
  const std::string home = variable(own_environment, "JAVA_HOME");
  choice.program = home + "/bin/java";
  if (home.empty() || !is_file(choice.program)) {
    choice.program = os::find_program("java", variable(own_environment, "PATH"));
  }
  return choice;
}

std::optional<int> parse_java_version(std::string_view text) {
  constexpr std::string_view kBegin = "version \"";
  const auto begin = text.find(kBegin);
  if (begin == std::string_view::npos) return std::nullopt;
  text.remove_prefix(begin + kBegin.size());
  if (text.starts_with("1.")) text.remove_prefix(2);
  return parse_number(text.substr(0, text.find_first_not_of("0123456789")));
}

std::set<std::string> java_inputs(const FunctionCode& code) {
  if (java_tool(code) == JavaTool::none) return {};
  std::set<std::string> inputs;
  std::error_code error;
  for (fs::directory_iterator at(code.source + "/src", error), end; !error && at != end; at.increment(error)) {
    if (at->path().filename() != "test") add_folders(at->path().string(), inputs);
  }
  inputs.insert(code.source + "/src/");
  for (const auto& folder : folders_up(code.source, code.app_folder)) {
    for (const char* name : {"pom.xml", "build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts",
                             "gradle.properties", "gradle/libs.versions.toml"}) {
      inputs.insert(fmt::format("{}/{}", folder, name));
    }
  }
  return inputs;
}

std::string java_stamp(const FunctionCode& code) {
  std::string stamp;
  auto add = [&stamp](const fs::path& file) {
    std::error_code error;
    const auto size = fs::file_size(file, error);
    if (error) return;
    const auto time = fs::last_write_time(file, error).time_since_epoch().count();
    stamp += fmt::format("{} {} {}\n", file.string(), size, time);
  };
  for (const auto& input : java_inputs(code)) {
    std::vector<fs::path> files{input};
    if (input.ends_with('/')) {
      files.clear();
      std::error_code error;
      for (fs::directory_iterator at(input, error), end; !error && at != end; at.increment(error))
        files.push_back(at->path());
      std::ranges::sort(files);
    }
    for (const auto& file : files) add(file);
  }
  return stamp;
}

std::string poms_of(const FunctionCode& code) {
  std::string text;
  for (const auto& folder : folders_up(code.source, code.app_folder)) {
    text += os::read_file(folder + "/pom.xml").value_or("");
  }
  return text;
}

std::vector<std::string> class_path_of_folder(const std::string& folder) {
  std::vector<std::string> jars;
  for (const char* place : {"", "/lib"}) {
    std::error_code error;
    for (fs::directory_iterator at(folder + place, error), end; !error && at != end; at.increment(error)) {
      if (at->path().extension() == ".jar") jars.push_back(at->path().string());
    }
  }
  std::ranges::sort(jars);
  jars.insert(jars.begin(), folder);
  return jars;
}

std::string java_client_folder(const std::map<std::string, std::string>& own_environment) {
  const std::string cache = cache_folder(own_environment);
  return cache.empty() ? std::string() : fmt::format("{}/java/{}-{}", cache, kClient, kClientVersion);
}

std::string java_client_pom() {
  return fmt::format(
      "<project><modelVersion>4.0.0</modelVersion>"
      "<groupId>livelambda</groupId><artifactId>client</artifactId><version>1</version><packaging>pom</packaging>"
      "<dependencies><dependency><groupId>com.amazonaws</groupId><artifactId>{}</artifactId><version>{}</version>"
      "</dependency></dependencies></project>",
      kClient, kClientVersion);
}

std::string java_client_in(const std::vector<std::string>& class_path) {
  const auto found = std::ranges::find_if(class_path, [](const std::string& path) {
    return path.ends_with(".jar") && path.substr(path.rfind('/') + 1).starts_with(fmt::format("{}-", kClient));
  });
  return found == class_path.end() ? std::string() : *found;
}

base::Result<std::string> unpack_java_native(const std::string& jar, const std::string& folder) {
  std::string library = fmt::format("{}/{}.so", folder, fs::path(jar).stem().string());
  if (is_file(library)) return library;
  TRY(auto archive, os::read_file(jar));
  TRY(auto entries, codec::read_zip(archive));
  for (const auto& entry : entries) {
    if (entry.name != kNative) continue;
    TRY(os::make_directories(folder));
    TRY(os::write_file(library, entry.content, 0755));
    return library;
  }
  return std::string();
}

}  // namespace worker

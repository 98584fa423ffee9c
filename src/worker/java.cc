#include "worker/java.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/notifier.h"
#include "os/files.h"
#include "worker/build_command.h"
#include "worker/folders.h"
#include "worker/java_project.h"
#include "worker/tool.h"

namespace worker {

namespace {

namespace fs = std::filesystem;

constexpr int kOldest = 8;
constexpr const char* kHint = "install a JDK, or set JAVA_HOME";
constexpr const char* kDependencyPlugin = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1";
// Lambda gives the heap 85 % of the function's memory. CLASSPATH has the layers.
constexpr const char* kStart =
    "c=$1; shift; exec \"$0\" -XX:MaxHeapSize=$((AWS_LAMBDA_FUNCTION_MEMORY_SIZE * 870))k -cp "
    "\"$c${CLASSPATH:+:$CLASSPATH}\" \"$@\"";

const std::string kNativeProperty = "-Dcom.amazonaws.services.lambda.runtime.api.client.runtimeapi.NativeClient.JNI=";

std::vector<std::string> split_class_path(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto part = text.substr(0, text.find_first_of(":\n"));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    if (!part.empty()) parts.emplace_back(part);
  }
  return parts;
}

// Debian's Maven resets colours that it has not set.
std::string without_resets(std::string text) {
  constexpr std::string_view kReset = "\x1b[0m";
  for (auto at = text.find(kReset); at != std::string::npos; at = text.find(kReset, at)) text.erase(at, kReset.size());
  return text;
}

bool all_there(const std::vector<std::string>& class_path) {
  std::error_code ignored;
  for (const auto& path : class_path) {
    if (!fs::exists(path, ignored)) return false;
  }
  return true;
}

class Java final : public Language {
 public:
  Java(os::Spawner& spawner, std::map<std::string, std::string> own_environment, std::string loader_folder)
      : spawner_(spawner), own_environment_(std::move(own_environment)), loader_folder_(std::move(loader_folder)) {}

  bool runs(const FunctionCode& code) const override { return code.runtime.starts_with("java"); }
  bool is_built(const FunctionCode&) const override { return true; }

  awaitable<base::Result<std::string>> check(FunctionCode code) override {
    const JavaTool tool = java_tool(code);
    if (tool != JavaTool::none && find_java_tool(tool, code, own_environment_).empty()) {
      co_return base::fail(base::ErrorKind::local_resource,
                           fmt::format("{} is built by {}, which is not on PATH", code.function,
                                       tool == JavaTool::maven ? "Maven (`mvn`)" : "Gradle (`gradle`)"),
                           "install it, or put its wrapper into the project");
    }
    const JavaChoice choice = find_java(code, own_environment_);
    if (choice.program.empty()) {
      co_return base::fail(base::ErrorKind::local_resource, "Java was not found: there is no `java` on PATH", kHint);
    }
    CO_TRY(const int version, co_await ask_version(choice.program));
    if (version < kOldest) {
      co_return base::fail(
          base::ErrorKind::local_resource,
          fmt::format("{} is Java {}, and {} is the oldest that can be used", choice.program, version, kOldest), kHint);
    }
    std::string warning;
    if (code.runtime.substr(0, code.runtime.find('.')) != fmt::format("java{}", version)) {  // java8.al2
      warning = fmt::format("declared {}, runs on Java {} here ({})", code.runtime, version, choice.program);
    }
    if (!choice.wanted.empty()) {
      if (warning.empty()) warning = fmt::format("runs on {} here", choice.program);
      warning += fmt::format(": {} asks for {}, which is not installed", choice.file, choice.wanted);
    }
    co_return warning;
  }

  // What the projects have in their class paths is known after a build only, and the client is in few: it is fetched.
  awaitable<base::Result<std::vector<Download>>> missing(std::vector<FunctionCode> codes) override {
    const std::string folder = java_client_folder(own_environment_);
    std::error_code ignored;
    std::string maven;
    for (const auto& code : codes) maven = find_java_tool(JavaTool::maven, code, own_environment_);
    // Without Maven it has to be in the class path, or the build says so.
    if (maven.empty() || folder.empty() || fs::is_directory(folder, ignored)) co_return std::vector<Download>{};
    co_return std::vector<Download>{
        {.what = "AWS's runtime interface client for Java",
         .folder = folder,
         .command = {"/bin/sh", "-c",
                     "printf %s \"$2\" >pom.xml && exec \"$1\" -q -B \"$3:copy-dependencies\" -DoutputDirectory=.",
                     "sh", maven, java_client_pom(), kDependencyPlugin}}};
  }

  std::set<std::string> layout_inputs(const FunctionCode& code) const override { return java_inputs(code); }

  awaitable<BuildResult> build(FunctionCode code, std::string folder) override {
    const JavaTool tool = java_tool(code);
    if (tool == JavaTool::none) {
      BuildResult built;
      if (!code.build_command.empty()) built = co_await run_build_command(spawner_, own_environment_, code);
      if (built.ok) ready_[code.function] = {.classes = code.source, .class_path = class_path_of_folder(code.source)};
      co_return built.ok ? with_client(code.function, folder) : built;
    }
    auto& known = projects_[code.source];
    if (!known) known = std::make_shared<Project>();
    const std::shared_ptr<Project> project = known;
    while (project->running) co_await project->changed.wait();
    if (auto stamp = java_stamp(code); !project->result || project->stamp != stamp) {
      project->running = true;
      project->stamp = std::move(stamp);
      project->result = co_await build_project(*project, code, project_folder(code, folder));
      project->running = false;
      project->changed.notify_all();
    }
    if (!project->result->ok) co_return *project->result;
    ready_[code.function] = project->ready;
    co_return with_client(code.function, folder);
  }

  awaitable<base::Result<Debugger>> debugger(FunctionCode) override {
    co_return Debugger{.kind = Debugger::Kind::jdwp};
  }

  Program program(const FunctionCode& code, const std::string&, std::uint16_t debug_port) const override {
    const auto found = ready_.find(code.function);
    const Ready ready = found == ready_.end() ? Ready{} : found->second;
    const std::string java = find_java(code, own_environment_).program;
    const auto known = versions_.find(java);
    const int version = known == versions_.end() ? kOldest : known->second;
    Program program{.command = {"/bin/sh", "-c", kStart, java, fmt::format("{}", fmt::join(ready.class_path, ":"))},
                    .task_root = ready.classes,
                    .runtime_folder = loader_folder_};
    auto add = [&program](const std::vector<std::string>& arguments) {
      program.command.insert(program.command.end(), arguments.begin(), arguments.end());
    };
    // As Lambda starts it, by the process lists that others have published; the user's JAVA_TOOL_OPTIONS stay.
    add({"-XX:+UseSerialGC", "-Xshare:auto", "-Djava.net.preferIPv4Stack=true"});
    if (!ready.native.empty()) add({kNativeProperty + ready.native});
    if (version >= 9) add({"--add-opens=java.base/java.io=ALL-UNNAMED"});
    if (version >= 17) add({"-XX:TieredStopAtLevel=1"});
    if (debug_port != 0) add(java_arguments(debug_port));
    add({"com.amazonaws.services.lambda.runtime.api.client.AWSLambda", code.handler});
    return program;
  }

 private:
  // What a build leaves.
  struct Ready {
    std::string classes;  // the folder that is Lambda's task root
    std::vector<std::string> class_path;
    std::string native = {};  // the client's native library
  };

  // Many functions can be of one project: it is built once for each change.
  struct Project {
    bool running = false;
    base::Notifier changed;
    std::string stamp;  // of what the last build read
    std::optional<BuildResult> result;
    Ready ready;
    int builds = 0;
  };

  // The project's own place for what is built, beside those of the functions.
  static std::string project_folder(const FunctionCode& code, const std::string& folder) {
    std::string name = code.source.substr(1);
    std::replace(name.begin(), name.end(), '/', '.');
    return fs::path(folder).parent_path().string() + "/java/" + name;
  }

  awaitable<base::Result<int>> ask_version(std::string program) {
    if (const auto known = versions_.find(program); known != versions_.end()) co_return known->second;
    CO_TRY(auto answer,
           co_await run_tool(spawner_, {.command = {program, "-version"}, .environment = own_environment_}));
    const auto version = answer.ok ? parse_java_version(answer.text) : std::nullopt;
    if (!version) {
      co_return base::fail(base::ErrorKind::local_resource,
                           fmt::format("{} does not run Java: {}", program, answer.text), kHint);
    }
    co_return versions_[program] = *version;
  }

  // What builds it runs on the same Java.
  std::map<std::string, std::string> tool_environment(const FunctionCode& code) const {
    auto environment = own_environment_;
    const auto program = fs::path(find_java(code, own_environment_).program);
    if (program != os::find_program("java", variable(own_environment_, "PATH")))
      environment["JAVA_HOME"] = program.parent_path().parent_path().string();
    return environment;
  }

  awaitable<BuildResult> build_project(Project& project, FunctionCode code, std::string folder) {
    if (auto made = os::make_directories(folder); !made) co_return BuildResult{false, made.error().message, {}};
    std::vector<std::string> class_path;
    const bool maven = java_tool(code) == JavaTool::maven;
    auto built =
        maven ? co_await build_by_maven(code, folder, class_path) : co_await build_by_gradle(code, folder, class_path);
    built.output = without_resets(std::move(built.output));
    if (!built.ok) co_return built;
    std::vector<std::string> own;  // what the project compiled
    if (maven) own.push_back(code.source + "/target/classes");
    while (!class_path.empty() && class_path[0].starts_with(code.source + "/build/")) {  // by Gradle
      own.push_back(class_path[0]);
      class_path.erase(class_path.begin());
    }
    project.ready = {.classes = fmt::format("{}/classes/{}", folder, ++project.builds), .class_path = {}};
    if (project.builds == 1) os::remove_all(folder + "/classes");
    auto copied = co_await copy_classes(std::move(own), project.ready.classes);
    if (!copied.ok) co_return copied;
    class_path.insert(class_path.begin(), project.ready.classes);
    project.ready.class_path = std::move(class_path);
    co_return built;
  }

  // The class path is asked for when a pom.xml has changed; else Maven needs no network.
  awaitable<BuildResult> build_by_maven(FunctionCode code, std::string folder, std::vector<std::string>& class_path) {
    const std::string list = folder + "/classpath.txt";
    const std::string poms = poms_of(code);
    class_path = split_class_path(os::read_file(list).value_or(""));
    const bool known = os::read_file(folder + "/poms").value_or("") == poms && all_there(class_path);
    std::vector<std::string> command = {find_java_tool(JavaTool::maven, code, own_environment_), "-q", "-B", "compile"};
    if (known) {
      command.emplace_back("-o");
      auto built = co_await run_build_tool(spawner_, command, tool_environment(code), code.source);
      if (built.ok || built.output.find("offline mode") == std::string::npos) co_return built;
      command.pop_back();
    }
    command.push_back(fmt::format("{}:build-classpath", kDependencyPlugin));
    command.insert(command.end(), {"-DincludeScope=runtime", "-Dmdep.outputFile=" + list});
    auto built = co_await run_build_tool(spawner_, std::move(command), tool_environment(code), code.source);
    if (!built.ok) co_return built;
    class_path = split_class_path(os::read_file(list).value_or(""));
    if (auto kept = os::write_file(folder + "/poms", poms); !kept)
      co_return BuildResult{false, kept.error().message, {}};
    co_return built;
  }

  // classpath.gradle writes the class path, the project's own classes and resources first.
  awaitable<BuildResult> build_by_gradle(FunctionCode code, std::string folder, std::vector<std::string>& class_path) {
    const std::string list = folder + "/classpath.txt";
    auto built = co_await run_build_tool(
        spawner_,
        {find_java_tool(JavaTool::gradle, code, own_environment_), "-q", "--console=plain", "--init-script",
         loader_folder_ + "/classpath.gradle", "-Dlivelambda.classpath=" + list, "livelambdaClasspath"},
        tool_environment(code), code.source);
    if (built.ok) class_path = split_class_path(os::read_file(list).value_or(""));
    co_return built;
  }

  // A worker that runs ends on the classes that it began with, so they are copied.
  awaitable<BuildResult> copy_classes(std::vector<std::string> from, std::string to) {
    BuildResult copied;
    if (auto made = os::make_directories(to); !made) co_return BuildResult{false, made.error().message, {}};
    std::error_code ignored;
    for (const auto& folder : from) {
      if (!copied.ok || !fs::is_directory(folder, ignored)) continue;
      copied = co_await run_build_tool(spawner_, {"/bin/cp", "-R", folder + "/.", to}, own_environment_, to);
    }
    co_return copied;
  }

  // The client comes first: in Lambda too, the runtime's own classes win over the function's.
  BuildResult with_client(const std::string& function, const std::string& folder) {
    auto& ready = ready_[function];
    std::string jar = java_client_in(ready.class_path);
    if (jar.empty()) {
      const auto client = class_path_of_folder(java_client_folder(own_environment_));
      jar = java_client_in(client);
      ready.class_path.insert(ready.class_path.begin(), client.begin() + 1, client.end());
    }
    if (jar.empty()) {
      return {false,
              "AWS's runtime interface client for Java is not there: run `livelambda start --yes`, which has Maven "
              "fetch it, or "
              "add\ncom.amazonaws:aws-lambda-java-runtime-interface-client to the project",
              {}};
    }
    auto native = unpack_java_native(jar, fs::path(folder).parent_path().string() + "/java/native");
    if (!native) return {false, native.error().message, {}};
    ready.native = std::move(*native);
    return {};
  }

  os::Spawner& spawner_;
  std::map<std::string, std::string> own_environment_;
  std::string loader_folder_;
  std::map<std::string, int> versions_;                       // by the path of `java`
  std::map<std::string, std::shared_ptr<Project>> projects_;  // by folder
  std::map<std::string, Ready> ready_;                        // by function
};

}  // namespace

std::unique_ptr<Language> make_java(os::Spawner& spawner, std::map<std::string, std::string> own_environment,
                                    std::string loader_folder) {
  return std::make_unique<Java>(spawner, std::move(own_environment), std::move(loader_folder));
}

}  // namespace worker

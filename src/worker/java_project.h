// Java projects as they lie on disk: which tool builds one, what a build reads, and where its classes are. Looks at
// files, starts nothing.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "worker/function_code.h"

namespace worker {

enum class JavaTool {
  maven,   // pom.xml: `mvnw` from the function's folder up to the app's, else `mvn` on PATH
  gradle,  // build.gradle or build.gradle.kts: `gradlew` likewise, else `gradle` on PATH
  none,    // classes and jars as they lie there, as in a package of Lambda's
};

// A `build` of livelambda.yaml leaves classes.
JavaTool java_tool(const FunctionCode& code);

// Its path, "" if it is nowhere to be found.
std::string find_java_tool(JavaTool tool, const FunctionCode& code, const std::map<std::string, std::string>& own);

struct JavaChoice {
  std::string program = {};  // "" if there is none
  std::string wanted = {};   // the JDK that a file names and nobody has; else ""
  std::string file = {};     // that says so
};

// What the nearest .sdkmanrc or .tool-versions from the function's folder up to the app's names, as SDKMAN, asdf or
// mise have it; `java` of JAVA_HOME, else of PATH.
JavaChoice find_java(const FunctionCode& code, const std::map<std::string, std::string>& own_environment);

// 17 of `openjdk version "17.0.15" 2025-04-15`, 8 of "1.8.0_402": what `java -version` says.
std::optional<int> parse_java_version(std::string_view text);

// What a build by Maven or Gradle can read, as BuildResult::inputs: every folder below src but src/test, and what says
// how it is built, from the function's folder up to the app's. Empty without such a tool.
std::set<std::string> java_inputs(const FunctionCode& code);

// Changes when a file of java_inputs() does: names, sizes and times.
std::string java_stamp(const FunctionCode& code);

// The content of all pom.xml from the function's folder up to the app's: what the class path follows from.
std::string poms_of(const FunctionCode& code);

// Of a folder as Lambda has it: the folder, the jars in it and those in its lib.
std::vector<std::string> class_path_of_folder(const std::string& folder);

// The jars of AWS's runtime interface client, which starts handlers: in the cache's folder for it, which a Download
// makes.
std::string java_client_folder(const std::map<std::string, std::string>& own_environment);

// The pom.xml by which Maven fetches the client, with what it needs.
std::string java_client_pom();

// The client's jar in a class path, "" if it is not there.
std::string java_client_in(const std::vector<std::string>& class_path);

// The client's native library for this machine, out of its jar into `folder`, unless it is there. Left to itself, every
// worker would write it to the same file in /tmp, over that of those that run. "" if the jar has none.
base::Result<std::string> unpack_java_native(const std::string& jar, const std::string& folder);

}  // namespace worker

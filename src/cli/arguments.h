// The command line as a value.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "localcloud/apigateway/apigateway.h"
#include "session/worker_bounds.h"

namespace cli {

// Which app, on which stage.
struct AppArguments {
  std::string app_dir = ".";
  std::optional<std::string> stage;
  std::string template_file;
  std::map<std::string, std::string> parameters;  // of the template
};

// A command on an app in an account: what it does with it, and what it may do without asking.
struct AppCommand {
  enum class Verb { start, deploy, diff, remove, outputs };
  Verb verb = Verb::start;
  AppArguments app;
  std::string profile;
  std::string region;
  bool local = false;
  bool take_over = false;                           // start, deploy, remove: also stacks that livelambda did not make
  bool yes_really = false;                          // start, deploy, remove: also on a stage that is called production
  bool yes = false;                                 // remove: without asking
  std::string app_name;                             // remove: of an app that is not in the folder any more
  bool increase_timeout = false;                    // start
  std::optional<std::vector<std::string>> inspect;  // start: functions to debug; empty = every live one
  session::WorkerBounds workers;                    // start
  bool json = false;
  bool verbose = false;
};

struct RewriteCommand {
  AppArguments app;
  bool increase_timeout = false;
  std::optional<std::string> stack;  // which of several
  std::string output;                // a folder for all; "" = one goes to stdout
};

struct LocalCommand {
  std::uint16_t port = 0;
  std::string host_name;
  bool json = false;
  bool tls = false;
  std::string certificate_file;
  std::string key_file;
  bool test_clock = false;
  std::string access_key;  // "ID:SECRET" of the root user; "" = made fresh
  std::string record_websockets;
  localcloud::LargeMessages large_messages = localcloud::LargeMessages::continued;
  std::vector<std::string> node_modules;  // folders
  bool end_when_unused = false;
  bool verbose = false;
};

// What is in the app: nothing is changed.
struct FunctionsCommand {
  AppArguments app;
  bool json = false;
};

// Text to print and leave with status 0: --help, --version.
struct PrintCommand {
  std::string text;
};

using Command = std::variant<AppCommand, FunctionsCommand, RewriteCommand, LocalCommand, PrintCommand>;

// Errors: usage; of a misspelt command or option, the one that was probably meant is named.
base::Result<Command> parse_arguments(const std::vector<std::string>& arguments);

}  // namespace cli

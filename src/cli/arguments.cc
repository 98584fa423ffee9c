#include "cli/arguments.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

namespace cli {
namespace {

constexpr const char* kFooter = R"(
Examples:
  livelambda start --local                 run the app in this folder on a local cloud, no account needed
  livelambda start --stage dev-tom         run it live in your AWS account
  livelambda local --port 4571             a local cloud of its own, for aws, boto3 and tests

Environment: AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL, LIVELAMBDA_CA_FILE (PEM file to trust alone), NO_COLOR.
Exit status: 0 ended by Ctrl+C or SIGTERM, 1 internal error, 2 usage, 3 template or build, 4 credentials, region or
permissions, 5 deployment, 6 displaced by another session, 7 port or other local resource.)";

void describe(CLI::App& start, StartCommand& command) {
  start.add_option("--stage", command.stage, "Name of your own copy of the app (default: your user name, remembered)");
  start.add_option("--app-dir", command.app_dir, "Folder of the app, with its template")->capture_default_str();
  start.add_flag("--local", command.local, "Use a local cloud on this machine instead of an AWS account");
  start.add_flag("--json", command.json, "One JSON object per line on stdout (docs/json.md)");
  start.add_flag("--verbose,-v", command.verbose, "Say more, on stderr");
}

void describe(CLI::App& local, LocalCommand& command) {
  local.add_option("--port", command.port, "Port on 127.0.0.1 (default: any free one)");
  local.add_flag("--json", command.json, "One JSON object per line on stdout; the first says where it is");
  local.add_flag("--tls", command.tls, "Serve https and wss");
  auto* certificate = local.add_option("--tls-certificate", command.certificate_file,
                                       "PEM file with the certificate chain (default: made fresh)");
  auto* key = local.add_option("--tls-key", command.key_file, "PEM file with its key");
  certificate->needs(key);
  key->needs(certificate);
  local.add_flag("--test-clock", command.test_clock,
                 "Allow POST /_local/clock {\"advanceMs\":n} to turn its clock forward");
  local.add_option("--record-websockets", command.record_websockets,
                   "Append what WebSocket APIs carry to this file, as JSON lines");
  local.add_flag("--end-when-unused", command.end_when_unused,
                 "End 10 minutes after the last session that joined has died");
  local.add_flag("--verbose,-v", command.verbose, "Say more, on stderr");
}

}  // namespace

base::Result<Command> parse_arguments(const std::vector<std::string>& arguments) {
  CLI::App app("Live Lambda Development: your functions run on this machine, everything else stays in AWS.",
               "livelambda");
  app.set_version_flag("--version", "livelambda " LIVELAMBDA_VERSION);
  app.require_subcommand(1);
  StartCommand start_command;
  LocalCommand local_command;
  CLI::App* start = app.add_subcommand("start", "Deploy the app with stubs and run its functions here, live");
  CLI::App* local = app.add_subcommand("local", "Run a small, strict AWS on this machine");
  app.footer(kFooter);  // after the subcommands, which would take it over
  describe(*start, start_command);
  describe(*local, local_command);
  bool is_word = !arguments.empty() && !arguments.front().starts_with('-');
  if (is_word && arguments.front() != start->get_name() && arguments.front() != local->get_name()) {
    return base::fail(base::ErrorKind::usage, fmt::format("there is no command '{}'", arguments.front()),
                      "`livelambda --help` lists what there is.");
  }
  try {  // CLI11 reports by exceptions; they end here.
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    CLI::App* shown = start->parsed() ? start : local->parsed() ? local : &app;
    return PrintCommand{shown->help(shown == &app ? "" : "livelambda")};
  } catch (const CLI::CallForVersion&) {
    return PrintCommand{"livelambda " LIVELAMBDA_VERSION "\n"};
  } catch (const CLI::ParseError& error) {
    std::string name = start->parsed() ? "livelambda start" : local->parsed() ? "livelambda local" : "livelambda";
    return base::fail(base::ErrorKind::usage, error.what(), fmt::format("`{} --help` lists what there is.", name));
  }
  if (start->parsed()) return start_command;
  return local_command;
}

}  // namespace cli

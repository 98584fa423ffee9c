#include "cli/arguments.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <numeric>
#include <utility>

namespace cli {
namespace {

constexpr const char* kFooter = R"(
Examples:
  livelambda start --local                 run the app in this folder on a local cloud, no account needed
  livelambda start --stage dev-tom         run it live in your AWS account
  livelambda deploy --stage dev-tom        give the stage its real code
  livelambda remove --stage dev-tom        delete the stage, and everything livelambda made for it
  livelambda functions                     what is in the app: source, live or not and why
  livelambda local --port 4571             a local cloud of its own, for aws, boto3 and tests

Environment: AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL and what else AWS's tools read; LIVELAMBDA_CA_FILE (PEM file to
trust alone), NO_COLOR.
Exit status: 0 done (start: ended by Ctrl+C or SIGTERM), 1 internal error, 2 usage, 3 template or build, 4 credentials,
region or permissions, 5 deployment, or interrupted, 6 displaced by another session, 7 port or other local resource.)";

constexpr std::size_t kMisspelt = 2;  // letters

struct Verb {
  AppCommand::Verb verb;
  const char* name;
  const char* description;
};
constexpr Verb kVerbs[] = {
    {AppCommand::Verb::start, "start", "Deploy the app with stubs and run its functions here, live"},
    {AppCommand::Verb::deploy, "deploy", "Deploy the app with its real code"},
    {AppCommand::Verb::diff, "diff", "Show what a deployment would change"},
    {AppCommand::Verb::remove, "remove", "Delete the app's stacks of a stage, and what livelambda made for it"},
    {AppCommand::Verb::outputs, "outputs", "Print the outputs of the app's stacks"},
};

void describe(CLI::App& command, AppArguments& app) {
  command.add_option("--stage", app.stage, "Name of your own copy of the app (default: your user name, remembered)");
  command.add_option("--app-dir", app.app_dir, "Folder of the app")->capture_default_str();
  command.add_option("--template", app.template_file, "The template, if it is not template.yaml in the app's folder");
  command
      .add_option_function<std::vector<std::string>>(
          "--parameter",
          [&app](const std::vector<std::string>& pairs) {
            for (const std::string& pair : pairs) {
              std::size_t equals = pair.find('=');
              if (equals == std::string::npos || equals == 0) {
                throw CLI::ValidationError("--parameter", fmt::format("'{}' is not KEY=VALUE", pair));
              }
              app.parameters[pair.substr(0, equals)] = pair.substr(equals + 1);
            }
          },
          "Value of a parameter of the template; may be given again")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

void describe(CLI::App& subcommand, AppCommand& command, AppCommand::Verb verb) {
  using enum AppCommand::Verb;
  describe(subcommand, command.app);
  subcommand.add_option("--profile", command.profile, "Profile of AWS's shared files (default: AWS_PROFILE)");
  subcommand.add_option("--region", command.region, "Region (default: AWS_REGION, else the profile's)");
  subcommand.add_flag("--local", command.local, "Use a local cloud on this machine instead of an AWS account");
  if (verb == start || verb == deploy || verb == remove) {
    subcommand.add_flag("--take-over", command.take_over, "Also stacks that livelambda did not make");
  }
  if (verb == start) {
    subcommand.add_flag("--increase-timeout", command.increase_timeout,
                        "Give live functions 900 seconds, for debuggers");
    subcommand
        .add_option_function<std::vector<std::string>>(
            "--inspect",
            [&command](const std::vector<std::string>& names) {
              command.inspect.emplace(names);
              std::erase(*command.inspect, std::string());
            },
            "Run this function under its language's debugger, or all without a name; may be given again "
            "(docs/debugging.md)")
        ->expected(0, 1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->type_name("[FUNCTION]")
        ->allow_extra_args(false);
    subcommand.add_flag("!--no-memory-limit", command.workers.limit_memory,
                        "Let a worker have more memory than its function's MemorySize");
    subcommand
        .add_option("--idle-workers", command.workers.idle_per_function,
                    "So many workers of a function are kept while they are idle")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    subcommand
        .add_option("--idle-memory", command.workers.idle_memory_mb, "So many MB all idle workers may have together")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
  }
  if (verb == start || verb == deploy || verb == remove) {
    subcommand.add_flag("--yes-really", command.yes_really, "Also on a stage called prod, production or live");
  }
  if (verb == remove) {
    subcommand.add_flag("--yes,-y", command.yes, "Do not ask");
    subcommand.add_option("--app", command.app_name,
                          "The app's name, if it is gone from its folder: its stacks are found by their tags");
  }
  if (verb == start) {
    subcommand.add_flag("--yes,-y", command.yes, "Fetch what Lambda brings along (docs/runtimes.md) without asking");
  }
  subcommand.add_flag("--json", command.json, "One JSON object per line on stdout (docs/json.md)");
  subcommand.add_flag("--verbose,-v", command.verbose, "Say more, on stderr");
}

void describe(CLI::App& rewrite, RewriteCommand& command) {
  describe(rewrite, command.app);
  rewrite.add_flag("--increase-timeout", command.increase_timeout, "Give live functions 900 seconds, for debuggers");
  rewrite.add_option("--stack", command.stack, "Which stack's template, if the app has several (nested: PARENT/ID)");
  rewrite.add_option("--output", command.output, "Write every template into this folder instead");
}

void describe(CLI::App& local, LocalCommand& command) {
  local.add_option("--port", command.port, "Port on 127.0.0.1 (default: any free one)");
  local.add_option("--host-name", command.host_name,
                   "Name in the addresses it gives, which leads to 127.0.0.1 (default: 127.0.0.1)");
  local.add_flag("--json", command.json, "One JSON object per line on stdout; the first says where it is");
  local.add_flag("--tls", command.tls, "Serve https and wss");
  auto* certificate = local.add_option("--tls-certificate", command.certificate_file,
                                       "PEM file with the certificate chain (default: made fresh)");
  auto* key = local.add_option("--tls-key", command.key_file, "PEM file with its key");
  certificate->needs(key);
  key->needs(certificate);
  local.add_flag("--test-clock", command.test_clock,
                 "Allow POST /_local/clock {\"advanceMs\":n} to turn its clock forward");
  local.add_option("--access-key", command.access_key, "Access key of its root user (default: made fresh)")
      ->type_name("ID:SECRET")
      ->check([](const std::string& key) {
        std::size_t colon = key.find(':');
        bool both = colon != std::string::npos && colon > 0 && colon + 1 < key.size();
        return both ? std::string() : std::string("it has to be ID:SECRET");
      });
  local.add_option("--record-websockets", command.record_websockets,
                   "Append what WebSocket APIs carry to this file, as JSON lines");
  using enum localcloud::LargeMessages;
  const std::map<std::string, localcloud::LargeMessages> ways{
      {"continued", continued}, {"whole", whole}, {"refused", refused}};
  local
      .add_option("--large-messages", command.large_messages,
                  "How a message of more than 32 KB leaves @connections: continued (in frames of 32 KB), whole (in one "
                  "frame), or refused (its connection is closed with 1009)")
      ->transform(CLI::CheckedTransformer(ways))
      ->type_name("WAY");
  local
      .add_option(
          "--node-modules", command.node_modules,
          "A folder of packages that Node.js functions find last, as they find Lambda's AWS SDK; may be repeated")
      ->type_name("DIR");
  local.add_flag("--end-when-unused", command.end_when_unused,
                 "End 10 minutes after the last session that joined has died");
  local.add_flag("--verbose,-v", command.verbose, "Say more, on stderr");
}

// How many letters have to be put in, left out or changed to make one word of the other.
std::size_t letters_between(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, changed}));
    }
  }
  return row.back();
}

base::Error unknown(std::string_view what, const std::string& word, const std::vector<std::string>& names,
                    std::string_view command) {
  base::Error error{.kind = base::ErrorKind::usage,
                    .message = fmt::format("there is no {} '{}'", what, word),
                    .hint = fmt::format("`{} --help` lists what there is.", command)};
  auto closest = std::ranges::min_element(names, {}, [&](const auto& name) { return letters_between(word, name); });
  if (closest != names.end() && letters_between(word, *closest) <= kMisspelt) {
    error.hint = fmt::format("Did you mean {}? {}", *closest, error.hint);
  }
  return error;
}

// What the parser has left over, in the order in which it was given.
base::Error unexpected(const CLI::App& command, const std::vector<std::string>& arguments, const std::string& name) {
  auto left = command.remaining(true);
  auto is_left = [&](const std::string& one) { return std::ranges::find(left, one) != left.end(); };
  auto first = std::ranges::find_if(arguments, is_left);
  std::string word = first == arguments.end() ? std::string() : first->substr(0, first->find('='));
  if (!word.starts_with('-')) {
    return {.kind = base::ErrorKind::usage,
            .message = fmt::format("'{}' was not expected", word),
            .hint = fmt::format("`{} --help` lists what there is.", name)};
  }
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& one : option->get_lnames()) names.push_back("--" + one);
  }
  return unknown("option", word, names, name);
}

}  // namespace

base::Result<Command> parse_arguments(const std::vector<std::string>& arguments) {
  CLI::App app("Live Lambda Development: your functions run on this machine, everything else stays in AWS.",
               "livelambda");
  app.set_version_flag("--version", "livelambda " LIVELAMBDA_VERSION);
  app.require_subcommand(1);
  app.fallthrough(false);
  AppCommand app_command;
  RewriteCommand rewrite_command;
  FunctionsCommand functions_command;
  LocalCommand local_command;
  for (const Verb& verb : kVerbs) {
    CLI::App* subcommand = app.add_subcommand(verb.name, verb.description);
    describe(*subcommand, app_command, verb.verb);
    subcommand->parse_complete_callback([&app_command, &verb] { app_command.verb = verb.verb; });
  }
  describe(*app.add_subcommand("rewrite", "Print the template that start would deploy"), rewrite_command);
  CLI::App* functions = app.add_subcommand("functions", "List the app's functions: source, live or not and why");
  describe(*functions, functions_command.app);
  functions->add_flag("--json", functions_command.json, "One JSON object per function on stdout (docs/json.md)");
  describe(*app.add_subcommand("local", "Run a small, strict AWS on this machine"), local_command);
  app.footer(kFooter);  // after the subcommands, which would take it over
  bool is_word = !arguments.empty() && !arguments.front().starts_with('-');
  auto is_named = [&arguments](const CLI::App* one) { return one->get_name() == arguments.front(); };
  if (is_word && app.get_subcommands(is_named).empty()) {
    std::vector<std::string> names;
    for (const CLI::App* one : app.get_subcommands({})) names.push_back(one->get_name());
    return base::fail(unknown("command", arguments.front(), names, "livelambda"));
  }
  auto parsed = [&app]() -> CLI::App* {
    auto commands = app.get_subcommands();
    return commands.empty() ? nullptr : commands.front();
  };
  try {  // CLI11 reports by exceptions; they end here.
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    return PrintCommand{parsed() == nullptr ? app.help() : parsed()->help("livelambda")};
  } catch (const CLI::CallForVersion&) {
    return PrintCommand{"livelambda " LIVELAMBDA_VERSION "\n"};
  } catch (const CLI::ParseError& error) {
    if (arguments.empty()) {
      return base::fail(base::ErrorKind::usage, "a command is needed", "`livelambda --help` lists what there is.");
    }
    if (parsed() == nullptr) return base::fail(unexpected(app, arguments, "livelambda"));
    std::string name = "livelambda " + parsed()->get_name();
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
      return base::fail(unexpected(*parsed(), arguments, name));
    }
    return base::fail(base::ErrorKind::usage, error.what(), fmt::format("`{} --help` lists what there is.", name));
  }
  if (parsed() == functions) return functions_command;
  if (parsed()->get_name() == "local") return local_command;
  if (parsed()->get_name() == "rewrite") return rewrite_command;
  return app_command;
}

}  // namespace cli

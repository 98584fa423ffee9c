// livelambda: parse, then run the command. What happens in each stands in its …_command.cc.
#include <fmt/format.h>
#include <unistd.h>

#include <exception>

#include "cli/app_command.h"
#include "cli/arguments.h"
#include "cli/embedded.h"
#include "cli/exit_status.h"
#include "cli/functions_command.h"
#include "cli/local_command.h"
#include "cli/rewrite_command.h"
#include "cli/terminal.h"
#include "cli/terminal_reporter.h"
#include "net/resolver_setup.h"

namespace {

int run(const cli::PrintCommand& command) {
  fmt::print("{}", command.text);
  return 0;
}
int run(const cli::AppCommand& command) {
  return cli::run_app_command(command, cli::embedded_assets());
}
int run(const cli::RewriteCommand& command) {
  return cli::run_rewrite(command);
}
int run(const cli::FunctionsCommand& command) {
  return cli::run_functions(command);
}
int run(const cli::LocalCommand& command) {
  return cli::run_local(command, cli::embedded_assets());
}

}  // namespace

int main(int argc, char** argv) {
  net::look_names_up_without_modules();
  try {
    auto command = cli::parse_arguments({argv + 1, argv + argc});
    if (!command) {
      fmt::print(stderr, "{}", cli::to_terminal_text(command.error(), cli::wants_color(STDERR_FILENO)));
      return static_cast<int>(cli::exit_status_of(command.error().kind));
    }
    return std::visit([](const auto& one) { return run(one); }, *command);
  } catch (const std::exception& error) {
    fmt::print(stderr, "livelambda: internal error: {}\n  Please report it with what you did.\n", error.what());
    return static_cast<int>(cli::ExitStatus::internal_error);
  }
}

#include "cli/rewrite_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>

#include "base/task_group.h"
#include "cli/exit_status.h"
#include "cli/login_name.h"
#include "cli/terminal.h"
#include "cli/terminal_reporter.h"
#include "os/files.h"
#include "os/spawner.h"
#include "project/toolchain.h"
#include "session/plan.h"
#include "session/text.h"

namespace cli {
namespace {

using base::awaitable;

// A rewritten template with the stack that it comes of, those of nested stacks too.
struct Template {
  const app::Stack* stack;
  const app::Rewritten* rewritten;
};

void collect(const app::Stack& stack, const app::Rewritten& rewritten, std::vector<Template>& templates) {
  templates.push_back({&stack, &rewritten});
  for (const app::Rewritten& nested : rewritten.nested) {
    auto child = std::ranges::find(stack.nested, nested.stack_id, &app::Stack::id);
    if (child != stack.nested.end()) collect(*child, nested, templates);
  }
}

std::string file_name(const app::Stack& stack) {
  std::string name = stack.id.empty() ? "template" : stack.id;
  std::ranges::replace(name, '/', '.');
  return name + ".json";
}

void say(const Template& one) {
  auto print = [&one](const char* kind, int line, std::string_view id, std::string_view text) {
    fmt::print(stderr, "{}: {}{}{}{}\n", kind, session::place_text(one.stack->template_file, line), id,
               id.empty() ? "" : ": ", text);
  };
  for (const codec::DuplicateKey& twice : one.stack->document.duplicates) {
    print("warning", twice.line, "",
          fmt::format("{} stood already in line {}; this one counts", twice.key, twice.first_line));
  }
  for (const app::Diagnostic& diagnostic : one.rewritten->diagnostics) {
    print("warning", diagnostic.line, diagnostic.logical_id, diagnostic.message);
  }
  for (const app::Function& function : one.stack->functions) {
    if (!function.live) print("note", function.line, function.logical_id, app::to_string(function.why_not));
  }
}

std::string ids_of(const std::vector<Template>& templates) {
  std::string ids;
  for (const Template& one : templates) {
    if (!one.stack->id.empty()) ids += (ids.empty() ? "" : ", ") + one.stack->id;
  }
  return ids;
}

base::Result<> write_all(const std::vector<Template>& templates, const std::string& folder) {
  TRY(os::make_directories(folder));
  for (const Template& one : templates) {
    TRY(os::write_file(fmt::format("{}/{}", folder, file_name(*one.stack)),
                       codec::to_pretty_text(one.rewritten->document)));
  }
  return {};
}

// The one that was asked for by its stack's id, or the app's only one.
base::Result<const app::Rewritten*> choose(const std::vector<Template>& templates, std::size_t roots,
                                           const std::optional<std::string>& id) {
  if (!id && roots == 1) return templates.front().rewritten;
  for (const Template& one : templates) {
    if (id && one.stack->id == *id) return one.rewritten;
  }
  std::string ids = ids_of(templates);
  return base::fail(base::ErrorKind::usage,
                    id ? fmt::format("there is no stack {}", *id) : fmt::format("the app has {} stacks", roots),
                    ids.empty() ? "It has one, which has no id: leave --stack out."
                                : fmt::format("Choose one by --stack ({}), or write all by --output.", ids));
}

base::Result<> print_templates(const app::Application& application, const session::Plan& plan,
                               const RewriteCommand& command) {
  std::vector<Template> templates;
  for (std::size_t i = 0; i < plan.size(); ++i) collect(application.stacks[i], plan[i].rewritten, templates);
  for (const Template& one : templates) say(one);
  if (!command.output.empty()) return write_all(templates, command.output);
  TRY(const app::Rewritten* chosen, choose(templates, plan.size(), command.stack));
  if (!chosen->nested.empty()) {
    fmt::print(stderr, "note: its nested templates are not printed: --output DIR writes them all\n");
  }
  fmt::print("{}", codec::to_pretty_text(chosen->document));
  return {};
}

awaitable<base::Result<>> rewrite(RewriteCommand command, os::Spawner& spawner) {
  auto environment = os::own_environment();
  CO_TRY(auto folder, project::open_app_folder(command.app.app_dir, command.app.stage, login_name(environment),
                                               command.app.template_file));
  auto toolchain =
      project::make_toolchain({.folder = std::move(folder),
                               .parameters = command.app.parameters,
                               .environment = environment,
                               .spawner = &spawner,
                               .on_output = [](const std::string& line) { fmt::print(stderr, "{}\n", line); }});
  CO_TRY(auto application, co_await toolchain->read(project::Purpose::live));
  CO_TRY(auto plan, session::plan_live(application, command.increase_timeout));
  co_return print_templates(application, plan, command);
}

awaitable<void> run(RewriteCommand command, os::Spawner& spawner, base::Result<>* outcome) {
  *outcome = co_await rewrite(std::move(command), spawner);
}

}  // namespace

int run_rewrite(const RewriteCommand& command) {
  boost::asio::io_context loop(1);
  auto spawner = os::make_spawner(loop.get_executor());
  base::Result<> outcome;
  base::run_until_done(loop, run(command, *spawner, &outcome));
  if (outcome) return 0;
  fmt::print(stderr, "{}", to_terminal_text(outcome.error(), wants_color(STDERR_FILENO)));
  return static_cast<int>(exit_status_of(outcome.error().kind));
}

}  // namespace cli

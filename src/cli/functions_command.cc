#include "cli/functions_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <filesystem>
#include <map>
#include <utility>

#include "app/references.h"
#include "app/settings.h"
#include "app/source_file.h"
#include "base/task_group.h"
#include "cli/exit_status.h"
#include "cli/json_reporter.h"
#include "cli/login_name.h"
#include "cli/terminal.h"
#include "cli/terminal_reporter.h"
#include "os/spawner.h"
#include "project/app_folder.h"
#include "project/toolchain.h"
#include "session/function_code.h"
#include "worker/worker.h"

namespace cli {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using base::awaitable;

struct Listed {
  const app::Stack* stack;
  const app::Function* function;
  std::string source;   // absolute; the file to edit, else the folder or file with the code; "" if it is not here
  int source_line = 0;  // where the code begins in it, if it is only a part of it: inline code
  std::string note;     // what is to be said of running it here; "" if nothing
};

struct Listing {
  std::string folder;
  app::Application application;
  std::map<const app::Function*, std::string> notes;
};

// Of each live function: another interpreter than is declared, a missing tool.
awaitable<void> check(Listing& listing, std::map<std::string, std::string> environment, os::Spawner& spawner) {
  const base::SystemClock clock;
  const auto launcher =
      worker::make_launcher(co_await asio::this_coro::executor, spawner, clock,
                            {.loaders = {}, .builds = {}, .ca_file = {}, .own_environment = environment});
  std::vector<std::pair<const app::Stack*, const app::Function*>> live;
  for (const app::Stack& root : listing.application.stacks) {
    app::for_each_stack(root, [&live](const app::Stack& stack) {
      for (const app::Function& function : stack.functions) {
        if (function.live) live.emplace_back(&stack, &function);
      }
    });
  }
  for (const auto& [stack, function] : live) {
    auto warning = co_await launcher->check(session::function_code(*stack, *function, listing.folder));
    listing.notes[function] = warning ? std::move(*warning) : "cannot run here yet: " + warning.error().message;
  }
  co_await launcher->close();
}

awaitable<base::Result<Listing>> read_app(AppArguments arguments, os::Spawner* spawner) {
  auto environment = os::own_environment();
  CO_TRY(auto folder, project::open_app_folder(arguments.app_dir, arguments.stage, login_name(environment),
                                               arguments.template_file));
  auto toolchain =
      project::make_toolchain({.folder = folder,
                               .parameters = arguments.parameters,
                               .environment = environment,
                               .spawner = spawner,
                               .on_output = [](const std::string& line) { fmt::print(stderr, "{}\n", line); }});
  Listing listing{.folder = folder.path, .application = {}, .notes = {}};
  CO_TRY(listing.application, co_await toolchain->read(project::Purpose::list));
  CO_TRY(app::check_functions(folder.settings, listing.application));
  co_await check(listing, std::move(environment), *spawner);
  co_return listing;
}

awaitable<void> run(AppArguments arguments, os::Spawner* spawner, base::Result<Listing>* listing) {
  *listing = co_await read_app(std::move(arguments), spawner);
}

// Of the template; 0 if its lines are not the user's (serverless.yml is compiled to another).
int inline_line(const app::Stack& stack, const app::Function& function) {
  const std::string properties = app::pointer({"Resources", function.logical_id, "Properties"});
  return stack.document.line_of(properties + (function.serverless ? "/InlineCode" : "/Code/ZipFile"));
}

std::string source_of(const app::Stack& stack, const app::Function& function) {
  if (function.inline_code) return stack.template_file;
  if (function.source.empty()) return {};
  fs::path folder = fs::path(stack.template_file).parent_path();
  std::error_code error;
  for (const std::string& candidate : app::source_candidates(function)) {
    fs::path path = (folder / candidate).lexically_normal();
    if (fs::is_regular_file(path, error)) return path.string();
  }
  return (folder / function.source).lexically_normal().string();
}

std::vector<Listed> collect(const Listing& listing) {
  std::vector<Listed> listed;
  for (const app::Stack& root : listing.application.stacks) {
    app::for_each_stack(root, [&](const app::Stack& stack) {
      for (const app::Function& function : stack.functions) {
        const auto note = listing.notes.find(&function);
        listed.push_back({&stack, &function, source_of(stack, function),
                          function.inline_code ? inline_line(stack, function) : 0,
                          note == listing.notes.end() ? std::string() : note->second});
      }
    });
  }
  return listed;
}

std::string name_of(const Listed& one) {
  const std::string& construct = one.function->construct_path;
  return construct.empty() ? one.stack->path_of(*one.function) : construct;
}

boost::json::object to_json(const Listed& one) {
  const app::Function& function = *one.function;
  boost::json::object object{{"event", "function"},
                             {"function", one.stack->path_of(function)},
                             {"stack", one.stack->name},
                             {"logicalId", function.logical_id},
                             {"constructPath", function.construct_path},
                             {"runtime", function.runtime},
                             {"handler", function.handler},
                             {"architecture", app::to_string(function.architecture)},
                             {"source", one.source},
                             {"file", one.stack->template_file},
                             {"line", function.line},
                             {"live", function.live}};
  if (one.source_line > 0) object["sourceLine"] = one.source_line;
  if (!one.note.empty()) object["note"] = one.note;
  if (!function.live) {
    object["reason"] = app::to_string(function.why_not.reason);
    object["why"] = app::to_string(function.why_not);
  }
  return object;
}

std::string verdict_of(const Listed& one) {
  if (!one.function->live) return app::to_string(one.function->why_not);
  return one.note.empty() ? "live" : "live, " + one.note;
}

void print_table(const std::vector<Listed>& listed, const std::string& folder) {
  bool aligned = ::isatty(STDOUT_FILENO) == 1;
  std::vector<std::vector<std::string>> rows;
  if (aligned) rows.push_back({"FUNCTION", "RUNTIME", "HANDLER", "SOURCE", "LIVE"});
  auto or_dash = [](const std::string& text) { return text.empty() ? "-" : text; };
  for (const Listed& one : listed) {
    std::string source = one.source.empty() ? "" : fs::path(one.source).lexically_relative(folder).string();
    if (one.source_line > 0) source += fmt::format(":{}", one.source_line);
    rows.push_back({name_of(one), or_dash(one.function->runtime), or_dash(one.function->handler), or_dash(source),
                    verdict_of(one)});
  }
  fmt::print("{}", columns(rows, aligned));
}

}  // namespace

std::string columns(const std::vector<std::vector<std::string>>& rows, bool aligned) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      bool last = i + 1 == row.size();
      if (aligned && !last) {
        text += fmt::format("{:<{}}  ", row[i], widths[i]);
      } else {
        text += row[i];
        text += last ? '\n' : '\t';
      }
    }
  }
  return text;
}

int run_functions(const FunctionsCommand& command) {
  base::SystemClock clock;
  JsonReporter json(stdout, clock);
  asio::io_context loop(1);
  auto spawner = os::make_spawner(loop.get_executor());
  base::Result<Listing> listing;
  base::run_until_done(loop, run(command.app, spawner.get(), &listing));
  if (!listing) {
    if (command.json) {
      json.error(listing.error());
    } else {
      fmt::print(stderr, "{}", to_terminal_text(listing.error(), wants_color(STDERR_FILENO)));
    }
    return static_cast<int>(exit_status_of(listing.error().kind));
  }
  const auto listed = collect(*listing);
  if (command.json) {
    for (const Listed& one : listed) json.write(to_json(one));
  } else if (listed.empty()) {
    fmt::print(stderr, "livelambda: the app has no functions\n");
  } else {
    print_table(listed, listing->folder);
  }
  return static_cast<int>(ExitStatus::ok);
}

}  // namespace cli

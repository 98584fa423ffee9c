#include "worker/ruby.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "worker/build_command.h"
#include "worker/folders.h"
#include "worker/tool.h"
#include "worker/versions.h"

namespace worker {

namespace {

namespace fs = std::filesystem;

constexpr std::pair kOldest(3, 1);
constexpr const char* kHint = "install Ruby 3.1 or later, with rbenv or your system's package";
constexpr const char* kQuestion = "puts RbConfig.ruby, RUBY_VERSION";

struct Interpreter {
  std::string program;  // itself, where what was found is a shim
  int major = 0;
  int minor = 0;
};

// "/usr/bin/ruby3.1\n3.1.2\n".
std::optional<Interpreter> parse_answer(std::string_view text) {
  const auto line = text.find('\n');
  if (!text.starts_with('/') || line == std::string_view::npos) return std::nullopt;
  const auto version = text.substr(line + 1);
  const auto dot = version.find('.');
  const auto second = version.find('.', dot + 1);
  if (dot == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
  const auto major = parse_number(version.substr(0, dot));
  const auto minor = parse_number(version.substr(dot + 1, second - dot - 1));
  if (!major || !minor) return std::nullopt;
  return Interpreter{std::string(text.substr(0, line)), *major, *minor};
}

std::string of_version(const std::string& wanted, const std::map<std::string, std::string>& own) {
  const auto data = variable_or_home(own, "XDG_DATA_HOME", "/.local/share");
  const std::vector<Installations> places = {
      {variable_or_home(own, "RBENV_ROOT", "/.rbenv") + "/versions", "", "bin/ruby"},
      {variable_or_home(own, "ASDF_DATA_DIR", "/.asdf") + "/installs/ruby", "", "bin/ruby"},
      {data + "/mise/installs/ruby", "", "bin/ruby"}};
  if (auto found = find_installed(places, wanted); !found.empty()) return found;
  const auto numbers = version_numbers(wanted);
  if (numbers.size() < 2) return {};
  return os::find_program(fmt::format("ruby{}.{}", numbers[0], numbers[1]), variable(own, "PATH"));
}

class Ruby final : public Language {
 public:
  Ruby(os::Spawner& spawner, std::map<std::string, std::string> own_environment, std::string loader_folder)
      : spawner_(spawner), own_environment_(std::move(own_environment)), loader_folder_(std::move(loader_folder)) {}

  bool runs(const FunctionCode& code) const override { return code.runtime.starts_with("ruby"); }
  bool is_built(const FunctionCode& code) const override { return !code.build_command.empty(); }
  awaitable<BuildResult> build(FunctionCode code, std::string) override {
    co_return co_await run_build_command(spawner_, own_environment_, std::move(code));
  }

  awaitable<base::Result<std::string>> check(FunctionCode code) override {
    const auto choice = find_ruby(code, own_environment_);
    if (choice.program.empty()) {
      co_return base::fail(base::ErrorKind::local_resource, "Ruby was not found: there is no `ruby` on PATH", kHint);
    }
    CO_TRY(auto interpreter, co_await ask(choice.program));
    const std::string version = fmt::format("{}.{}", interpreter.major, interpreter.minor);
    if (std::pair(interpreter.major, interpreter.minor) < kOldest) {
      co_return base::fail(
          base::ErrorKind::local_resource,
          fmt::format("{} is Ruby {}, and 3.1 is the oldest that can be used", choice.program, version), kHint);
    }
    std::string warning;
    if (code.runtime != "ruby" + version) {
      warning = fmt::format("declared {}, runs on Ruby {} here ({})", code.runtime, version, choice.program);
    }
    if (!choice.wanted.empty()) {
      if (warning.empty()) warning = fmt::format("runs on {} here", choice.program);
      warning += fmt::format(": {} asks for {}, which is not installed", choice.file, choice.wanted);
    }
    co_return warning;
  }

  Program program(const FunctionCode& code, const std::string&, std::uint16_t) const override {
    const auto known = interpreters_.find(find_ruby(code, own_environment_).program);
    Interpreter interpreter{.program = "ruby"};
    if (known != interpreters_.end()) interpreter = known->second;
    Program program{.command = {interpreter.program}, .task_root = code.source, .runtime_folder = loader_folder_};
    // They are part of a message since Ruby 3.2 no more, which no Ruby of Lambda's is older than.
    if (interpreter.minor == 1) program.command.emplace_back("--disable=did_you_mean,error_highlight");
    program.command.push_back(loader_folder_ + "/bootstrap.rb");
    if (auto gemfile = find_gemfile(code); !gemfile.empty())
      program.environment["LIVELAMBDA_GEMFILE"] = std::move(gemfile);
    return program;
  }

 private:
  awaitable<base::Result<Interpreter>> ask(std::string found) {
    if (auto known = interpreters_.find(found); known != interpreters_.end()) co_return known->second;
    CO_TRY(auto answer,
           co_await run_tool(spawner_, {.command = {found, "-e", kQuestion}, .environment = own_environment_}));
    auto interpreter = answer.ok ? parse_answer(answer.text) : std::nullopt;
    if (!interpreter) {
      co_return base::fail(base::ErrorKind::local_resource, fmt::format("{} does not run Ruby: {}", found, answer.text),
                           kHint);
    }
    co_return interpreters_[found] = *interpreter;
  }

  os::Spawner& spawner_;
  std::map<std::string, std::string> own_environment_;
  std::string loader_folder_;
  std::map<std::string, Interpreter> interpreters_;  // by the path that was found
};

}  // namespace

std::unique_ptr<Language> make_ruby(os::Spawner& spawner, std::map<std::string, std::string> own_environment,
                                    std::string loader_folder) {
  return std::make_unique<Ruby>(spawner, std::move(own_environment), std::move(loader_folder));
}

RubyChoice find_ruby(const FunctionCode& code, const std::map<std::string, std::string>& own_environment) {
  RubyChoice choice;
  for (const auto& folder : folders_up(code.source, code.app_folder)) {
    choice.file = folder + "/.ruby-version";
    choice.wanted = first_word(choice.file);
    if (choice.wanted.starts_with("ruby-")) choice.wanted.erase(0, 5);
    if (choice.wanted.empty()) {
      choice.file = folder + "/.tool-versions";
      choice.wanted = tool_version(choice.file, "ruby");
    }
    if (choice.wanted.empty()) continue;
    choice.program = of_version(choice.wanted, own_environment);
    if (!choice.program.empty()) return {.program = std::move(choice.program)};
    break;
  }
  choice.program = os::find_program("ruby", variable(own_environment, "PATH"));
  return choice;
}

std::string find_gemfile(const FunctionCode& code) {
  std::error_code error;
  if (fs::is_directory(code.source + "/vendor/bundle/ruby", error)) return {};
  for (const auto& folder : folders_up(code.source, code.app_folder)) {
    std::string gemfile = folder + "/Gemfile";
    if (is_file(gemfile)) return gemfile;
  }
  return {};
}

}  // namespace worker

#include "worker/ruby.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "os/files.h"
#include "worker/build_command.h"
#include "worker/folders.h"
#include "worker/tool.h"

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

// "3.3.4" of a .ruby-version, which may say "ruby-3.3.4".
std::string wanted_version(const std::string& folder) {
  const auto text = os::read_file(folder + "/.ruby-version");
  if (!text) return {};
  std::string version = text->substr(0, text->find_first_of(" \t\r\n"));
  if (version.starts_with("ruby-")) version.erase(0, 5);
  return version;
}

std::string of_version(const std::string& wanted, const std::map<std::string, std::string>& own_environment) {
  std::string rbenv = variable(own_environment, "RBENV_ROOT");
  if (rbenv.empty()) rbenv = variable(own_environment, "HOME") + "/.rbenv";
  std::string program = fmt::format("{}/versions/{}/bin/ruby", rbenv, wanted);
  if (is_file(program)) return program;
  const auto second_dot = wanted.find('.', wanted.find('.') + 1);
  return os::find_program("ruby" + wanted.substr(0, second_dot), variable(own_environment, "PATH"));
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
    const std::string found = find_ruby(code, own_environment_);
    if (found.empty()) {
      co_return base::fail(base::ErrorKind::local_resource, "Ruby was not found: there is no `ruby` on PATH", kHint);
    }
    CO_TRY(auto interpreter, co_await ask(found));
    const std::string version = fmt::format("{}.{}", interpreter.major, interpreter.minor);
    if (std::pair(interpreter.major, interpreter.minor) < kOldest) {
      co_return base::fail(base::ErrorKind::local_resource,
                           fmt::format("{} is Ruby {}, and 3.1 is the oldest that can be used", found, version), kHint);
    }
    if (code.runtime == "ruby" + version) co_return std::string();
    co_return fmt::format("{} is a {} function and runs on Ruby {} here ({})", code.function, code.runtime, version,
                          found);
  }

  Program program(const FunctionCode& code, const std::string&, std::uint16_t) const override {
    const auto known = interpreters_.find(find_ruby(code, own_environment_));
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

std::string find_ruby(const FunctionCode& code, const std::map<std::string, std::string>& own_environment) {
  for (const auto& folder : folders_up(code.source, code.app_folder)) {
    const std::string wanted = wanted_version(folder);
    if (wanted.empty()) continue;
    if (std::string program = of_version(wanted, own_environment); !program.empty()) return program;
    break;
  }
  return os::find_program("ruby", variable(own_environment, "PATH"));
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

#include "project/serverless.h"

#include <fmt/format.h>

#include <filesystem>

#include "app/names.h"
#include "app/serverless_state.h"
#include "codec/yaml.h"
#include "os/files.h"
#include "project/origin_mark.h"
#include "project/run_tool.h"
#include "project/serverless_program.h"
#include "project/tool_failure.h"

namespace project {
namespace {

namespace fs = std::filesystem;

// Loaded into the framework by NODE_OPTIONS: what it cannot be told on its command line. Its package of a service would
// take our own files along; it would ask AWS for the layers of the last deployment, which only its own deployment
// needs; and the AWS SDK v2 that v3 uses does not know AWS_ENDPOINT_URL.
constexpr std::string_view kHook = R"('use strict';
const Module = require('module');
const load = Module._load;
Module._load = function (request, ...rest) {
  const loaded = load.call(this, request, ...rest);
  if (/package-service(\.js)?$/.test(request) && Array.isArray(loaded.defaultExcludes)) {
    const ours = ['.livelambda/**', 'livelambda.yaml'];
    loaded.defaultExcludes.push(...ours.filter((name) => !loaded.defaultExcludes.includes(name)));
  }
  if (process.env.LIVELAMBDA_LIVE && /compile\/layers(\.js)?$/.test(request)) {
    loaded.prototype.compareWithLastLayer = async () => {};
  }
  if (request === 'aws-sdk' && process.env.AWS_ENDPOINT_URL && loaded.config && !loaded.config.endpoint) {
    loaded.config.update({ endpoint: process.env.AWS_ENDPOINT_URL, s3ForcePathStyle: true });
  }
  return loaded;
};
)";

std::string text_or_empty(const std::string& path) {
  auto text = os::read_file(path);
  return text ? std::move(*text) : std::string();
}

// "${file(config/${opt:stage}.yml):x}" names a file in as far as no variable stands in it.
std::vector<std::string> included_files(const std::string& text) {
  constexpr std::string_view kOpening = "${file(";
  std::vector<std::string> files;
  for (std::size_t at = text.find(kOpening); at != std::string::npos; at = text.find(kOpening, at + 1)) {
    std::size_t begin = at + kOpening.size();
    std::size_t end = text.find_first_of(")$", begin);
    if (end != std::string::npos && text[end] == ')') files.push_back(text.substr(begin, end - begin));
  }
  return files;
}

// Whether the service says itself where it is. What is not YAML or JSON may.
bool may_name_region(const std::string& service_text) {
  auto service = codec::parse_yaml(service_text);
  const auto* provider = service ? codec::find(service->value, "provider") : nullptr;
  return provider == nullptr || !provider->is_object() || provider->get_object().contains("region");
}

class ServerlessApp final : public Toolchain {
 public:
  explicit ServerlessApp(Workplace workplace) : workplace_(std::move(workplace)) {}

  awaitable<base::Result<app::Application>> read(Purpose purpose) override {
    CO_TRY(co_await run({"package", "--package", package_folder()}, purpose));
    CO_TRY(auto application, interpret(purpose));
    if (purpose != Purpose::real) CO_TRY(os::write_file(mark_file(), mark(application), 0600));
    co_return application;
  }

  std::optional<app::Application> recall() override {
    auto known = os::read_file(mark_file());
    if (!known) return std::nullopt;
    auto application = interpret(Purpose::live);
    return application && *known == mark(*application) ? std::optional(std::move(*application)) : std::nullopt;
  }

  std::vector<std::string> infrastructure() const override {
    const AppFolder& folder = workplace_.folder;
    std::vector<std::string> files = {folder.entry_file};
    for (const std::string& file : included_files(text_or_empty(folder.entry_file))) {
      files.push_back((fs::path(folder.path) / file).lexically_normal().string());
    }
    return files;
  }

  bool deploys_real() const override { return true; }

  // Deploys what read(Purpose::real) packaged; packages first if nothing did. --force, since the framework compares
  // what it uploaded last, and would find nothing to do where our stubs have taken its place.
  awaitable<base::Result<>> deploy_real(std::map<std::string, std::string> tags) override {
    if (!packaged_) CO_TRY(co_await run({"package", "--package", package_folder()}, Purpose::real));
    std::string state_file = absolute("serverless-state.json");
    CO_TRY(auto state, os::read_file(state_file));
    CO_TRY(auto tagged, app::with_stack_tags(state, tags));
    CO_TRY(os::write_file(state_file, tagged, 0600));
    CO_TRY(co_await run({"deploy", "--package", package_folder(), "--force"}, Purpose::real));
    packaged_ = false;
    co_return base::Result<>();
  }

 private:
  base::Result<app::Application> interpret(Purpose purpose) const {
    TRY(auto service, read_package(purpose));
    TRY(check_region(service.stack.region));
    service.stack.region.clear();  // the session's
    app::Application application{.framework = app::Framework::serverless};
    application.name = workplace_.folder.settings.name.value_or(service.name);
    TRY(app::check_app_name(application.name));
    application.stacks.push_back(std::move(service.stack));
    return application;
  }

  base::Result<std::string> program() const {
    auto path = workplace_.environment.find("PATH");
    return find_serverless(workplace_.folder.path, path == workplace_.environment.end() ? "" : path->second);
  }

  std::string mark_file() const {
    return workplace_.folder.state(fmt::format("serverless/{}.mark", workplace_.folder.stage));
  }
  // Of what is in the package folder.
  std::string mark(const app::Application& application) const {
    return origin_mark(workplace_, {.tool = program().value_or(""),
                                    .ours = std::string(kHook),
                                    .read = infrastructure(),
                                    .stacks = application.stacks});
  }

  // Relative to the service's folder.
  std::string package_folder() const { return fmt::format(".livelambda/serverless/{}", workplace_.folder.stage); }
  std::string absolute(std::string_view name) const {
    return fmt::format("{}/{}/{}", workplace_.folder.path, package_folder(), name);
  }

  awaitable<base::Result<>> run(std::vector<std::string> arguments, Purpose purpose) {
    const AppFolder& folder = workplace_.folder;
    CO_TRY(auto program, this->program());
    CO_TRY(auto variables, environment(purpose));
    os::remove_all(mark_file());
    std::vector<std::string> command = {program};
    command.insert(command.end(), arguments.begin(), arguments.end());
    command.insert(command.end(), {"--stage", folder.stage});
    auto region = workplace_.environment.find("AWS_REGION");
    if (region != workplace_.environment.end() && !may_name_region(text_or_empty(folder.entry_file))) {
      command.insert(command.end(), {"--region", region->second});  // else it takes us-east-1
    }
    packaged_ = false;
    std::vector<std::string> lines;
    auto output = co_await run_tool(*workplace_.spawner, {.command = std::move(command),
                                                          .environment = std::move(variables),
                                                          .directory = folder.path,
                                                          .on_output = [this, &lines](const std::string& line) {
                                                            lines.push_back(line);
                                                            if (workplace_.on_output) workplace_.on_output(line);
                                                          }});
    if (!output) {
      base::Error error = output.error();
      if (auto failure = read_tool_failure(lines, folder.path)) {
        error.message = fmt::format("`serverless {}` failed: {}", arguments.front(), failure->reason);
      }
      if (error.hint.empty()) error.hint = "Mend the service, then run the command again.";
      error.file = folder.entry_file;
      co_return base::fail(std::move(error));
    }
    packaged_ = arguments.front() == "package" && purpose == Purpose::real;
    co_return base::Result<>();
  }

  base::Result<std::map<std::string, std::string>> environment(Purpose purpose) const {
    TRY(os::make_directories(workplace_.folder.state("serverless")));
    std::string hook = workplace_.folder.state("serverless/hook.cjs");
    TRY(os::write_file(hook, kHook));
    std::map<std::string, std::string> variables = workplace_.environment;
    variables["SLS_TELEMETRY_DISABLED"] = "1";
    variables["SLS_NOTIFICATIONS_MODE"] = "off";
    variables["SLS_INTERACTIVE_SETUP_ENABLE"] = "";
    variables["FORCE_COLOR"] = "0";
    if (purpose != Purpose::real) variables["LIVELAMBDA_LIVE"] = "1";
    std::string& options = variables["NODE_OPTIONS"];
    options = fmt::format("{}{}--require \"{}\"", options, options.empty() ? "" : " ", hook);
    return variables;
  }

  base::Result<app::ServerlessService> read_package(Purpose purpose) const {
    app::ServerlessPackage package{.folder = package_folder(),
                                   .service_file = workplace_.folder.entry_file,
                                   .service_text = text_or_empty(workplace_.folder.entry_file)};
    TRY(package.template_text, os::read_file(absolute("cloudformation-template-update-stack.json")));
    TRY(package.state_text, os::read_file(absolute("serverless-state.json")));
    app::ReadOptions options{.parameters = workplace_.parameters,
                             .folder = workplace_.folder.path,
                             .functions = workplace_.folder.settings.functions};
    auto region = workplace_.environment.find("AWS_REGION");
    if (region != workplace_.environment.end()) options.pseudo["AWS::Region"] = region->second;
    if (!workplace_.account.empty()) options.pseudo["AWS::AccountId"] = workplace_.account;
    return app::read_serverless(package, std::move(options), purpose == Purpose::real);
  }

  // The service may say where it is; the session is in one region, with its bridge.
  base::Result<> check_region(const std::string& region) const {
    auto ours = workplace_.environment.find("AWS_REGION");
    if (ours == workplace_.environment.end() || ours->second == region || region.empty()) return {};
    return base::fail({.kind = base::ErrorKind::usage,
                       .message = fmt::format("the service says region {}, and this is {}", region, ours->second),
                       .hint = fmt::format("Run the command with --region {}.", region),
                       .file = workplace_.folder.entry_file});
  }

  const Workplace workplace_;
  bool packaged_ = false;  // the package folder has what the last run packaged
};

}  // namespace

std::unique_ptr<Toolchain> make_serverless_app(Workplace workplace) {
  return std::make_unique<ServerlessApp>(std::move(workplace));
}

}  // namespace project

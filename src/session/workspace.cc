#include "session/workspace.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/processing.h"
#include "app/samconfig.h"
#include "aws/sts.h"
#include "os/files.h"
#include "session/account_surroundings.h"
#include "session/foreign_layers.h"
#include "worker/node_sdk.h"
#include "worker/sdk_cache.h"

namespace session {
namespace {

// Asks at the terminal for the code of an MFA device.
class TerminalMfa final : public aws::PromptForMfa {
 public:
  explicit TerminalMfa(Surroundings with) : with_(with) {}

  awaitable<base::Result<std::string>> ask(std::string serial) override {
    if (!with_.terminal.is_interactive()) {
      co_return base::fail(base::ErrorKind::credentials,
                           fmt::format("the code of the MFA device {} is needed, and there is no terminal", serial),
                           "Run the command on a terminal, or export temporary credentials first.");
    }
    with_.terminal.forget();
    with_.reporter.report(Question{fmt::format("Code of the MFA device {}: ", serial)});
    auto code = co_await with_.terminal.next_line();
    if (!code) co_return base::fail(base::ErrorKind::credentials, "no MFA code was given", "Run the command again.");
    co_return *code;
  }

 private:
  Surroundings with_;
};

// With what samconfig.toml says of region and profile, as far as the environment says nothing: as for `sam deploy`.
std::map<std::string, std::string> with_samconfig(std::map<std::string, std::string> environment,
                                                  const project::AppFolder& folder) {
  if (folder.framework != app::Framework::cloudformation) return environment;
  auto samconfig = app::read_samconfig(os::read_file(folder.path + "/samconfig.toml").value_or(""));
  if (samconfig.region && !environment.contains("AWS_DEFAULT_REGION")) {
    environment.emplace("AWS_REGION", *samconfig.region);
  }
  bool has_keys = environment.contains("AWS_ACCESS_KEY_ID") || environment.contains("AWS_DEFAULT_PROFILE");
  if (samconfig.profile && !has_keys) environment.emplace("AWS_PROFILE", *samconfig.profile);
  return environment;
}

// Tools get the keys that were found, whatever way that was, and look no further.
std::map<std::string, std::string> environment_of_tools(std::map<std::string, std::string> environment,
                                                        const aws::Credentials& keys, const std::string& region) {
  for (const char* other : {"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN"}) environment.erase(other);
  environment["AWS_ACCESS_KEY_ID"] = keys.access_key_id;
  environment["AWS_SECRET_ACCESS_KEY"] = keys.secret_access_key;
  if (!keys.session_token.empty()) environment["AWS_SESSION_TOKEN"] = keys.session_token;
  environment["AWS_REGION"] = region;
  environment["AWS_DEFAULT_REGION"] = region;
  return environment;
}

}  // namespace

Workspace::Workspace(boost::asio::any_io_executor executor, const Options& options, Surroundings with)
    : executor_(std::move(executor)), options_(options), with_(with), mfa_(std::make_unique<TerminalMfa>(with)) {}

Workspace::~Workspace() = default;

std::string Workspace::partition() const {
  std::size_t begin = principal_.find(':') + 1;  // "arn:aws:…"
  return principal_.substr(begin, principal_.find(':', begin) - begin);
}

std::string Workspace::debug_stack_name() const {
  return debug_stack_name(application_.name);
}

std::string Workspace::debug_stack_name(const std::string& app) const {
  return app::debug_stack_name(folder_.stage, app);
}

base::Result<> Workspace::remember() const {
  return folder_.remember(application_.name);
}

base::Result<std::string> Workspace::recall_name() const {
  if (!options_.app.empty()) {
    TRY(app::check_app_name(options_.app));
    return options_.app;
  }
  if (auto known = folder_.known_name()) return *known;
  if (folder_.framework == app::Framework::cloudformation) {
    auto samconfig = os::read_file(folder_.path + "/samconfig.toml");
    return app::choose_app_name(folder_.settings, samconfig ? std::optional(*samconfig) : std::nullopt,
                                folder_.path.substr(folder_.path.rfind('/') + 1));
  }
  return base::fail(base::ErrorKind::usage, "what the app is called is not known as long as it cannot be read",
                    "Say it with --app, or in livelambda.yaml as `name: my-app`.");
}

Target Workspace::target() const {
  return {.app = application_.name,
          .stage = folder_.stage,
          .account = account_id_,
          .region = account_.region,
          .credentials = account_.source,
          .stacks = {}};
}

awaitable<base::Result<>> Workspace::open() {
  CO_TRY(folder_, project::open_app_folder(options_.app_dir, options_.stage, options_.user, options_.template_file));
  co_return co_await find_account();
}

awaitable<base::Result<>> Workspace::open_remains() {
  CO_TRY(folder_,
         project::open_remains(options_.app_dir, options_.stage, options_.user, options_.template_file, options_.app));
  co_return co_await find_account();
}

awaitable<base::Result<>> Workspace::find_account() {
  programs_ = make_run_program(executor_, with_.spawner, options_.environment);
  CO_TRY(account_, co_await aws::find_account({.profile = options_.profile,
                                               .region = options_.region,
                                               .environment = with_samconfig(options_.environment, folder_)},
                                              account_surroundings(executor_, with_.clock, *programs_, mfa_.get())));
  aws_ = aws::client_config(account_, with_.clock);
  auto identity = co_await aws::get_caller_identity(aws_);
  if (!identity && identity.error().kind == base::ErrorKind::connect && identity.error().hint.empty()) {
    base::Error error = identity.error();
    error.hint = fmt::format(
        "Look at the network and its proxy (HTTPS_PROXY), at AWS_ENDPOINT_URL, and whether there is a region {}.",
        account_.region);
    co_return base::fail(std::move(error));
  }
  if (!identity) co_return base::fail(identity.error());
  account_id_ = identity->account;
  principal_ = identity->arn;
  co_return base::Result<>();
}

awaitable<base::Result<>> Workspace::make_toolchain(bool quietly) {
  CO_TRY(auto keys, co_await account_.credentials->get());
  toolchain_ =
      project::make_toolchain({.folder = folder_,
                               .parameters = options_.parameters,
                               .environment = environment_of_tools(options_.environment, keys, account_.region),
                               .spawner = &with_.spawner,
                               .on_output =
                                   [&reporter = with_.reporter, quietly](const std::string& line) {
                                     if (!quietly) reporter.report(ToolOutput{line});
                                   },
                               .account = account_id_,
                               .bootstrap = options_.cloud_ends,
                               .sdk_folders = worker::cached_node_modules(options_.environment)});
  co_return base::Result<>();
}

awaitable<base::Result<>> Workspace::read(project::Purpose purpose, bool quietly) {
  CO_TRY(co_await make_toolchain(quietly));  // with keys that are fresh: tools run long, and sessions longer
  CO_TRY(auto application, co_await toolchain_->read(purpose));
  if (purpose == project::Purpose::live) application = co_await with_layers(std::move(application));
  recalled_ = false;
  purpose_ = purpose;
  co_return take(std::move(application));
}

awaitable<base::Result<bool>> Workspace::recall() {
  CO_TRY(co_await make_toolchain(false));
  auto application = toolchain_->recall();
  if (!application) co_return false;
  CO_TRY(take(co_await with_layers(std::move(*application))));
  recalled_ = true;
  purpose_ = project::Purpose::live;
  co_return true;
}

// Each thing that is to be said of them is said once.
awaitable<app::Application> Workspace::with_layers(app::Application application) {
  LayerAccount from{.aws = aws_,
                    .partition = partition(),
                    .account = account_id_,
                    .cache = worker::cache_folder(options_.environment)};
  co_await fetch_foreign_layers(application, std::move(from), [this](const std::string& line) {
    if (told_of_layers_.insert(line).second) with_.reporter.report(Notice{line});
  });
  co_return application;
}

awaitable<base::Result<>> Workspace::put(std::vector<app::Stack> stacks) {
  app::Application application = application_;
  for (app::Stack& stack : stacks) *std::ranges::find(application.stacks, stack.id, &app::Stack::id) = std::move(stack);
  application_ = co_await with_layers(std::move(application));
  co_return app::check_functions(folder_.settings, application_);
}

base::Result<> Workspace::read_settings() {
  TRY(auto now, project::open_app_folder(options_.app_dir, folder_.stage, options_.user, options_.template_file));
  if (now.settings.name != folder_.settings.name || now.entry_file != folder_.entry_file) {
    const char* what = now.settings.name != folder_.settings.name ? "name" : "template";
    return base::fail(
        {.kind = base::ErrorKind::usage,
         .message = fmt::format("another `{}` is another app: this session goes on with the one of before", what),
         .hint = "Run `livelambda start` again.",
         .file = now.settings.file});
  }
  folder_ = std::move(now);
  return {};
}

base::Result<> Workspace::take(app::Application application) {
  application_ = std::move(application);
  // Functions that come of macros are not known yet.
  bool is_whole = !toolchain_->reads_processed() || std::ranges::none_of(application_.stacks, app::needs_processing);
  if (is_whole) TRY(app::check_functions(folder_.settings, application_));
  for (const app::Stack& stack : application_.stacks) {
    for (const codec::DuplicateKey& twice : stack.document.duplicates) {
      with_.reporter.report(Notice{fmt::format("{}:{}: {} stood already in line {}; this one counts",
                                               stack.template_file, twice.line, twice.key, twice.first_line)});
    }
  }
  return {};
}

}  // namespace session

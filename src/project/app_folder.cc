#include "project/app_folder.h"

#include <fmt/format.h>

#include <filesystem>

#include "app/samconfig.h"
#include "os/files.h"

namespace project {
namespace {

namespace fs = std::filesystem;

// Files that say whose the app is, in the order in which they count.
struct EntryFile {
  const char* name;
  app::Framework framework;
};
constexpr EntryFile kEntryFiles[] = {
    {"cdk.json", app::Framework::cdk},
    {"serverless.yml", app::Framework::serverless},
    {"serverless.yaml", app::Framework::serverless},
    {"serverless.json", app::Framework::serverless},
    {"serverless.js", app::Framework::serverless},
    {"serverless.ts", app::Framework::serverless},
    {"template.yaml", app::Framework::cloudformation},
    {"template.yml", app::Framework::cloudformation},
    {"template.json", app::Framework::cloudformation},
};

std::string first_line(const std::string& text) {
  return text.substr(0, text.find_first_of("\r\n"));
}

// `template_file` of samconfig.toml, absolute; not one that `sam build` made.
std::optional<std::string> sam_template(const std::string& folder) {
  auto samconfig = os::read_file(folder + "/samconfig.toml");
  auto named = app::read_samconfig(samconfig.value_or("")).template_file;
  if (!named || named->find(".aws-sam") != std::string::npos) return std::nullopt;
  std::error_code error;
  fs::path path = fs::canonical(fs::path(folder) / *named, error);
  return error || !fs::is_regular_file(path, error) ? std::nullopt : std::optional(path.string());
}

base::Result<> find_entry_file(AppFolder& folder, const std::string& given) {
  std::error_code error;
  std::string template_file = given;
  if (given.empty() && folder.settings.template_file)
    template_file = folder.path + "/" + *folder.settings.template_file;
  if (!template_file.empty()) {
    fs::path path = fs::canonical(template_file, error);
    if (error || !fs::is_regular_file(path)) {
      return base::fail(base::ErrorKind::usage, fmt::format("{} is not a file", template_file),
                        given.empty() ? "Mend `template` in livelambda.yaml." : "Give the template with --template.");
    }
    folder.entry_file = path.string();
    return {};
  }
  for (const EntryFile& candidate : kEntryFiles) {
    std::string path = fmt::format("{}/{}", folder.path, candidate.name);
    if (candidate.framework == app::Framework::cloudformation) path = sam_template(folder.path).value_or(path);
    if (!fs::is_regular_file(path, error)) continue;
    folder.entry_file = std::move(path);
    folder.framework = candidate.framework;
    return {};
  }
  return base::fail(base::ErrorKind::invalid_input,
                    fmt::format("{} has no template.yaml, cdk.json or serverless.yml", folder.path),
                    "Run the command in the app's folder, or give that folder with --app-dir.");
}

base::Result<app::Settings> read_settings_of(const std::string& folder) {
  auto text = os::read_file(folder + "/livelambda.yaml");
  if (!text) return app::Settings{};
  return app::read_settings(*text, folder + "/livelambda.yaml");
}

base::Result<std::string> choose_stage(const std::string& remembered_in, const std::optional<std::string>& given,
                                       std::string_view user) {
  std::string stage;
  if (given) {
    stage = *given;
  } else if (auto remembered = os::read_file(remembered_in)) {
    stage = first_line(*remembered);
  } else {
    stage = app::stage_from_user(user);
  }
  TRY(app::check_stage(stage));
  return stage;
}

}  // namespace

std::string AppFolder::state(std::string_view name) const {
  return fmt::format("{}/.livelambda/{}", path, name);
}

base::Result<> AppFolder::remember(std::string_view app) const {
  TRY(os::write_file(state("stage"), stage + "\n", 0600));
  return os::write_file(state("app"), fmt::format("{}\n", app), 0600);
}

std::optional<std::string> AppFolder::known_name() const {
  if (settings.name) return settings.name;
  auto remembered = os::read_file(state("app"));
  return remembered ? std::optional(first_line(*remembered)) : std::nullopt;
}

base::Result<std::string> state_folder(const std::string& app_path) {
  std::string folder = app_path + "/.livelambda";
  if (auto made = os::make_directories(folder, 0700); !made) {
    base::Error error = made.error();
    error.hint = "livelambda keeps the stage and what it makes in there: the app's folder has to be writable.";
    return base::fail(std::move(error));
  }
  if (!fs::exists(folder + "/.gitignore")) TRY(os::write_file(folder + "/.gitignore", "*\n", 0600));
  return folder;
}

base::Result<AppFolder> open_app_folder(std::string path, const std::optional<std::string>& stage,
                                        std::string_view user, const std::string& template_file) {
  std::error_code error;
  fs::path absolute = fs::canonical(path, error);
  if (error || !fs::is_directory(absolute)) {
    return base::fail(base::ErrorKind::usage, fmt::format("{} is not a folder", path),
                      "Give the app's folder with --app-dir.");
  }
  AppFolder folder{.path = absolute.string(), .stage = {}, .settings = {}, .entry_file = {}};
  TRY(folder.settings, read_settings_of(folder.path));
  TRY(find_entry_file(folder, template_file));
  TRY(auto state, state_folder(folder.path));
  TRY(folder.stage, choose_stage(state + "/stage", stage, user));
  return folder;
}

base::Result<AppFolder> open_remains(const std::string& path, const std::optional<std::string>& stage,
                                     std::string_view user, const std::string& template_file, const std::string& app) {
  auto folder = open_app_folder(path, stage, user, template_file);
  std::error_code error;
  fs::path absolute = fs::canonical(path, error);
  if (folder || error || !template_file.empty()) return folder;
  AppFolder remains{.path = absolute.string(), .stage = {}, .settings = {}, .entry_file = {}};
  TRY(remains.settings, read_settings_of(remains.path));
  if (app.empty() && !remains.known_name()) {
    base::Error missing = folder.error();
    missing.hint += " Of an app that is gone from this machine, say the name with --app.";
    return base::fail(std::move(missing));
  }
  TRY(remains.stage, choose_stage(remains.state("stage"), stage, user));
  return remains;
}

}  // namespace project

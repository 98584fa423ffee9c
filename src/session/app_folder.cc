#include "session/app_folder.h"

#include <fmt/format.h>

#include <filesystem>

#include "app/names.h"
#include "app/template_reader.h"
#include "os/files.h"

namespace session {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTemplates[] = {"template.yaml", "template.yml", "template.json"};

std::optional<std::string> read_if_there(const std::string& path) {
  auto text = os::read_file(path);
  return text ? std::optional(std::move(*text)) : std::nullopt;
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find_first_of("\r\n"));
}

// A live function runs from a folder on this machine: a missing one is said before anything is deployed.
base::Result<> check_sources(const app::Application& application, const std::string& folder) {
  for (const app::Function& function : application.functions) {
    std::error_code error;
    if (!function.live || fs::is_directory(fs::path(folder) / function.source, error)) continue;
    return base::fail(
        {.kind = base::ErrorKind::invalid_input,
         .message = fmt::format("the code of {} is in {}, which is no folder", function.logical_id, function.source),
         .hint = "Mend CodeUri (or Code), or build what it names.",
         .file = application.template_file,
         .line = function.line});
  }
  return {};
}

base::Result<std::string> choose_stage(const std::string& remembered_in, const std::optional<std::string>& given,
                                       std::string_view user) {
  std::string stage;
  if (given) {
    stage = *given;
  } else if (auto remembered = read_if_there(remembered_in)) {
    stage = first_line(*remembered);
  } else {
    stage = app::stage_from_user(user);
  }
  TRY(app::check_stage(stage));
  TRY(os::write_file(remembered_in, stage + "\n"));
  return stage;
}

}  // namespace

std::string AppFolder::state(std::string_view name) const {
  return fmt::format("{}/.livelambda/{}", path, name);
}

base::Result<std::string> state_folder(const std::string& app_path) {
  std::string folder = app_path + "/.livelambda";
  TRY(os::make_directories(folder, 0700));
  if (!fs::exists(folder + "/.gitignore")) TRY(os::write_file(folder + "/.gitignore", "*\n"));
  return folder;
}

base::Result<AppFolder> open_app_folder(std::string path, const std::optional<std::string>& stage,
                                        std::string_view user) {
  std::error_code error;
  fs::path absolute = fs::canonical(path, error);
  if (error || !fs::is_directory(absolute)) {
    return base::fail(base::ErrorKind::usage, fmt::format("{} is not a folder", path),
                      "Give the app's folder with --app-dir.");
  }
  AppFolder folder{.path = absolute.string(), .stage = {}, .application = {}};
  std::optional<std::string> text;
  std::string file;
  for (const char* name : kTemplates) {
    file = name;
    if ((text = read_if_there(folder.path + "/" + file))) break;
  }
  if (!text) {
    return base::fail(base::ErrorKind::invalid_input,
                      fmt::format("{} has no template.yaml, template.yml or template.json", folder.path),
                      "Run the command in the app's folder, or give that folder with --app-dir.");
  }
  TRY(auto name, app::choose_app_name(read_if_there(folder.path + "/livelambda.yaml"),
                                      read_if_there(folder.path + "/samconfig.toml"), absolute.filename().string()));
  auto application = app::read_template(*text, {.name = std::move(name), .file = folder.path + "/" + file});
  if (!application && application.error().hint.empty()) {
    application.error().hint = "Mend the template, then run the command again.";
  }
  TRY(folder.application, std::move(application));
  TRY(check_sources(folder.application, folder.path));
  TRY(auto state, state_folder(folder.path));
  TRY(folder.stage, choose_stage(state + "/stage", stage, user));
  return folder;
}

}  // namespace session

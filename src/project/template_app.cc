#include "project/template_app.h"

#include <fmt/format.h>

#include <filesystem>

#include "app/names.h"
#include "app/template_reader.h"
#include "os/files.h"

namespace project {
namespace {

namespace fs = std::filesystem;

// A live function runs from a folder on this machine: a missing one is said before anything is deployed.
base::Result<> check_sources(const app::Stack& stack) {
  fs::path folder = fs::path(stack.template_file).parent_path();
  for (const app::Function& function : stack.functions) {
    std::error_code error;
    if (!function.live || fs::is_directory(folder / function.source, error)) continue;
    return base::fail(
        {.kind = base::ErrorKind::invalid_input,
         .message = fmt::format("the code of {} is in {}, which is no folder", function.logical_id, function.source),
         .hint = "Mend CodeUri (or Code), or build what it names.",
         .file = stack.template_file,
         .line = function.line});
  }
  return {};
}

class TemplateApp final : public Toolchain {
 public:
  explicit TemplateApp(Workplace workplace) : workplace_(std::move(workplace)) {}

  awaitable<base::Result<app::Application>> read(Purpose) override { co_return read_now(); }

  std::vector<std::string> infrastructure() const override { return {workplace_.folder.entry_file}; }

 private:
  base::Result<app::Application> read_now() const {
    const AppFolder& folder = workplace_.folder;
    auto samconfig = os::read_file(folder.path + "/samconfig.toml");
    app::Application application;
    TRY(application.name, app::choose_app_name(folder.settings, samconfig ? std::optional(*samconfig) : std::nullopt,
                                               fs::path(folder.path).filename().string()));
    TRY(auto text, os::read_file(folder.entry_file));
    auto stack = app::read_template(text, {.name = app::app_stack_name(folder.stage, application.name),
                                           .file = folder.entry_file,
                                           .parameters = workplace_.parameters});
    if (!stack && stack.error().hint.empty()) stack.error().hint = "Mend the template, then run the command again.";
    if (!stack) return base::fail(stack.error());
    TRY(check_sources(*stack));
    application.stacks.push_back(std::move(*stack));
    return application;
  }

  const Workplace workplace_;
};

}  // namespace

std::unique_ptr<Toolchain> make_template_app(Workplace workplace) {
  return std::make_unique<TemplateApp>(std::move(workplace));
}

}  // namespace project

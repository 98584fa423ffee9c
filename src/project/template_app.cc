#include "project/template_app.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "app/names.h"
#include "app/samconfig.h"
#include "app/template_reader.h"
#include "os/files.h"
#include "project/build_need.h"
#include "project/local_program.h"
#include "project/run_tool.h"
#include "project/sam_build.h"

namespace project {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> text_of(const std::string& path) {
  auto text = os::read_file(path);
  return text ? std::optional(std::move(*text)) : std::nullopt;
}

bool uses_sam(const codec::json::value& document) {
  const auto* transform = codec::find(document, "Transform");
  return transform != nullptr && codec::to_text(*transform).find("AWS::Serverless-") != std::string::npos;
}

std::string path_of(const app::Stack& stack, const app::LocalArtifact& artifact) {
  return stack.id.empty() ? artifact.logical_id : fmt::format("{}/{}", stack.id, artifact.logical_id);
}

fs::path place_of(const app::Stack& stack, const std::string& path) {
  return (fs::path(stack.template_file).parent_path() / path).lexically_normal();
}

// A live function runs from a folder on this machine: a missing one is said before anything is deployed.
base::Result<> check_sources(const app::Stack& stack) {
  for (const app::Function& function : stack.functions) {
    std::error_code error;
    if (!function.live || function.inline_code || fs::exists(place_of(stack, function.source), error)) continue;
    return base::fail({.kind = base::ErrorKind::invalid_input,
                       .message = fmt::format("the code of {} is in {}, which is not there", stack.path_of(function),
                                              function.source),
                       .hint = "Mend CodeUri (or Code), or build what it names.",
                       .file = stack.template_file,
                       .line = function.line});
  }
  for (const app::Stack& nested : stack.nested) TRY(check_sources(nested));
  return {};
}

// A package that has to be built first.
struct Unbuilt {
  app::LocalArtifact* artifact = nullptr;
  std::string path;  // of the function or layer
  BuildNeed need;
};

bool is_layer(const app::LocalArtifact& artifact) {
  return artifact.type.ends_with("::LayerVersion");
}

std::optional<BuildNeed> need_of(const app::Stack& stack, const app::LocalArtifact& artifact) {
  const auto* metadata = codec::find(stack.document.value, "Resources", artifact.logical_id, "Metadata");
  const auto* skip = metadata == nullptr ? nullptr : codec::find(*metadata, "SkipBuild");
  if (artifact.kind != app::LocalArtifact::Kind::zip || (skip != nullptr && *skip == true)) return std::nullopt;
  if (const app::Function* function = stack.function(artifact.logical_id)) {
    return build_need(*function, place_of(stack, artifact.path));
  }
  if (!is_layer(artifact) || metadata == nullptr) return std::nullopt;
  return build_need_of_layer(codec::find_string(*metadata, "BuildMethod"));
}

void find_unbuilt(app::Stack& stack, std::vector<Unbuilt>& found) {
  for (app::LocalArtifact& artifact : stack.artifacts) {
    if (auto need = need_of(stack, artifact)) found.push_back({&artifact, path_of(stack, artifact), std::move(*need)});
  }
  for (app::Stack& nested : stack.nested) find_unbuilt(nested, found);
}

// For live functions that have it.
void use_built_layer(app::Stack& stack, const Unbuilt& built) {
  for (app::Function& function : stack.functions) {
    for (app::Layer& layer : function.layers) {
      if (layer.name == built.path) layer.source = built.artifact->path;
    }
  }
  for (app::Stack& nested : stack.nested) use_built_layer(nested, built);
}

base::Error cannot_build(const std::vector<Unbuilt>& unbuilt, bool sam_is_installed, const std::string& file) {
  std::vector<std::string> lines;
  bool all_by_sam = true;
  for (const Unbuilt& one : unbuilt) {
    if (!one.need.required || (sam_is_installed && one.need.by_sam)) continue;
    all_by_sam = all_by_sam && one.need.by_sam;
    lines.push_back(fmt::format("  {}: {}; install {}", one.path, one.need.why, one.need.install));
  }
  return {.kind = base::ErrorKind::build,
          .message = fmt::format("what follows needs a build that nothing here can make:\n{}", fmt::join(lines, "\n")),
          .hint = all_by_sam ? "The SAM CLI: pip install aws-sam-cli, or "
                               "https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/"
                               "install-sam-cli.html. Or build it yourself, and let CodeUri name what came of it."
                             : "Or build it yourself, and let CodeUri name what came of it.",
          .file = file};
}

// Files that shape the stack.
void find_infrastructure(const app::Stack& stack, std::set<std::string>& files) {
  files.insert(stack.template_file);
  for (const app::LocalArtifact& artifact : stack.artifacts) {
    if (artifact.kind == app::LocalArtifact::Kind::file) files.insert(place_of(stack, artifact.path).string());
  }
  for (const app::Stack& nested : stack.nested) find_infrastructure(nested, files);
}

class TemplateApp final : public Toolchain {
 public:
  explicit TemplateApp(Workplace workplace) : workplace_(std::move(workplace)) {
    infrastructure_.insert(workplace_.folder.entry_file);
  }

  awaitable<base::Result<app::Application>> read(Purpose purpose) override {
    purpose_ = purpose;
    const AppFolder& folder = workplace_.folder;
    auto samconfig = text_of(folder.path + "/samconfig.toml");
    app::Application application;
    CO_TRY(application.name,
           app::choose_app_name(folder.settings, samconfig, fs::path(folder.path).filename().string()));
    name_ = app::app_stack_name(folder.stage, application.name);
    parameters_ = app::read_samconfig(samconfig.value_or("")).parameters;
    for (const auto& [name, value] : workplace_.parameters) parameters_.insert_or_assign(name, value);

    CO_TRY(auto stack, read_stack(folder.entry_file, purpose));
    infrastructure_ = {folder.entry_file, folder.path + "/samconfig.toml"};
    find_infrastructure(stack, infrastructure_);
    CO_TRY(check_parameters(stack));
    CO_TRY(check_sources(stack));
    if (purpose != Purpose::list) {
      CO_TRY(co_await run_build_commands(stack));
      CO_TRY(stack, co_await build(std::move(stack), purpose));
    }
    if (uses_sam(stack.document.value)) application.framework = app::Framework::sam;
    application.stacks.push_back(std::move(stack));
    co_return application;
  }

  bool reads_processed() const override { return true; }

  base::Result<app::Stack> read_processed(const app::Stack& source, const std::string& text) override {
    TRY(auto stack, read_text(text, source.template_file, purpose_));
    // Places are those of the file that its author wrote.
    stack.document.lines = source.document.lines;
    for (app::Function& function : stack.functions) {
      function.line = stack.document.line_of("/Resources/" + function.logical_id);
    }
    TRY(check_sources(stack));
    TRY(take_builds(stack, source));
    return stack;
  }

  std::vector<std::string> infrastructure() const override { return {infrastructure_.begin(), infrastructure_.end()}; }

 private:
  base::Result<app::Stack> read_stack(const std::string& file, Purpose purpose) const {
    TRY(auto text, os::read_file(file));
    return read_text(text, file, purpose);
  }

  // Where a function is real, it is one that cannot be live.
  base::Result<app::Stack> read_text(const std::string& text, const std::string& file, Purpose purpose) const {
    app::ReadOptions options{.name = name_,
                             .file = file,
                             .parameters = parameters_,
                             .folder = workplace_.folder.path,
                             .functions = workplace_.folder.settings.functions,
                             .read_file = text_of};
    options.why_no_program = local_programs(workplace_.environment);
    if (auto region = workplace_.environment.find("AWS_REGION"); region != workplace_.environment.end()) {
      options.pseudo["AWS::Region"] = region->second;
    }
    if (!workplace_.account.empty()) options.pseudo["AWS::AccountId"] = workplace_.account;
    if (purpose == Purpose::real) options.languages.clear();
    auto stack = app::read_template(text, options);
    if (!stack && stack.error().hint.empty()) stack.error().hint = "Mend the template, then run the command again.";
    if (!stack) return base::fail(stack.error());
    const auto* declared = codec::find(stack->document.value, "Parameters");
    for (const auto& [name, value] : parameters_) {
      if (declared != nullptr && codec::find(*declared, name) != nullptr) stack->parameters[name] = value;
    }
    return stack;
  }

  base::Result<> check_parameters(const app::Stack& stack) const {
    for (const auto& [name, value] : workplace_.parameters) {
      if (stack.parameters.contains(name)) continue;
      return base::fail({.kind = base::ErrorKind::usage,
                         .message = fmt::format("the template has no parameter {}", name),
                         .hint = "Mend --parameter.",
                         .file = stack.template_file});
    }
    return {};
  }

  // `build` of livelambda.yaml, for functions that go to AWS with their own code.
  awaitable<base::Result<>> run_build_commands(const app::Stack& stack) {
    for (const app::Function& function : stack.functions) {
      if (function.live || function.build_command.empty()) continue;
      auto built = co_await run_tool(*workplace_.spawner, {.command = {"sh", "-c", function.build_command},
                                                           .environment = workplace_.environment,
                                                           .directory = workplace_.folder.path,
                                                           .on_output = workplace_.on_output});
      if (!built) co_return base::fail(built.error());
    }
    for (const app::Stack& nested : stack.nested) CO_TRY(co_await run_build_commands(nested));
    co_return base::Result<>();
  }

  // Has the SAM CLI build what needs it, as far as it is there; the rest is packaged as it is.
  awaitable<base::Result<app::Stack>> build(app::Stack stack, Purpose purpose) {
    std::vector<Unbuilt> unbuilt;
    find_unbuilt(stack, unbuilt);
    SamBuild sam(workplace_, stack.parameters);
    for (const Unbuilt& one : unbuilt) {
      if (one.need.required && !(one.need.by_sam && sam.is_installed())) {
        co_return base::fail(cannot_build(unbuilt, sam.is_installed(), stack.template_file));
      }
    }
    if (unbuilt.empty()) co_return stack;
    if (!sam.is_installed()) {
      for (const Unbuilt& one : unbuilt) warn(one);
      co_return stack;
    }
    if (purpose == Purpose::real) {
      CO_TRY(auto built, co_await sam.build_all());
      co_return read_stack(built, purpose);
    }
    std::vector<std::string> layers;
    for (Unbuilt& one : unbuilt) {
      CO_TRY(one.artifact->path, co_await sam.build_one(one.path));
      if (!is_layer(*one.artifact)) continue;
      use_built_layer(stack, one);
      layers.push_back(one.path);
    }
    if (!layers.empty() && workplace_.on_output) {
      workplace_.on_output(fmt::format(
          "layers that need a build ({}): an edit of their source is seen at the next start, not as it is saved",
          fmt::join(layers, ", ")));
    }
    co_return stack;
  }

  // What was built for the template as it stands; of functions that came of macros and loops nothing was.
  base::Result<> take_builds(app::Stack& stack, const app::Stack& source) const {
    for (app::LocalArtifact& artifact : stack.artifacts) {
      auto built = std::ranges::find_if(source.artifacts, [&artifact](const app::LocalArtifact& one) {
        return one.kind == artifact.kind && one.logical_id == artifact.logical_id;
      });
      if (built != source.artifacts.end()) {
        artifact.path = built->path;
        continue;
      }
      auto need = need_of(stack, artifact);
      if (!need) continue;
      Unbuilt unbuilt{&artifact, path_of(stack, artifact), std::move(*need)};
      if (unbuilt.need.required) return base::fail(cannot_build({std::move(unbuilt)}, false, stack.template_file));
      warn(unbuilt);
    }
    return {};
  }

  void warn(const Unbuilt& one) const {
    if (!workplace_.on_output) return;
    workplace_.on_output(fmt::format("Warning: {} goes to AWS without the packages it needs: {}. Install {}.", one.path,
                                     one.need.why, one.need.install));
  }

  const Workplace workplace_;
  Purpose purpose_ = Purpose::live;  // of the last read()
  std::string name_;
  std::map<std::string, std::string> parameters_;  // of samconfig.toml and those given
  std::set<std::string> infrastructure_;
};

}  // namespace

std::unique_ptr<Toolchain> make_template_app(Workplace workplace) {
  return std::make_unique<TemplateApp>(std::move(workplace));
}

}  // namespace project

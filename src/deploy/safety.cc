#include "deploy/safety.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace deploy {
namespace {

std::string tag_of(const StackState& state, const char* name) {
  auto found = state.tags.find(name);
  return found == state.tags.end() ? std::string() : found->second;
}

}  // namespace

Ownership ownership(const StackState& state, std::string_view app, std::string_view stage) {
  if (!state.exists) return Ownership::none;
  std::string of_app = tag_of(state, kAppTag);
  if (of_app.empty()) return Ownership::untagged;
  if (of_app != app) return Ownership::other_app;
  return tag_of(state, kStageTag) == stage ? Ownership::ours : Ownership::other_stage;
}

bool is_production_stage(std::string_view stage) {
  std::string lower(stage);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  constexpr std::array kNames = {"prod", "production", "live"};
  return std::find(kNames.begin(), kNames.end(), lower) != kNames.end();
}

base::Result<> check_stage_is_meant(std::string_view stage, const SafetyOptions& options) {
  if (options.yes_really || !is_production_stage(stage)) return {};
  return base::fail(base::ErrorKind::usage, fmt::format("a stage called {} looks like production", stage),
                    "Choose another with --stage; if this one is meant, say --yes-really.");
}

base::Result<std::optional<Question>> check_take_over(const StackState& state, std::string_view app,
                                                      std::string_view stage, const SafetyOptions& options) {
  auto refuse = [](std::string message, std::string hint) {
    return base::fail(base::ErrorKind::deployment, std::move(message), std::move(hint));
  };
  switch (ownership(state, app, stage)) {
    case Ownership::none:
    case Ownership::ours:
      return std::nullopt;
    case Ownership::other_app:
      return refuse(fmt::format("stack {} belongs to the app {}, not to {}", state.name, tag_of(state, kAppTag), app),
                    "Give this app another name (`name:` in livelambda.yaml), or choose another --stage.");
    case Ownership::other_stage:
      return refuse(fmt::format("stack {} belongs to the stage {} of {}, not to {}", state.name,
                                tag_of(state, kStageTag), app, stage),
                    "Its name does not change with the stage: put the stage into it, or work on that stage.");
    case Ownership::untagged:
      break;
  }
  if (!options.take_over) {
    return refuse(fmt::format("stack {} exists, and livelambda did not make it", state.name),
                  "Choose another --stage for a copy of your own; --take-over replaces that stack's functions.");
  }
  return Question{.words = fmt::format("Stack {} was not made by livelambda. Its functions will be replaced: whatever "
                                       "calls them reaches this machine, or nothing when nobody is connected.\n"
                                       "Type its name to go on",
                                       state.name),
                  .answer = state.name};
}

base::Result<std::optional<Question>> check_removal(const StackState& state, std::string_view app,
                                                    std::string_view stage, const SafetyOptions& options) {
  Ownership owner = ownership(state, app, stage);
  if (owner == Ownership::none) return std::nullopt;
  if (owner != Ownership::ours) {
    return base::fail(
        base::ErrorKind::deployment, fmt::format("stack {} is not of the app {} on stage {}", state.name, app, stage),
        fmt::format("`aws cloudformation delete-stack --stack-name {}` deletes it all the same.", state.name));
  }
  if (state.termination_protection) {
    return base::fail(base::ErrorKind::deployment, fmt::format("stack {} is protected from termination", state.name),
                      fmt::format("`aws cloudformation update-termination-protection "
                                  "--no-enable-termination-protection --stack-name {}` lifts that.",
                                  state.name));
  }
  if (!state.tags.contains(kTakenOverTag)) return std::nullopt;
  if (!options.take_over) {
    return base::fail(base::ErrorKind::deployment,
                      fmt::format("stack {} was there before livelambda took it over", state.name),
                      "`livelambda deploy` gives it its own code back; --take-over deletes it all the same.");
  }
  return Question{.words = fmt::format("Stack {} was there before livelambda took it over. All of it will be deleted.\n"
                                       "Type its name to go on",
                                       state.name),
                  .answer = state.name};
}

}  // namespace deploy

// What keeps a live deployment from hurting a stack that it was not made for. Pure; asking is the caller's.
//
// A stack carries the tags of stack_state.h from its first deployment on. One of another app or stage is refused; one
// without tags is somebody's own deployment, and taken over only when it is said twice: by --take-over and, on a
// terminal, by its name. A stage that is called as productions are needs --yes-really.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "deploy/stack_state.h"

namespace deploy {

enum class Ownership { none, ours, untagged, other_app, other_stage };  // none: there is no such stack

Ownership ownership(const StackState& state, std::string_view app, std::string_view stage);

struct SafetyOptions {
  bool take_over = false;   // --take-over
  bool yes_really = false;  // --yes-really
};

// A question before something that cannot be undone: `words` are shown, and only `answer`, typed, means yes.
struct Question {
  std::string words;
  std::string answer;
};

// "prod", "production", "live", in any case.
bool is_production_stage(std::string_view stage);

// Errors: usage for a production stage without --yes-really.
base::Result<> check_stage_is_meant(std::string_view stage, const SafetyOptions& options);

// nullopt: go on. A question: first ask it. Errors: deployment, naming what the stack is and the option or the stage
// that would do.
base::Result<std::optional<Question>> check_take_over(const StackState& state, std::string_view app,
                                                      std::string_view stage, const SafetyOptions& options);

// The same before a removal: a stack that was there before livelambda needs --take-over and its name as well.
base::Result<std::optional<Question>> check_removal(const StackState& state, std::string_view app,
                                                    std::string_view stage, const SafetyOptions& options);

}  // namespace deploy

// Macros of the account: AWS::CloudFormation::Macro names a Lambda function, which is given a template (Transform), or
// what stands beside an Fn::Transform, and answers what is to stand there
// (docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-macros.html). It is called with the rights of who
// hands the template in.
//
// What processes templates never waits. It asks, and fails where no answer is there yet; who handles the request then
// has the function called, and has the template processed again. Nested stacks are not served: a macro in one fails by
// name.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "localcloud/cloud.h"
#include "localcloud/cloudformation/definition.h"
#include "localcloud/cloudformation/stack_store.h"
#include "localcloud/resource_type.h"

namespace localcloud {

// Of one request. Not movable.
class Macros {
 public:
  Macros(const Cloud& cloud, const StackStore& store) : cloud_(cloud), store_(store) {}

  // The template as the macro has it, for its Transform section. Errors: kTransformFailed; kNotAnswered.
  base::Result<json::object> transform(std::string_view macro, json::object document, const MacroInput& input);
  // Every Fn::Transform of such a macro, what stands deepest first.
  base::Result<json::value> transform_within(json::value value, const MacroInput& input);

  // Calls the function of a macro that was asked since. False if none was: what was made is good.
  awaitable<bool> answer(Principal caller);

 private:
  struct Question {
    std::string macro;
    std::string function;
    json::object event;  // without requestId
  };

  base::Result<json::value> ask(std::string_view macro, const json::value& params, json::value fragment,
                                const MacroInput& input);
  // "" if there is none.
  std::string function_of(std::string_view macro) const;
  std::string transform_id(std::string_view macro) const;
  base::Result<json::value> read_answer(const Question& question, const std::string& id,
                                        const base::Result<std::string>& payload) const;
  awaitable<base::Result<std::string>> invoke(Question question, std::string id, Principal caller);

  const Cloud& cloud_;
  const StackStore& store_;
  std::map<std::string, base::Result<json::value>> answers_;  // by the event
  std::optional<Question> question_;
};

// AWS::CloudFormation::Macro.
std::unique_ptr<ResourceType> make_macro_type();

}  // namespace localcloud

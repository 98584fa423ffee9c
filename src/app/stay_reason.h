// Why a function is not live, as a closed list: every function that keeps its code has exactly one of these reasons,
// and what is particular to it as the detail. One table holds their names and sentences.
#pragma once

#include <string>
#include <string_view>

namespace app {

enum class StayReason {
  none,  // it is live
  condition_false,
  left_alone,  // by livelambda.yaml
  transform,   // Fn::Transform gives its properties
  // The deployment itself, or CloudFormation, waits for its answer:
  custom_resource,
  codedeploy_hook,
  cloudformation_hook,  // macros too
  cdk_helper,
  // Where a stub cannot stand in for it:
  edge,  // Lambda@Edge
  image,
  durable,
  managed_instances,
  // Its code is in no folder of the app:
  inline_code,  // as far as it cannot be taken out of the template
  code_in_s3,
  code_unknown,
  archive,
  origin_unknown,  // only a copy or a bundle of it is known
  // What would have to be known is known only after deployment, or missing:
  handler_unknown,
  runtime_unknown,
  architecture_unknown,
  role_unknown,
  no_role,
  runtime_not_here,
  other_place,  // its stack is bound to another region or account than the session's
};

struct WhyNot {
  StayReason reason = StayReason::none;
  std::string detail = {};  // fills the place that the reason's sentence has for it, if it has one
};

// "inline_code": the spelling of --json and of tables.
std::string_view to_string(StayReason reason);

// A sentence without its subject: "keeps its code in AWS: it is a container image"; "" for none.
std::string to_string(const WhyNot& why);

}  // namespace app

#include "app/stay_reason.h"

#include <fmt/format.h>

#include <algorithm>

namespace app {
namespace {

struct Row {
  StayReason reason;
  std::string_view name;
  std::string_view sentence;  // {} is the place of the detail
};

constexpr Row kReasons[] = {
    {StayReason::none, "none", ""},
    {StayReason::condition_false, "condition_false", "is not in this stage: its condition {} is false"},
    {StayReason::left_alone, "left_alone", "keeps its code in AWS: livelambda.yaml says so ({})"},
    {StayReason::transform, "transform", "keeps its code in AWS: its properties come from a transform"},
    {StayReason::custom_resource, "custom_resource",
     "keeps its code in AWS: it answers a custom resource, which the deployment waits for"},
    {StayReason::codedeploy_hook, "codedeploy_hook",
     "keeps its code in AWS: it is a hook that a deployment of CodeDeploy waits for"},
    {StayReason::cloudformation_hook, "cloudformation_hook",
     "keeps its code in AWS: CloudFormation itself calls it during deployments"},
    {StayReason::cdk_helper, "cdk_helper", "keeps its code in AWS: it is one of CDK's own helpers"},
    {StayReason::edge, "edge", "keeps its code in AWS: it runs at CloudFront's edge (Lambda@Edge)"},
    {StayReason::image, "image",
     "keeps its code in AWS: it is a container image; `run` in livelambda.yaml says how to run its code here, if it "
     "has no FunctionName"},
    {StayReason::durable, "durable", "keeps its code in AWS: it is a durable function, which needs a managed runtime"},
    {StayReason::managed_instances, "managed_instances", "keeps its code in AWS: it runs on Lambda Managed Instances"},
    {StayReason::inline_code, "inline_code", "keeps its code in AWS: its code stands in the template, and {}"},
    {StayReason::code_in_s3, "code_in_s3", "keeps its code in AWS: its code is in S3, not in a folder of this app"},
    {StayReason::code_unknown, "code_unknown",
     "keeps its code in AWS: where its code is, is known only after deployment"},
    {StayReason::archive, "archive",
     "keeps its code in AWS: its code is an archive ({}); `source` in livelambda.yaml can name the folder it is made "
     "from"},
    {StayReason::origin_unknown, "origin_unknown",
     "keeps its code in AWS: what its bundle is made from is not known; `source` in livelambda.yaml can name it"},
    {StayReason::handler_unknown, "handler_unknown",
     "keeps its code in AWS: its Handler is known only after deployment"},
    {StayReason::runtime_unknown, "runtime_unknown",
     "keeps its code in AWS: its Runtime is known only after deployment"},
    {StayReason::architecture_unknown, "architecture_unknown",
     "keeps its code in AWS: its architecture is known only after deployment"},
    {StayReason::role_unknown, "role_unknown",
     "keeps its code in AWS: its role is known only after deployment ({}), so that a stub could not be allowed to "
     "reach the bridge"},
    {StayReason::no_role, "no_role", "keeps its code in AWS: it has no Role"},
    {StayReason::runtime_not_here, "runtime_not_here", "keeps its code in AWS: {}"},
    {StayReason::other_place, "other_place",
     "keeps its code in AWS: its stack is bound to {}, where this session is not"},
};

const Row& row_of(StayReason reason) {
  return *std::ranges::find(kReasons, reason, &Row::reason);
}

}  // namespace

std::string_view to_string(StayReason reason) {
  return row_of(reason).name;
}

std::string to_string(const WhyNot& why) {
  std::string text(row_of(why.reason).sentence);
  if (std::size_t place = text.find("{}"); place != std::string::npos) text.replace(place, 2, why.detail);
  return text;
}

}  // namespace app

// The resource policies of functions: AddPermission, RemovePermission, GetPolicy.
#include "codec/json.h"
#include "localcloud/lambda/lambda_api.h"
#include "localcloud/lambda/permissions.h"

namespace localcloud {

namespace {

std::string revision_of(const FunctionTarget& target) {
  auto policy = target.function->policies.find(target.qualifier);
  return policy == target.function->policies.end() ? std::string() : policy->second.revision;
}

ApiAnswer add_permission(LambdaService& service, const ApiRequest& request) {
  TRY(auto target, authorized(service, request, "lambda:AddPermission", request.parts[0], request.qualifier()));
  TRY(only_parameters(request, "AddPermission",
                      {"StatementId", "Action", "Principal", "SourceArn", "SourceAccount", "EventSourceToken",
                       "RevisionId", "PrincipalOrgID", "FunctionUrlAuthType", "InvokedViaFunctionUrl"}));
  if (target.arn.ends_with(":$LATEST")) {
    return invalid_parameter("We currently do not support adding policies for $LATEST.");
  }
  TRY(check_revision(text_property(request.body, "RevisionId"), revision_of(target)));
  std::string id = text_property(request.body, "StatementId");
  if (id.empty() || id.size() > 100) return constraint(id, "statementId", "have length between 1 and 100");
  TRY(auto statement, make_statement(request.body, id, target.arn));
  std::string text = codec::to_text(statement);
  TRY(add_statement(*target.function, target.qualifier, std::move(statement)));
  return json_response(request, 201, {{"Statement", text}});
}

ApiAnswer remove_permission(LambdaService& service, const ApiRequest& request) {
  TRY(auto target, authorized(service, request, "lambda:RemovePermission", request.parts[0], request.qualifier()));
  TRY(check_revision(request.query_or_empty("RevisionId"), revision_of(target)));
  TRY(remove_statement(*target.function, target.qualifier, request.parts[1]));
  return empty_response(request);
}

ApiAnswer get_policy(LambdaService& service, const ApiRequest& request) {
  TRY(auto target, authorized(service, request, "lambda:GetPolicy", request.parts[0], request.qualifier()));
  auto policy = policy_of(*target.function, target.qualifier);
  if (policy.is_null()) {
    return aws_error(404, "ResourceNotFoundException", "The resource you requested does not exist.");
  }
  return json_response(request, 200, {{"Policy", codec::to_text(policy)}, {"RevisionId", revision_of(target)}});
}

}  // namespace

std::span<const ApiRoute> policy_routes() {
  static constexpr ApiRoute kRoutes[] = {
      {"AddPermission", "POST", "2015-03-31/functions/*/policy", add_permission},
      {"GetPolicy", "GET", "2015-03-31/functions/*/policy", get_policy},
      {"RemovePermission", "DELETE", "2015-03-31/functions/*/policy/*", remove_permission}};
  return kRoutes;
}

}  // namespace localcloud

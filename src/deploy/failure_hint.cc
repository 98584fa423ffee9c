#include "deploy/failure_hint.h"

namespace deploy {

std::string failure_hint(std::string_view reason) {
  auto mentions = [reason](std::string_view text) { return reason.find(text) != std::string_view::npos; };
  if (mentions("already exists")) {
    return "Another stack or stage has a resource of that name: put ${AWS::StackName} into it, or let CloudFormation "
           "choose it.";
  }
  if (mentions("code signature")) {
    return "The function is kept to signed code, and the stub is not signed: keep it in AWS by `live: false` in "
           "livelambda.yaml, or take its code signing away first.";
  }
  if (mentions("service control policy") || mentions("resource control policy")) {
    return "Your organisation denies this, not the account: ask those who run it, or use another account.";
  }
  if (mentions("permissions boundary")) {
    return "The permissions boundary of the credentials that deploy denies this: it has to allow it too.";
  }
  if (mentions("not authorized") || mentions("AccessDenied") || mentions("Access Denied")) {
    return "The credentials that deploy lack this permission.";
  }
  return "The stack was rolled back. Mend the template and run the command again.";
}

}  // namespace deploy

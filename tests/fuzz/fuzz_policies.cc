// Policy documents: who may do what, from documents that anyone may write. Lines: the action; the resource; a context
// key and its value; then the document.
#include "codec/json.h"
#include "fuzz.h"
#include "localcloud/iam/condition.h"
#include "localcloud/iam/decision.h"
#include "localcloud/iam/pattern.h"

namespace {

using fuzz::require;
using localcloud::Decision;

const char* const kDenyAll = R"({"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}})";

void fuzz_patterns(std::string_view pattern, std::string_view text, const localcloud::ConditionContext& context) {
  require(localcloud::matches_wildcard("*", text), "* matches everything");
  if (pattern.find_first_of("*?") == std::string_view::npos) {
    require(localcloud::matches_wildcard(pattern, text) == (pattern == text), "without a wildcard it is equality");
  }
  localcloud::matches_wildcard(pattern, text, true);
  auto compiled = localcloud::compile_pattern(pattern, &context);
  if (!compiled) return;
  compiled->matches(text, false);
  if (compiled->equals(text, false)) require(compiled->equals(text, true), "equal with case is equal without");
}

void fuzz_document(const codec::json::value& document, const localcloud::PolicyQuestion& question) {
  const bool accepted = localcloud::check_policy(document, false).has_value();
  const Decision decision = localcloud::evaluate(document, question, false);
  if (!accepted) return;
  require(decision == localcloud::evaluate(document, question, false), "a decision is a function");

  const localcloud::CallerNames caller{.arn = "arn:aws:sts::123456789012:assumed-role/R/s",
                                       .role = "arn:aws:iam::123456789012:role/R",
                                       .account_id = "123456789012"};
  localcloud::AppliedPolicies policies{.identity = {document}};
  require(localcloud::decide(question, caller, policies).decision == decision, "one policy decides alone");
  policies.boundary = codec::json::value(codec::json::object());
  require(localcloud::decide(question, caller, policies).decision != Decision::allow,
          "an empty boundary allows nothing");
  policies.boundary = codec::parse_json(kDenyAll).value();
  require(localcloud::decide(question, caller, policies).decision == Decision::explicit_deny, "a denial wins");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  localcloud::PolicyQuestion question{.action = std::string(input.line()), .resource = std::string(input.line())};
  const std::string key(input.line());
  question.context[key] = std::string(input.line());
  question.principal_kind = "AWS";
  question.principals = {"arn:aws:iam::123456789012:role/R"};
  fuzz_patterns(question.action, question.resource, question.context);
  auto document = codec::parse_json(input.rest());
  if (!document) return 0;
  fuzz_document(*document, question);
  (void)localcloud::check_policy(*document, true);
  localcloud::evaluate(*document, question, true);
  (void)localcloud::check_condition(*document);
  localcloud::condition_holds(*document, question.context);
  return 0;
}

// The languages in which apps talk to the local cloud: DynamoDB's expressions, mapping templates, event, filter and
// text patterns, schedules, JSON schemas, templates of stacks. The first byte says which; the first line after it is
// the expression where it needs a document to be tried on.
#include <set>

#include "base/clock.h"
#include "codec/json.h"
#include "fuzz.h"
#include "localcloud/apigateway/json_schema.h"
#include "localcloud/apigateway/velocity.h"
#include "localcloud/cloudformation/template.h"
#include "localcloud/dynamodb/evaluate.h"
#include "localcloud/dynamodb/expression.h"
#include "localcloud/dynamodb/number.h"
#include "localcloud/event_pattern.h"
#include "localcloud/events/schedule_expression.h"
#include "localcloud/logs/filter_pattern.h"
#include "localcloud/sns/filter_policy.h"
#include "localcloud/text_pattern.h"

namespace {

namespace json = boost::json;
using fuzz::require;

// Both are in normal form: comparing is an order, adding is one of it.
void fuzz_numbers(fuzz::Input input) {
  auto a = localcloud::normal_number(input.line());
  auto b = localcloud::normal_number(input.rest());
  if (!a || !b) return;
  auto again = localcloud::normal_number(*a);
  require(again && *again == *a, "a normal form is its own");
  require(localcloud::compare_numbers(*a, *b) == -localcloud::compare_numbers(*b, *a), "numbers have an order");
  auto sum = localcloud::add_numbers(*a, *b), other = localcloud::add_numbers(*b, *a);
  require(sum.has_value() == other.has_value() && (!sum || *sum == *other), "adding has no order");
}

// A line with the expression, then {"ExpressionAttributeNames":…,"ExpressionAttributeValues":…,"Item":…}.
void fuzz_dynamodb(fuzz::Input input) {
  const std::string expression(input.line());
  auto read = codec::parse_json(input.rest());
  if (!read || !read->is_object()) return;
  json::object request = read->get_object();
  request["FilterExpression"] = expression;
  auto item = localcloud::check_item(request.contains("Item") ? request["Item"] : json::value(json::object()));
  auto placeholders = localcloud::Placeholders::from(request, {"FilterExpression"});
  if (!item || !placeholders) return;
  if (auto condition = localcloud::parse_condition(expression, "FilterExpression", *placeholders)) {
    localcloud::holds(*condition, *item);
  }
  if (auto paths = localcloud::parse_projection(expression, *placeholders)) {
    require(localcloud::check_item(localcloud::project(*paths, *item)).has_value(), "parts of an item are an item");
  }
  if (auto update = localcloud::parse_update(expression, *placeholders)) {
    auto updated = localcloud::apply(*update, *item);
    require(!updated || !localcloud::fits_nesting(*updated) || localcloud::check_item(*updated).has_value(),
            "an updated item is an item");
  }
}

void fuzz_velocity(fuzz::Input input) {
  localcloud::TemplateScope scope{.context = {{"requestId", "id"}}, .body = std::string(input.line()), .params = {}};
  scope.params = {{"path", {{"a", "b"}}}, {"querystring", json::object()}, {"header", json::object()}};
  auto parsed = localcloud::MappingTemplate::parse(input.rest());
  if (!parsed) return;
  auto rendered = parsed->render(scope);
  if (rendered) require(rendered->text.size() <= 64UL * 1024 * 1024, "what a template writes is bounded");
}

void fuzz_event_pattern(fuzz::Input input) {
  auto pattern = localcloud::parse_pattern_text(input.line());
  auto event = codec::parse_json(input.rest());
  if (pattern && event) pattern->matches(*event);
}

void fuzz_filter_policy(fuzz::Input input) {
  auto policy = codec::parse_json(input.line());
  if (!policy) return;
  if (localcloud::check_filter_policy(*policy, localcloud::FilterScope::body)) {
    localcloud::accepts_body(*policy, input.rest());
  }
  if (localcloud::check_filter_policy(*policy, localcloud::FilterScope::attributes)) {
    localcloud::accepts_attributes(*policy,
                                   {{"a", {"String.Array", std::string(input.rest())}}, {"n", {"Number", "1"}}});
  }
}

void fuzz_log_filter(fuzz::Input input) {
  auto matcher = localcloud::parse_filter_pattern(input.line());
  if (matcher) (*matcher)(input.rest());
}

void fuzz_text_pattern(fuzz::Input input) {
  const std::string_view pattern = input.line();
  auto matches = localcloud::matches_text_pattern(pattern, input.rest());
  if (matches) require(localcloud::is_text_pattern(pattern), "what matches is a pattern");
}

void fuzz_schedule(fuzz::Input input) {
  auto schedule = localcloud::parse_schedule(input.rest(), true);
  if (!schedule) return;
  const base::WallTime begin = base::FakeClock().wall_now(), after = begin + std::chrono::hours(5);
  auto next = localcloud::next_run(*schedule, begin, after);
  require(!next || *next > after, "the next run is later");
}

void fuzz_schema(fuzz::Input input) {
  auto schema = codec::parse_json(input.line());
  auto document = codec::parse_json(input.rest());
  if (!schema || !document || !localcloud::check_schema(*schema)) return;
  localcloud::violation(*schema, *document, {{"Model", json::value(json::object())}});
}

void fuzz_stack_template(fuzz::Input input) {
  auto document = localcloud::parse_template(input.rest());
  if (!document) return;
  (void)localcloud::read_transforms(*document);
  auto read = localcloud::read_template(*document);
  if (read) require(read->resources.size() <= localcloud::kMaxResources, "a template is bounded");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  switch (input.byte()) {
    case 'n':
      fuzz_numbers(input);
      break;
    case 'd':
      fuzz_dynamodb(input);
      break;
    case 'v':
      fuzz_velocity(input);
      break;
    case 'e':
      fuzz_event_pattern(input);
      break;
    case 'f':
      fuzz_filter_policy(input);
      break;
    case 'l':
      fuzz_log_filter(input);
      break;
    case 'r':
      fuzz_text_pattern(input);
      break;
    case 's':
      fuzz_schedule(input);
      break;
    case 'j':
      fuzz_schema(input);
      break;
    case 't':
      fuzz_stack_template(input);
      break;
    default:
      break;
  }
  return 0;
}

#include "session/registrar.h"

namespace session {
namespace {

using namespace std::chrono_literals;

constexpr aws::CallOptions kTableCall{.attempts = 4, .timeout = 5s, .connect_timeout = 3s};

// A condition in DynamoDB's words.
void express(const bridge::Condition& condition, aws::PutItemInput& input) {
  using Kind = bridge::Condition::Kind;
  auto link = static_cast<std::int64_t>(condition.link);
  if (condition.kind == Kind::absent) {
    input.condition = "attribute_not_exists(pk)";
    return;
  }
  input.names = {{"#s", "session"}};
  input.values = {{":s", condition.session}};
  input.condition = "#s = :s";
  if (condition.kind == Kind::own) return;
  input.names["#l"] = "link";
  input.values[":l"] = link;
  input.condition += condition.kind == Kind::unchanged ? " AND #l = :l" : " AND #l < :l";
}

base::Result<std::optional<bridge::Registration>> to_registration(const std::optional<aws::Item>& item) {
  if (!item) return std::optional<bridge::Registration>();
  TRY(auto registration, bridge::from_item(*item));
  return std::optional(std::move(registration));
}

}  // namespace

awaitable<base::Result<std::optional<bridge::Registration>>> Registrar::read() {
  CO_TRY(auto item,
         co_await aws::get_item(config_, table_, {{"pk", std::string(bridge::kRegistrationKey)}}, kTableCall));
  co_return to_registration(item);
}

awaitable<base::Result<Registrar::Written>> Registrar::write(bridge::ConditionalWrite write) {
  aws::PutItemInput input{.table = table_, .item = std::move(write.item)};
  express(write.condition, input);
  CO_TRY(auto outcome, co_await aws::put_item(config_, std::move(input), kTableCall));
  if (outcome.written) co_return Written{};
  CO_TRY(auto found, to_registration(outcome.existing));
  co_return Written{.done = false, .found = std::move(found)};
}

}  // namespace session

// The queues, and what happens to messages whoever asks: an operation of the API or another service.
#include "localcloud/sqs/sqs.h"

#include <fmt/format.h>

#include <charconv>

#include "base/ids.h"
#include "codec/base64.h"
#include "localcloud/delivery.h"
#include "localcloud/iam/iam.h"
#include "localcloud/local_clock.h"
#include "localcloud/sqs/message_check.h"
#include "localcloud/sqs/sqs_input.h"
#include "localcloud/sqs/sqs_service.h"
#include "localcloud/wait_for_either.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

// Who a message of a service is from, as SQS shows it (Lambda developer guide, "Using Lambda with Amazon SQS").
constexpr std::string_view kServicesSenderId = "AIDAIENQZJOLO23YVJ4VO";

tl::unexpected<base::Error> no_such_queue() {
  return aws_error(400, "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.");
}

std::string handle_of(const Queue& queue, const MessageStore::Receipt& receipt, std::string_view message_id) {
  return codec::base64_encode(fmt::format("{} {} {} {}", receipt.number, receipt.receive_count, message_id, queue.arn));
}

std::string millis_text(base::WallTime time) {
  return std::to_string(base::epoch_ms(time));
}

QueueMessage as_received(const Queue& queue, const MessageStore::Received& received) {
  const auto& stored = *received.message;
  QueueMessage message{.id = stored.id,
                       .receipt_handle = handle_of(queue, received.receipt, stored.id),
                       .body = stored.body,
                       .md5_of_body = stored.md5_of_body,
                       .attributes = {},
                       .message_attributes = stored.attributes};
  for (const auto& [name, value] : stored.system_attributes) message.attributes[name] = value;
  message.attributes["SentTimestamp"] = millis_text(stored.sent);
  message.attributes["ApproximateReceiveCount"] = std::to_string(stored.receive_count);
  message.attributes["ApproximateFirstReceiveTimestamp"] = millis_text(stored.first_received.value_or(stored.sent));
  return message;
}

}  // namespace

// --- Calls

const std::vector<SqsService::Operation>& SqsService::table() {
  static const std::vector<Operation> kTable{{"AddPermission", &SqsService::add_permission},
                                             {"ChangeMessageVisibility", &SqsService::change_visibility},
                                             {"ChangeMessageVisibilityBatch", &SqsService::change_visibility_batch},
                                             {"CreateQueue", &SqsService::create},
                                             {"DeleteMessage", &SqsService::delete_message},
                                             {"DeleteMessageBatch", &SqsService::delete_batch},
                                             {"DeleteQueue", &SqsService::remove_queue},
                                             {"GetQueueAttributes", &SqsService::get_attributes},
                                             {"GetQueueUrl", &SqsService::get_url},
                                             {"ListDeadLetterSourceQueues", &SqsService::list_sources},
                                             {"ListQueueTags", &SqsService::list_tags},
                                             {"ListQueues", &SqsService::list},
                                             {"PurgeQueue", &SqsService::purge},
                                             {"ReceiveMessage", nullptr, &SqsService::receive_message},
                                             {"RemovePermission", &SqsService::remove_permission},
                                             {"SendMessage", &SqsService::send_message},
                                             {"SendMessageBatch", &SqsService::send_batch},
                                             {"SetQueueAttributes", &SqsService::put_attributes},
                                             {"TagQueue", &SqsService::tag},
                                             {"UntagQueue", &SqsService::untag}};
  return kTable;
}

std::vector<std::string> SqsService::operations() const {
  std::vector<std::string> names;
  for (const auto& one : table()) names.emplace_back(one.name);
  return names;
}

awaitable<net::Response> SqsService::handle(Call call) {
  auto request = read_sqs_request(call);
  if (!request) co_return sqs_failure(call, false, request.error());
  const Operation* found = nullptr;
  for (const auto& one : table()) {
    if (one.name == request->operation) found = &one;
  }
  Output output = base::fail(not_implemented("sqs", request->operation));
  if (found != nullptr && found->act != nullptr) {
    output = (this->*found->act)(call, request->input);
  } else if (found != nullptr) {
    output = co_await (this->*found->act_later)(call, request->input);
  }
  if (!output) co_return sqs_failure(call, request->is_query, output.error());
  co_return sqs_answer(call, *request, *output);
}

// --- Queues

std::string SqsService::arn_of(std::string_view name) const {
  return fmt::format("arn:aws:sqs:{}:{}:{}", cloud_.region, cloud_.account_id, name);
}

base::Result<std::string> SqsService::arn_of_url(std::string_view url) const {
  auto path = url;
  if (auto host = path.find("://"); host != std::string_view::npos) {
    auto slash = path.find('/', host + 3);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash);
  }
  auto segments = path_segments(path);
  if (segments.size() != 2 || !path.starts_with('/')) {
    return aws_error(404, "InvalidAddress", fmt::format("The address {} is not valid for this endpoint.", url));
  }
  return fmt::format("arn:aws:sqs:{}:{}:{}", cloud_.region, segments[0], segments[1]);
}

base::Result<Queue*> SqsService::queue(std::string_view arn) const {
  auto found = queues_.find(arn);
  if (found == queues_.end()) return no_such_queue();
  return found->second.get();
}

void SqsService::delete_queue(std::string_view arn, bool leave_trace) {
  auto found = queues_.find(arn);
  if (found == queues_.end()) return;
  found->second->changed.notify_all();
  auto now = cloud_.clock->now();
  std::erase_if(deleted_, [&](const auto& one) { return now >= one.second + kDeletionTime; });
  if (leave_trace) deleted_[found->first] = now;
  queues_.erase(found);
}

void SqsService::refresh(Queue& its_queue) const {
  its_queue.messages.refresh(its_queue.attributes.retention(), cloud_.clock->now());
}

base::Result<Queue*> SqsService::open(const Call& call, const json::object& input, std::string_view action) {
  TRY(auto url, needed_text(input, "QueueUrl"));
  TRY(auto arn, arn_of_url(url));
  TRY(may({.caller = call.caller}, action, arn));
  TRY(auto* found, queue(arn));
  refresh(*found);
  return found;
}

// SQS itself writes the action in small letters when it refuses.
base::Result<> SqsService::may(const OnBehalfOf& who, std::string_view action, std::string_view arn) const {
  auto found = queues_.find(arn);
  const Queue* its_queue = found == queues_.end() ? nullptr : found->second.get();
  bool has_policy = its_queue != nullptr && its_queue->attributes.policy.has_value();
  const json::value* policy = has_policy ? &*its_queue->attributes.policy : nullptr;
  if (who.service.empty()) return cloud_.iam->authorize(who.caller, action, arn, {}, policy);
  if (policy == nullptr || !lets_service_in(cloud_, *policy, who, action, arn)) {
    return aws_error(403, "AccessDenied",
                     fmt::format("User: {} is not authorized to perform: {} on resource: {} because no resource-based "
                                 "policy allows the {} action",
                                 who.service, action, arn, action));
  }
  // The policy of the account's own key for SQS names no service (SQS developer guide, "Key management").
  if (!its_queue->attributes.kms_key.empty()) {
    return aws_error(400, "KMS.AccessDeniedException",
                     fmt::format("{} may not use the key {} of {}", who.service, its_queue->attributes.kms_key, arn));
  }
  return {};
}

// --- Messages

base::Result<std::string> SqsService::add(Queue& its_queue, NewMessage message) {
  TRY(check_body(message.body));
  TRY(check_message_attributes(message.attributes));
  auto largest = static_cast<std::size_t>(its_queue.attributes.largest_message);
  if (message_size(message.body, message.attributes) > largest) {
    return aws_error(
        400, "InvalidParameterValue",
        fmt::format("One or more parameters are invalid. Reason: Message must be shorter than {} bytes.", largest));
  }
  auto now = cloud_.clock->now();
  auto delay = std::chrono::seconds(message.delay_seconds.value_or(its_queue.attributes.delay_seconds));
  StoredMessage stored{.id = base::random_uuid(),
                       .md5_of_body = md5_hex(message.body),
                       .attributes = std::move(message.attributes),
                       .system_attributes = std::move(message.system_attributes),
                       .sent = now};
  stored.body = std::move(message.body);
  auto id = stored.id;
  its_queue.messages.add(std::move(stored), now + delay, now);
  its_queue.changed.notify_all();
  return id;
}

base::Result<std::vector<QueueMessage>> SqsService::take_now(Queue& its_queue, const Wish& wish) {
  refresh(its_queue);
  Queue* dead_letters = nullptr;
  std::optional<std::int64_t> max_receive_count;
  if (const auto& redrive = its_queue.attributes.redrive) {
    if (auto found = queues_.find(redrive->target_arn); found != queues_.end()) {
      dead_letters = found->second.get();
      max_receive_count = redrive->max_receive_count;
    }
  }
  auto now = cloud_.clock->now();
  auto visibility = wish.visibility.value_or(std::chrono::seconds(its_queue.attributes.visibility_seconds));
  auto taken = its_queue.messages.take(wish.max, visibility, max_receive_count, now);
  for (auto& message : taken.dead) {
    message.system_attributes["DeadLetterQueueSourceArn"] = its_queue.arn;
    dead_letters->messages.add(std::move(message), now, now);
  }
  if (!taken.dead.empty()) dead_letters->changed.notify_all();
  if (taken.received.empty() && taken.too_many_in_flight && wish.wait <= base::Millis(0)) {
    return aws_error(403, "OverLimit",
                     fmt::format("Too many messages in flight: {} of a queue's at once.", MessageStore::kMostInFlight));
  }
  std::vector<QueueMessage> messages;
  for (const auto& one : taken.received) messages.push_back(as_received(its_queue, one));
  return messages;
}

awaitable<base::Result<std::vector<QueueMessage>>> SqsService::take_messages(Wish wish) {
  auto until = cloud_.clock->now() + wish.wait;
  for (;;) {
    auto found = queues_.find(wish.queue_arn);
    if (found == queues_.end()) co_return no_such_queue();
    auto its_queue = found->second;
    CO_TRY(auto messages, take_now(*its_queue, wish));
    if (!messages.empty() || cloud_.clock->now() >= until) co_return messages;
    auto next = std::min(until, its_queue->messages.next_visible());
    co_await wait_for_either(its_queue->changed.wait(), cloud_.clock->sleep_until(next));
  }
}

base::Result<MessageStore::Receipt> SqsService::receipt(const Queue& its_queue, std::string_view handle) const {
  auto text = codec::base64_decode(handle);
  auto read = [&](std::string_view& rest, auto& number) {
    auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (error != std::errc() || end == rest.data() + rest.size() || *end != ' ') return false;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()) + 1);
    return true;
  };
  if (text) {
    std::string_view rest = *text;
    MessageStore::Receipt found;
    if (read(rest, found.number) && read(rest, found.receive_count) && rest.ends_with(" " + its_queue.arn)) {
      return found;
    }
  }
  return aws_error(404, "ReceiptHandleIsInvalid",
                   fmt::format("The input receipt handle \"{}\" is not a valid receipt handle.", handle));
}

// --- For other services

base::Result<QueueFacts> SqsService::facts(std::string_view queue_arn) const {
  TRY(const auto* found, queue(queue_arn));
  return QueueFacts{.name = found->name,
                    .arn = found->arn,
                    .url = found->url,
                    .visibility_timeout = std::chrono::seconds(found->attributes.visibility_seconds)};
}

base::Result<std::string> SqsService::send(const OnBehalfOf& sender, std::string_view queue_arn, std::string body,
                                           json::object message_attributes) {
  // A service learns that a queue is gone, which has no policy to refuse it.
  if (!sender.service.empty()) TRY(queue(queue_arn));
  TRY(may(sender, "sqs:sendmessage", queue_arn));
  TRY(auto* found, queue(queue_arn));
  auto from = sender.service.empty() ? sender.caller.user_id : std::string(kServicesSenderId);
  return add(*found, {.body = std::move(body),
                      .attributes = std::move(message_attributes),
                      .system_attributes = {{"SenderId", std::move(from)}}});
}

awaitable<base::Result<std::vector<QueueMessage>>> SqsService::receive(OnBehalfOf receiver, std::string queue_arn,
                                                                       std::size_t max, base::Millis wait) {
  CO_TRY(may(receiver, "sqs:receivemessage", queue_arn));
  co_return co_await take_messages({.queue_arn = std::move(queue_arn), .max = max, .wait = wait});
}

base::Result<> SqsService::remove(const OnBehalfOf& receiver, std::string_view queue_arn,
                                  const std::vector<std::string>& receipt_handles) {
  TRY(may(receiver, "sqs:deletemessage", queue_arn));
  TRY(auto* found, queue(queue_arn));
  for (const auto& handle : receipt_handles) {
    TRY(auto its_receipt, receipt(*found, handle));
    found->messages.remove(its_receipt);
  }
  return {};
}

ResourceTypes SqsService::resource_types() {
  return sqs_resource_types(*this);
}

std::unique_ptr<Sqs> make_sqs(Cloud& cloud) {
  return std::make_unique<SqsService>(cloud);
}

}  // namespace localcloud

// Publish: what a message must be, and who is to get it.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "base/ids.h"
#include "codec/json.h"
#include "localcloud/delivery.h"
#include "localcloud/local_clock.h"
#include "localcloud/sns/sns_service.h"

namespace localcloud {

namespace {

// The entries of a batch by their ids. Errors: EmptyBatchRequest, … 400.
base::Result<std::vector<QueryInput>> batch_entries(const QueryInput& input) {
  constexpr std::size_t kMost = 10;
  constexpr std::size_t kLongestId = 80;
  auto entries = input.structures("PublishBatchRequestEntries");
  if (entries.empty()) {
    return aws_error(400, "EmptyBatchRequest", "The batch request doesn't contain any entries.");
  }
  if (entries.size() > kMost) {
    return aws_error(400, "TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible.");
  }
  std::set<std::string> ids;
  for (const auto& entry : entries) {
    auto id = entry.get_or("Id", "");
    bool fits = !id.empty() && id.size() <= kLongestId && std::all_of(id.begin(), id.end(), [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
    });
    if (!fits) {
      return aws_error(400, "InvalidBatchEntryId",
                       "The Id of a batch entry in a batch request doesn't abide by the specification.");
    }
    if (!ids.insert(id).second) {
      return aws_error(400, "BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.");
    }
  }
  return entries;
}

}  // namespace

base::Result<> SnsService::check_size(const Topic& its_topic, std::size_t size) const {
  if (size <= its_topic.settings.message_limit()) return {};
  return aws_error(400, "InvalidParameter", "Invalid parameter: Message too long");
}

SnsService::Output SnsService::publish_call(const Call& call, const QueryInput& input) {
  if (input.get("PhoneNumber")) return base::fail(not_implemented("sns", "Publish to a phone number"));
  TRY(auto* its_topic, open(call, input, "Publish"));
  TRY(auto message, read_message(input));
  TRY(check_size(*its_topic, size_of(message)));
  auto id = message.id;
  fan_out(*its_topic, std::move(message));
  return XmlWriter().element("MessageId", id).take();
}

SnsService::Output SnsService::publish_batch(const Call& call, const QueryInput& input) {
  TRY(auto* its_topic, open(call, input, "Publish"));
  TRY(auto entries, batch_entries(input));
  struct Entry {
    std::string id;
    base::Result<Message> message;
  };
  std::vector<Entry> messages;
  std::size_t size = 0;
  for (const auto& entry : entries) {
    messages.push_back({.id = entry.get_or("Id", ""), .message = read_message(entry)});
    if (messages.back().message) size += size_of(*messages.back().message);
  }
  if (!check_size(*its_topic, size)) {
    return aws_error(400, "BatchRequestTooLong",
                     "The length of all the batch messages put together is more than the limit.");
  }
  XmlWriter successful;
  XmlWriter failed;
  successful.open("Successful");
  failed.open("Failed");
  for (auto& [id, message] : messages) {
    if (message) {
      successful.open("member").element("Id", id).element("MessageId", message->id).close();
      fan_out(*its_topic, std::move(*message));
      continue;
    }
    const auto& error = message.error();
    failed.open("member").element("Id", id).element("Code", error.code).element("Message", error.message);
    failed.element("SenderFault", error.status < 500).close();
  }
  return successful.take() + failed.take();
}

base::Result<> SnsService::publish(const OnBehalfOf& sender, std::string_view topic_arn, std::string text,
                                   json::object message_attributes) {
  auto found = topics_.find(topic_arn);
  if (sender.service.empty()) {
    const json::value* policy = found == topics_.end() ? nullptr : &found->second.settings.policy;
    TRY(cloud_.iam->authorize(sender.caller, "SNS:Publish", topic_arn, {}, policy));
  }
  TRY(auto* its_topic, topic(topic_arn));
  if (!sender.service.empty()) {
    if (!lets_service_in(cloud_, its_topic->settings.policy, sender, "SNS:Publish", topic_arn)) {
      return aws_error(403, "AuthorizationError",
                       fmt::format("User: {} is not authorized to perform: SNS:Publish on resource: {} because no "
                                   "resource-based policy allows the SNS:Publish action",
                                   sender.service, topic_arn));
    }
    // The policy of the account's own key for SNS names no service (SNS developer guide, "Key management").
    if (!its_topic->settings.kms_key.empty()) {
      return aws_error(400, "KMSAccessDenied",
                       fmt::format("{} may not use the key {}", sender.service, its_topic->settings.kms_key));
    }
  }
  Message message{.id = base::random_uuid(), .text = std::move(text)};
  for (const auto& [name, attribute] : message_attributes) {
    message.attributes[std::string(name)] = {.type = codec::find_string(attribute, "DataType"),
                                             .value = codec::find_string(attribute, "StringValue")};
  }
  TRY(check_size(*its_topic, size_of(message)));
  forget_unconfirmed(*its_topic);
  fan_out(*its_topic, std::move(message));
  return {};
}

void SnsService::fan_out(Topic& its_topic, Message message) {
  message.topic_arn = its_topic.arn;
  message.time = cloud_.clock->now();
  for (const auto& [arn, one] : its_topic.subscriptions) {
    if (one.state != Subscription::State::confirmed) continue;
    const auto& filter = one.settings.filter;
    bool wanted =
        !filter || (one.settings.scope == FilterScope::body ? accepts_body(*filter, message.text_for(one.protocol))
                                                            : accepts_attributes(*filter, message.attributes));
    if (wanted) ship(its_topic, one, message);
  }
}

}  // namespace localcloud

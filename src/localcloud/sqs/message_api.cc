// The operations on messages, one by one and in batches (SQS API reference).
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <functional>
#include <set>

#include "codec/json.h"
#include "localcloud/local_clock.h"
#include "localcloud/sqs/message_check.h"
#include "localcloud/sqs/sqs_input.h"
#include "localcloud/sqs/sqs_service.h"

namespace localcloud {

namespace {

constexpr Range kVisibility{0, 43'200};
constexpr Range kDelay{0, 900};

// A message's members as SendMessage and an entry of SendMessageBatch both have them.
base::Result<std::map<std::string, std::string>> system_attributes(const json::object& input) {
  std::map<std::string, std::string> attributes;
  for (const auto& [name, value] : object_in(input, "MessageSystemAttributes")) {
    if (name != "AWSTraceHeader" || codec::find_string(value, "DataType") != "String") {
      return base::fail(invalid_parameter(name, "MessageSystemAttributes",
                                          "The only system attribute is AWSTraceHeader, of the type String."));
    }
    attributes["AWSTraceHeader"] = codec::find_string(value, "StringValue");
  }
  if (auto group = text_in(input, "MessageGroupId"); !group.empty()) {
    constexpr std::size_t kLongest = 128;
    bool fits = group.size() <= kLongest && std::all_of(group.begin(), group.end(), [](char c) {
                  return std::isgraph(static_cast<unsigned char>(c)) != 0;
                });
    if (!fits) {
      return base::fail(invalid_parameter(group, "MessageGroupId",
                                          "MessageGroupId can only include alphanumeric and punctuation characters. 1 "
                                          "to 128 in length."));
    }
    attributes["MessageGroupId"] = std::move(group);
  }
  if (auto id = text_in(input, "MessageDeduplicationId"); !id.empty()) {
    return base::fail(invalid_parameter(id, "MessageDeduplicationId",
                                        "The request includes a parameter that is not valid for this queue type."));
  }
  return attributes;
}

// The answer to a message with this input.
json::object describe_sent(const json::object& input, const std::string& id) {
  json::object answer{{"MessageId", id}, {"MD5OfMessageBody", md5_hex(text_in(input, "MessageBody"))}};
  if (auto sum = md5_of_attributes(object_in(input, "MessageAttributes")); !sum.empty()) {
    answer["MD5OfMessageAttributes"] = sum;
  }
  if (auto sum = md5_of_attributes(object_in(input, "MessageSystemAttributes")); !sum.empty()) {
    answer["MD5OfMessageSystemAttributes"] = sum;
  }
  return answer;
}

// The entries of a batch. Errors: those of every batch, AWS.SimpleQueueService.EmptyBatchRequest, … 400.
base::Result<std::vector<json::object>> batch_entries(const json::object& input, std::string_view entry_type) {
  constexpr std::size_t kMost = 10;
  constexpr std::size_t kLongestId = 80;
  auto refuse = [](std::string_view code, std::string message) {
    return aws_error(400, fmt::format("AWS.SimpleQueueService.{}", code), std::move(message));
  };
  std::vector<json::object> entries;
  for (const auto& one : list_in(input, "Entries")) {
    const auto* entry = one.if_object();
    if (entry == nullptr) {
      return aws_error(400, "SerializationException", "Start of structure or map found where not expected.");
    }
    entries.push_back(*entry);
  }
  if (entries.empty()) {
    return refuse("EmptyBatchRequest", fmt::format("There should be at least one {} in the request.", entry_type));
  }
  if (entries.size() > kMost) {
    return refuse(
        "TooManyEntriesInBatchRequest",
        fmt::format("Maximum number of entries per request are {}. You have sent {}.", kMost, entries.size()));
  }
  std::set<std::string> ids;
  for (const auto& entry : entries) {
    auto id = text_in(entry, "Id");
    bool fits = !id.empty() && id.size() <= kLongestId && std::all_of(id.begin(), id.end(), [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
    });
    if (!fits) {
      return refuse("InvalidBatchEntryId",
                    "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at "
                    "most 80 letters long.");
    }
    if (!ids.insert(id).second) return refuse("BatchEntryIdsNotDistinct", fmt::format("Id {} repeated.", id));
  }
  return entries;
}

// Each entry by itself; what it answers, or its error.
json::value for_each_entry(const std::vector<json::object>& entries,
                           const std::function<base::Result<json::object>(const json::object&)>& act) {
  json::array successful;
  json::array failed;
  for (const auto& entry : entries) {
    auto id = text_in(entry, "Id");
    auto result = act(entry);
    if (result) {
      (*result)["Id"] = id;
      successful.emplace_back(std::move(*result));
    } else {
      failed.emplace_back(json::object{{"Id", id},
                                       {"SenderFault", result.error().status < 500},
                                       {"Code", result.error().code},
                                       {"Message", result.error().message}});
    }
  }
  return json::object{{"Successful", std::move(successful)}, {"Failed", std::move(failed)}};
}

}  // namespace

// --- Send

base::Result<json::object> SqsService::send_one(Queue& its_queue, const Principal& sender, const json::object& input) {
  TRY(auto delay, number_of(input, "DelaySeconds", kDelay, "DelaySeconds must be >= 0 and <= 900."));
  TRY(auto system, system_attributes(input));
  system["SenderId"] = sender.user_id;
  TRY(auto id, add(its_queue, {.body = text_in(input, "MessageBody"),
                               .attributes = object_in(input, "MessageAttributes"),
                               .system_attributes = std::move(system),
                               .delay_seconds = delay}));
  return describe_sent(input, id);
}

SqsService::Output SqsService::send_message(const Call& call, const json::object& input) {
  TRY(auto* its_queue, open(call, input, "sqs:sendmessage"));
  return send_one(*its_queue, call.caller, input);
}

SqsService::Output SqsService::send_batch(const Call& call, const json::object& input) {
  constexpr std::size_t kLargestBatch = 1'048'576;
  TRY(auto* its_queue, open(call, input, "sqs:sendmessage"));
  TRY(auto entries, batch_entries(input, "SendMessageBatchRequestEntry"));
  std::size_t size = 0;
  for (const auto& entry : entries) {
    size += message_size(text_in(entry, "MessageBody"), object_in(entry, "MessageAttributes"));
  }
  if (size > kLargestBatch) {
    return aws_error(
        400, "AWS.SimpleQueueService.BatchRequestTooLong",
        fmt::format("Batch requests cannot be longer than {} bytes. You have sent {} bytes.", kLargestBatch, size));
  }
  return for_each_entry(entries, [&](const json::object& entry) -> base::Result<json::object> {
    return send_one(*its_queue, call.caller, entry);
  });
}

// --- Receive

awaitable<SqsService::Output> SqsService::receive_message(Call call, json::object input) {
  static const std::set<std::string_view> kSystemAttributes{"All",
                                                            "SenderId",
                                                            "SentTimestamp",
                                                            "AWSTraceHeader",
                                                            "MessageGroupId",
                                                            "ApproximateReceiveCount",
                                                            "SequenceNumber",
                                                            "MessageDeduplicationId",
                                                            "ApproximateFirstReceiveTimestamp",
                                                            "DeadLetterQueueSourceArn"};
  CO_TRY(auto* its_queue, open(call, input, "sqs:receivemessage"));
  CO_TRY(auto max, number_of(input, "MaxNumberOfMessages", {1, 10}));
  CO_TRY(auto visibility, number_of(input, "VisibilityTimeout", kVisibility));
  CO_TRY(auto wait, number_of(input, "WaitTimeSeconds", {0, 20}, "Must be >= 0 and <= 20, if provided."));
  if (auto id = text_in(input, "ReceiveRequestAttemptId"); !id.empty()) {
    co_return base::fail(invalid_parameter(id, "ReceiveRequestAttemptId",
                                           "The request includes a parameter that is not valid for this queue type."));
  }
  std::set<std::string, std::less<>> wanted;
  for (const auto* list : {"AttributeNames", "MessageSystemAttributeNames"}) {
    for (auto& name : texts_in(input, list)) {
      if (!kSystemAttributes.contains(name)) {
        co_return aws_error(400, "InvalidAttributeName", fmt::format("Unknown Attribute {}.", name));
      }
      wanted.insert(std::move(name));
    }
  }
  Wish wish{.queue_arn = its_queue->arn,
            .max = static_cast<std::size_t>(max.value_or(1)),
            .wait = std::chrono::seconds(wait.value_or(its_queue->attributes.receive_wait_seconds))};
  if (visibility) wish.visibility = std::chrono::seconds(*visibility);
  CO_TRY(auto messages, co_await take_messages(std::move(wish)));

  auto attribute_names = texts_in(input, "MessageAttributeNames");
  json::array list;
  for (auto& message : messages) {
    json::object one{{"MessageId", message.id},
                     {"ReceiptHandle", message.receipt_handle},
                     {"MD5OfBody", message.md5_of_body},
                     {"Body", std::move(message.body)}};
    json::object attributes;
    for (auto& [name, value] : message.attributes) {
      if (wanted.contains("All") || wanted.contains(std::string_view(name))) attributes.emplace(name, std::move(value));
    }
    if (!attributes.empty()) one["Attributes"] = std::move(attributes);
    if (auto selected = select_attributes(message.message_attributes, attribute_names); !selected.empty()) {
      one["MD5OfMessageAttributes"] = md5_of_attributes(selected);
      one["MessageAttributes"] = std::move(selected);
    }
    list.emplace_back(std::move(one));
  }
  json::object output;
  if (!list.empty()) output["Messages"] = std::move(list);
  co_return Output(std::move(output));
}

// --- Delete and change

SqsService::Output SqsService::delete_message(const Call& call, const json::object& input) {
  TRY(auto* its_queue, open(call, input, "sqs:deletemessage"));
  TRY(auto handle, needed_text(input, "ReceiptHandle"));
  TRY(auto its_receipt, receipt(*its_queue, handle));
  its_queue->messages.remove(its_receipt);
  return json::object();
}

SqsService::Output SqsService::delete_batch(const Call& call, const json::object& input) {
  TRY(auto* its_queue, open(call, input, "sqs:deletemessage"));
  TRY(auto entries, batch_entries(input, "DeleteMessageBatchRequestEntry"));
  return for_each_entry(entries, [&](const json::object& entry) -> base::Result<json::object> {
    TRY(auto its_receipt, receipt(*its_queue, text_in(entry, "ReceiptHandle")));
    its_queue->messages.remove(its_receipt);
    return json::object();
  });
}

base::Result<> SqsService::change_one(Queue& its_queue, const json::object& input) {
  TRY(auto handle, needed_text(input, "ReceiptHandle"));
  TRY(auto seconds, number_of(input, "VisibilityTimeout", kVisibility));
  if (!seconds) {
    return aws_error(400, "MissingParameter", "The request must contain the parameter VisibilityTimeout.");
  }
  TRY(auto its_receipt, receipt(its_queue, handle));
  auto state = its_queue.messages.state(its_receipt);
  if (!state) {
    return base::fail(invalid_parameter(handle, "ReceiptHandle",
                                        "Message does not exist or is not available for visibility timeout change."));
  }
  if (*state != MessageStore::State::in_flight) {
    return aws_error(400, "AWS.SimpleQueueService.MessageNotInflight", "The message referred to isn't in flight.");
  }
  auto now = cloud_.clock->now();
  if (!its_queue.messages.change_visibility(its_receipt, std::chrono::seconds(*seconds), now)) {
    return base::fail(invalid_parameter(std::to_string(*seconds), "VisibilityTimeout",
                                        "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]"));
  }
  its_queue.changed.notify_all();
  return {};
}

SqsService::Output SqsService::change_visibility(const Call& call, const json::object& input) {
  TRY(auto* its_queue, open(call, input, "sqs:changemessagevisibility"));
  TRY(change_one(*its_queue, input));
  return json::object();
}

SqsService::Output SqsService::change_visibility_batch(const Call& call, const json::object& input) {
  TRY(auto* its_queue, open(call, input, "sqs:changemessagevisibility"));
  TRY(auto entries, batch_entries(input, "ChangeMessageVisibilityBatchRequestEntry"));
  return for_each_entry(entries, [&](const json::object& entry) -> base::Result<json::object> {
    TRY(change_one(*its_queue, entry));
    return json::object();
  });
}

}  // namespace localcloud

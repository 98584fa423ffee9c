// The operations on queues: making and finding them, their attributes, tags and permissions (SQS API reference).
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>

#include "codec/json.h"
#include "localcloud/iam/iam.h"
#include "localcloud/local_clock.h"
#include "localcloud/policy_statements.h"
#include "localcloud/sqs/sqs_input.h"
#include "localcloud/sqs/sqs_service.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

base::Result<> check_queue_name(std::string_view name) {
  constexpr std::size_t kLongest = 80;
  if (name.ends_with(".fifo")) {
    return base::fail(not_implemented("sqs", fmt::format("FIFO queues ({})", name)));
  }
  bool fits = !name.empty() && name.size() <= kLongest && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
  });
  if (fits) return {};
  return aws_error(400, "InvalidParameterValue",
                   "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length");
}

tl::unexpected<base::Error> missing(std::string_view parameter) {
  return aws_error(400, "MissingParameter", fmt::format("The request must contain the parameter {}.", parameter));
}

// A page of `all`, which starts at the member that `token` names.
struct Page {
  std::vector<std::string> members;
  std::string next_token;
};
base::Result<Page> page_of(const std::vector<std::string>& all, const json::object& input) {
  constexpr std::int64_t kMost = 1000;
  TRY(auto max, number_of(input, "MaxResults", {1, kMost}));
  std::size_t begin = 0;
  if (auto token = text_in(input, "NextToken"); !token.empty()) {
    if (!max) return base::fail(invalid_parameter(token, "NextToken", "NextToken goes with MaxResults."));
    auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), begin);
    if (error != std::errc() || end != token.data() + token.size() || begin > all.size()) {
      return base::fail(invalid_parameter(token, "NextToken", "Invalid or expired next token."));
    }
  }
  auto end = std::min(all.size(), begin + static_cast<std::size_t>(max.value_or(kMost)));
  Page page;
  for (auto at = begin; at < end; ++at) page.members.push_back(all[at]);
  if (max && end < all.size()) page.next_token = std::to_string(end);
  return page;
}

json::value as_output(const Page& page, std::string_view member, bool always) {
  json::object output;
  if (!page.members.empty() || always) output[member] = json::array(page.members.begin(), page.members.end());
  if (!page.next_token.empty()) output["NextToken"] = page.next_token;
  return output;
}

json::object as_object(const std::map<std::string, std::string>& texts) {
  json::object object;
  for (const auto& [key, value] : texts) object[key] = value;
  return object;
}

}  // namespace

// --- The state

base::Result<> check_queue_tags(const SqsService::Texts& tags) {
  constexpr std::size_t kMost = 50;
  if (tags.size() <= kMost) return {};
  return aws_error(400, "InvalidParameterValue", "Too many tags added for queue: a queue can have at most 50 tags.");
}

base::Result<Queue*> SqsService::create_queue(std::string_view name, const Texts& attributes, Texts tags) {
  TRY(check_queue_name(name));
  TRY(check_queue_tags(tags));
  auto arn = arn_of(name);
  auto now = cloud_.clock->now();
  if (auto existing = queues_.find(arn); existing != queues_.end()) {
    auto wanted = existing->second->attributes;
    for (const auto& [key, value] : attributes) {
      TRY(wanted.set(key, value));
      if (wanted.texts() == existing->second->attributes.texts()) continue;
      return aws_error(
          400, "QueueAlreadyExists",
          fmt::format("A queue already exists with the same name and a different value for attribute {}", key));
    }
    return existing->second.get();
  }
  auto gone = deleted_.find(arn);
  if (gone != deleted_.end() && now < gone->second + kDeletionTime) {
    return aws_error(400, "AWS.SimpleQueueService.QueueDeletedRecently",
                     "You must wait 60 seconds after deleting a queue before you can create another with the same "
                     "name.");
  }
  if (gone != deleted_.end()) deleted_.erase(gone);
  auto made = std::make_shared<Queue>();
  made->name = std::string(name);
  made->arn = arn;
  made->url = fmt::format("{}/{}/{}", cloud_.endpoint, cloud_.account_id, name);
  made->tags = std::move(tags);
  made->created = now;
  TRY(set_attributes(*made, attributes));
  auto* result = made.get();
  queues_[arn] = std::move(made);
  return result;
}

base::Result<> SqsService::set_attributes(Queue& its_queue, const Texts& attributes) {
  auto wanted = its_queue.attributes;
  for (const auto& [name, value] : attributes) TRY(wanted.set(name, value));
  if (attributes.contains("RedrivePolicy")) TRY(check_redrive(its_queue, wanted));
  its_queue.attributes = std::move(wanted);
  its_queue.modified = cloud_.clock->now();
  its_queue.changed.notify_all();
  return {};
}

base::Result<> SqsService::check_redrive(const Queue& source, const QueueAttributes& wanted) const {
  if (!wanted.redrive) return {};
  auto refuse = [&](std::string_view reason) {
    return base::fail(invalid_parameter(wanted.texts()["RedrivePolicy"], "RedrivePolicy", reason));
  };
  auto target = queues_.find(wanted.redrive->target_arn);
  if (target == queues_.end()) return refuse("Dead letter target does not exist.");
  const auto& allowed = target->second->attributes.redrive_allow;
  if (allowed && !allowed->allows(source.arn)) {
    return refuse("The dead-letter queue's redrive allow policy does not allow this queue.");
  }
  return {};
}

// --- Making and finding

SqsService::Output SqsService::create(const Call& call, const json::object& input) {
  TRY(auto name, needed_text(input, "QueueName"));
  TRY(may({.caller = call.caller}, "sqs:createqueue", arn_of(name)));
  auto tags = map_of(input, "tags");
  if (!tags.empty()) TRY(may({.caller = call.caller}, "sqs:tagqueue", arn_of(name)));
  TRY(auto* made, create_queue(name, map_of(input, "Attributes"), std::move(tags)));
  return json::object{{"QueueUrl", made->url}};
}

SqsService::Output SqsService::remove_queue(const Call& call, const json::object& input) {
  TRY(auto* its_queue, open(call, input, "sqs:deletequeue"));
  delete_queue(std::string(its_queue->arn), true);
  return json::object();
}

SqsService::Output SqsService::get_url(const Call& call, const json::object& input) {
  TRY(auto name, needed_text(input, "QueueName"));
  auto owner = text_in(input, "QueueOwnerAWSAccountId");
  auto arn = owner.empty() ? arn_of(name) : fmt::format("arn:aws:sqs:{}:{}:{}", cloud_.region, owner, name);
  TRY(may({.caller = call.caller}, "sqs:getqueueurl", arn));
  TRY(auto* its_queue, queue(arn));
  return json::object{{"QueueUrl", its_queue->url}};
}

SqsService::Output SqsService::list(const Call& call, const json::object& input) {
  TRY(may({.caller = call.caller}, "sqs:listqueues", arn_of("*")));
  auto prefix = text_in(input, "QueueNamePrefix");
  std::vector<std::string> urls;
  for (const auto& [arn, one] : queues_) {
    if (one->name.starts_with(prefix)) urls.push_back(one->url);
  }
  TRY(auto page, page_of(urls, input));
  return as_output(page, "QueueUrls", false);
}

SqsService::Output SqsService::list_sources(const Call& call, const json::object& input) {
  TRY(auto* its_queue, open(call, input, "sqs:listdeadlettersourcequeues"));
  std::vector<std::string> urls;
  for (const auto& [arn, one] : queues_) {
    if (one->attributes.redrive && one->attributes.redrive->target_arn == its_queue->arn) urls.push_back(one->url);
  }
  TRY(auto page, page_of(urls, input));
  return as_output(page, "queueUrls", true);
}

// --- Attributes

SqsService::Output SqsService::get_attributes(const Call& call, const json::object& input) {
  TRY(auto* its_queue, open(call, input, "sqs:getqueueattributes"));
  auto names = texts_in(input, "AttributeNames");
  for (const auto& name : names) {
    if (!is_attribute_name(name)) {
      return aws_error(400, "InvalidAttributeName", fmt::format("Unknown Attribute {}.", name));
    }
  }
  auto texts = its_queue->attributes.texts();
  auto counts = its_queue->messages.counts();
  texts["QueueArn"] = its_queue->arn;
  texts["CreatedTimestamp"] = std::to_string(base::epoch_ms(its_queue->created) / 1000);
  texts["LastModifiedTimestamp"] = std::to_string(base::epoch_ms(its_queue->modified) / 1000);
  texts["ApproximateNumberOfMessages"] = std::to_string(counts.visible);
  texts["ApproximateNumberOfMessagesDelayed"] = std::to_string(counts.delayed);
  texts["ApproximateNumberOfMessagesNotVisible"] = std::to_string(counts.in_flight);
  bool all = std::find(names.begin(), names.end(), "All") != names.end();
  std::erase_if(
      texts, [&](const auto& one) { return !all && std::find(names.begin(), names.end(), one.first) == names.end(); });
  json::object output;
  if (!texts.empty()) output["Attributes"] = as_object(texts);
  return output;
}

SqsService::Output SqsService::put_attributes(const Call& call, const json::object& input) {
  TRY(auto* its_queue, open(call, input, "sqs:setqueueattributes"));
  auto attributes = map_of(input, "Attributes");
  if (attributes.empty()) return missing("Attributes");
  TRY(set_attributes(*its_queue, attributes));
  return json::object();
}

SqsService::Output SqsService::purge(const Call& call, const json::object& input) {
  TRY(auto* its_queue, open(call, input, "sqs:purgequeue"));
  auto now = cloud_.clock->now();
  if (its_queue->purged && now < *its_queue->purged + kDeletionTime) {
    return aws_error(403, "AWS.SimpleQueueService.PurgeQueueInProgress",
                     fmt::format("Only one PurgeQueue operation on {} is allowed every 60 seconds.", its_queue->name));
  }
  its_queue->purged = now;
  its_queue->messages.clear();
  return json::object();
}

// --- Tags

SqsService::Output SqsService::tag(const Call& call, const json::object& input) {
  TRY(auto* its_queue, open(call, input, "sqs:tagqueue"));
  auto tags = map_of(input, "Tags");
  if (tags.empty()) return missing("Tags");
  tags.insert(its_queue->tags.begin(), its_queue->tags.end());
  TRY(check_queue_tags(tags));
  its_queue->tags = std::move(tags);
  return json::object();
}

SqsService::Output SqsService::untag(const Call& call, const json::object& input) {
  TRY(auto* its_queue, open(call, input, "sqs:untagqueue"));
  auto keys = texts_in(input, "TagKeys");
  if (keys.empty()) return missing("TagKeys");
  for (const auto& key : keys) its_queue->tags.erase(key);
  return json::object();
}

SqsService::Output SqsService::list_tags(const Call& call, const json::object& input) {
  TRY(auto* its_queue, open(call, input, "sqs:listqueuetags"));
  json::object output;
  if (!its_queue->tags.empty()) output["Tags"] = as_object(its_queue->tags);
  return output;
}

// --- Permissions: statements of the queue's policy, by their Sid

namespace {

base::Result<json::array> permitted_actions(const std::vector<std::string>& names) {
  // What an owner may hand on to others (SQS API reference, AddPermission).
  static const std::set<std::string_view> kActions{"*",
                                                   "SendMessage",
                                                   "ReceiveMessage",
                                                   "DeleteMessage",
                                                   "ChangeMessageVisibility",
                                                   "GetQueueAttributes",
                                                   "GetQueueUrl",
                                                   "ListDeadLetterSourceQueues",
                                                   "PurgeQueue"};
  constexpr std::size_t kMost = 7;
  if (names.empty()) return missing("Actions");
  if (names.size() > kMost) {
    return aws_error(403, "OverLimit",
                     fmt::format("{} Actions were found, maximum allowed is {}.", names.size(), kMost));
  }
  json::array actions;
  for (const auto& name : names) {
    if (!kActions.contains(name)) {
      return base::fail(invalid_parameter(fmt::format("SQS:{}", name), "ActionName",
                                          "Please refer to the appropriate WSDL for a list of valid actions."));
    }
    actions.emplace_back(fmt::format("SQS:{}", name));
  }
  return actions;
}

}  // namespace

SqsService::Output SqsService::add_permission(const Call& call, const json::object& input) {
  TRY(auto* its_queue, open(call, input, "sqs:addpermission"));
  TRY(auto label, needed_text(input, "Label"));
  TRY(auto actions, permitted_actions(texts_in(input, "Actions")));
  json::array accounts;
  for (const auto& account : texts_in(input, "AWSAccountIds")) {
    accounts.emplace_back(fmt::format("arn:aws:iam::{}:root", account));
  }
  if (accounts.empty()) return missing("AWSAccountIds");
  json::value policy =
      its_queue->attributes.policy.value_or(json::object{{"Version", "2012-10-17"},
                                                         {"Id", fmt::format("{}/SQSDefaultPolicy", its_queue->arn)},
                                                         {"Statement", json::array()}});
  auto& statements = statements_of(policy);
  if (find_statement(statements, label) != statements.end()) {
    return base::fail(invalid_parameter(label, "Label", "Already exists."));
  }
  statements.emplace_back(json::object{{"Sid", label},
                                       {"Effect", "Allow"},
                                       {"Principal", json::object{{"AWS", std::move(accounts)}}},
                                       {"Action", std::move(actions)},
                                       {"Resource", its_queue->arn}});
  its_queue->attributes.policy = std::move(policy);
  its_queue->modified = cloud_.clock->now();
  return json::object();
}

SqsService::Output SqsService::remove_permission(const Call& call, const json::object& input) {
  TRY(auto* its_queue, open(call, input, "sqs:removepermission"));
  TRY(auto label, needed_text(input, "Label"));
  auto& policy = its_queue->attributes.policy;
  auto absent = base::fail(invalid_parameter(label, "Label", "can't find label on existing policy."));
  if (!policy) return absent;
  auto& statements = statements_of(*policy);
  auto found = find_statement(statements, label);
  if (found == statements.end()) return absent;
  statements.erase(found);
  if (statements.empty()) policy.reset();
  its_queue->modified = cloud_.clock->now();
  return json::object();
}

}  // namespace localcloud

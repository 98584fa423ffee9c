// The calls of SNS, and the state of topics and subscriptions.
#include "localcloud/sns/sns.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/ids.h"
#include "localcloud/local_clock.h"
#include "localcloud/sns/invalid.h"
#include "localcloud/sns/sns_service.h"
#include "net/url.h"

namespace localcloud {

namespace {

constexpr std::string_view kNamespace = "http://sns.amazonaws.com/doc/2010-03-31/";
constexpr auto kTokenLifetime = std::chrono::hours(48);  // SNS API reference, Subscribe
constexpr std::size_t kMostTags = 50;
constexpr std::size_t kMostFilters = 200;  // of a topic

using sns::invalid;

tl::unexpected<base::Error> no_such_topic() {
  return aws_error(404, "NotFound", "Topic does not exist");
}

base::Result<> check_topic_name(std::string_view name) {
  constexpr std::size_t kLongest = 256;
  if (name.ends_with(".fifo")) return base::fail(not_implemented("sns", fmt::format("FIFO topics ({})", name)));
  bool fits = !name.empty() && name.size() <= kLongest && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
  });
  if (fits) return {};
  return invalid("Topic Name");
}

bool is_of_this_machine(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost") || host.starts_with("127.") || host == "::1";
}

// Endpoints that the local cloud reaches: functions, queues, and HTTP on this machine. An address of mail it takes, and
// never reaches: no mail asks for the confirmation.
base::Result<> check_endpoint(std::string_view protocol, std::string_view endpoint) {
  if (protocol == "lambda") {
    if (!endpoint.starts_with("arn:aws:lambda:")) return invalid("Lambda endpoint ARN");
    return {};
  }
  if (protocol == "sqs") {
    if (!endpoint.starts_with("arn:aws:sqs:")) return invalid("SQS endpoint ARN");
    if (endpoint.ends_with(".fifo"))
      return invalid(
          "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be "
          "subscribed to standard SNS topics");
    return {};
  }
  if (protocol == "email" || protocol == "email-json") {
    if (endpoint.find('@') == std::string_view::npos) return invalid("Email address");
    return {};
  }
  if (protocol != "http" && protocol != "https") {
    return base::fail(not_implemented("sns", fmt::format("Subscribe with the protocol {}", protocol)));
  }
  auto url = net::parse_url(endpoint);
  if (!url || url->scheme != protocol) return invalid("Endpoint must match the specified protocol");
  if (!is_of_this_machine(url->host)) {
    return base::fail(not_implemented("sns", fmt::format("Subscribe with {}, which is not on this machine", endpoint)));
  }
  return {};
}

}  // namespace

// --- Calls

const std::vector<SnsService::Operation>& SnsService::table() {
  static const std::vector<Operation> kTable{{"AddPermission", &SnsService::add_permission},
                                             {"ConfirmSubscription", &SnsService::confirm},
                                             {"CreateTopic", &SnsService::create},
                                             {"DeleteTopic", &SnsService::remove},
                                             {"GetSubscriptionAttributes", &SnsService::get_subscription},
                                             {"GetTopicAttributes", &SnsService::get_topic},
                                             {"ListSubscriptions", &SnsService::list_subscriptions},
                                             {"ListSubscriptionsByTopic", &SnsService::list_by_topic},
                                             {"ListTagsForResource", &SnsService::list_tags},
                                             {"ListTopics", &SnsService::list},
                                             {"Publish", &SnsService::publish_call},
                                             {"PublishBatch", &SnsService::publish_batch},
                                             {"RemovePermission", &SnsService::remove_permission},
                                             {"SetSubscriptionAttributes", &SnsService::set_subscription},
                                             {"SetTopicAttributes", &SnsService::set_topic},
                                             {"Subscribe", &SnsService::subscribe_call},
                                             {"TagResource", &SnsService::tag},
                                             {"Unsubscribe", &SnsService::unsubscribe_call},
                                             {"UntagResource", &SnsService::untag}};
  return kTable;
}

std::vector<std::string> SnsService::operations() const {
  std::vector<std::string> names;
  for (const auto& one : table()) names.emplace_back(one.name);
  return names;
}

awaitable<net::Response> SnsService::handle(Call call) {
  QueryInput input(call.request);
  auto action = input.action();
  auto found = std::find_if(table().begin(), table().end(), [&](const auto& one) { return one.name == action; });
  if (found == table().end()) co_return query_failure(call, kNamespace, not_implemented("sns", action));
  auto output = (this->*found->act)(call, input);
  if (!output) co_return query_failure(call, kNamespace, output.error());
  co_return query_answer(call, kNamespace, action, *output);
}

base::Result<> SnsService::may(const Call& call, std::string_view action, std::string_view resource,
                               const ConditionContext& context) const {
  auto found = topics_.find(resource);
  const json::value* policy = found == topics_.end() ? nullptr : &found->second.settings.policy;
  return cloud_.iam->authorize(call.caller, fmt::format("SNS:{}", action), resource, context, policy);
}

base::Result<Topic*> SnsService::open(const Call& call, const QueryInput& input, std::string_view action) {
  auto arn = input.get_or("TopicArn", input.get_or("TargetArn", ""));
  if (arn.empty()) return invalid("TopicArn or TargetArn Reason: no value for required parameter");
  constexpr int kColons = 5;
  if (auto colons = std::count(arn.begin(), arn.end(), ':'); colons < kColons) {
    return invalid(fmt::format("TopicArn Reason: An ARN must have at least 6 elements, not {}", colons + 1));
  }
  TRY(may(call, action, arn));
  TRY(auto* found, topic(arn));
  forget_unconfirmed(*found);
  return found;
}

base::Result<Subscription*> SnsService::open_subscription(const Call& call, const QueryInput& input,
                                                          std::string_view action) {
  auto arn = input.get_or("SubscriptionArn", "");
  constexpr int kColons = 6;
  if (std::count(arn.begin(), arn.end(), ':') < kColons) {
    return invalid(fmt::format("SubscriptionArn Reason: An ARN must have at least 6 elements, not {}",
                               std::count(arn.begin(), arn.end(), ':') + 1));
  }
  auto topic_arn = arn.substr(0, arn.rfind(':'));
  TRY(may(call, action, topic_arn));
  if (auto its_topic = topic(topic_arn)) forget_unconfirmed(**its_topic);
  TRY(auto* found, subscription(arn));
  if (found->state == Subscription::State::cancelled) {
    return aws_error(404, "NotFound", "Subscription does not exist");
  }
  return found;
}

// --- Topics

std::string SnsService::arn_of(std::string_view name) const {
  return fmt::format("arn:aws:sns:{}:{}:{}", cloud_.region, cloud_.account_id, name);
}

base::Result<Topic*> SnsService::create_topic(std::string_view name, const Texts& attributes, const Texts& tags) {
  TRY(check_topic_name(name));
  auto arn = arn_of(name);
  if (auto existing = topics_.find(arn); existing != topics_.end()) {
    auto wanted = existing->second.settings;
    TRY(wanted.set(arn, cloud_.account_id, attributes));
    if (wanted.texts() != existing->second.settings.texts()) {
      return invalid("Attributes Reason: Topic already exists with different attributes");
    }
    if (!tags.empty() && tags != existing->second.tags) {
      return invalid("Tags Reason: Topic already exists with different tags");
    }
    return &existing->second;
  }
  Topic made{.arn = arn, .name = std::string(name)};
  made.settings.policy = default_policy(arn, cloud_.account_id);
  TRY(made.settings.set(arn, cloud_.account_id, attributes));
  TRY(set_tags(made, tags));
  return &topics_.emplace(arn, std::move(made)).first->second;
}

base::Result<Topic*> SnsService::topic(std::string_view arn) {
  auto found = topics_.find(arn);
  if (found == topics_.end()) return no_such_topic();
  return &found->second;
}

base::Result<> SnsService::set_attributes(Topic& its_topic, const Texts& attributes) {
  auto wanted = its_topic.settings;
  TRY(wanted.set(its_topic.arn, cloud_.account_id, attributes));
  bool http = std::any_of(its_topic.subscriptions.begin(), its_topic.subscriptions.end(),
                          [](const auto& one) { return one.second.is_http(); });
  if (http && wanted.message_limit() > kLargestForHttp) {
    return invalid("MaximumMessageSize Reason: a topic with HTTP subscriptions can have at most 262144");
  }
  its_topic.settings = std::move(wanted);
  return {};
}

base::Result<> SnsService::set_tags(Topic& its_topic, Texts tags) {
  if (tags.size() > kMostTags) {
    return aws_error(400, "TagLimitExceeded", "Could not complete request: tag quota of per resource exceeded");
  }
  its_topic.tags = std::move(tags);
  return {};
}

void SnsService::delete_topic(std::string_view arn) {
  if (auto found = topics_.find(arn); found != topics_.end()) topics_.erase(found);
}

// --- Subscriptions

base::Result<Subscription*> SnsService::subscribe(std::string_view topic_arn, std::string_view protocol,
                                                  std::string_view endpoint, const Texts& attributes) {
  TRY(auto* its_topic, topic(topic_arn));
  TRY(check_endpoint(protocol, endpoint));
  if (protocol.starts_with("http") && its_topic->settings.message_limit() > kLargestForHttp) {
    return invalid("Protocol Reason: a topic with a MaximumMessageSize above 262144 has no HTTP subscriptions");
  }
  SubscriptionSettings settings;
  TRY(settings.set(protocol, attributes));
  for (auto& [arn, one] : its_topic->subscriptions) {
    bool other = one.protocol != protocol || one.endpoint != endpoint;
    if (other || one.state == Subscription::State::cancelled) continue;
    if (!attributes.empty() && one.settings.texts() != settings.texts()) {
      return invalid("Attributes Reason: Subscription already exists with different attributes");
    }
    if (one.state == Subscription::State::pending) ask_for_confirmation(one, "SubscriptionConfirmation");
    return &one;
  }
  Subscription fresh{.arn = fmt::format("{}:{}", topic_arn, base::random_uuid()),
                     .topic_arn = std::string(topic_arn),
                     .protocol = std::string(protocol),
                     .endpoint = std::string(endpoint),
                     .since = cloud_.clock->now()};
  TRY(set_attributes(fresh, attributes));
  auto arn = fresh.arn;
  auto* made = &its_topic->subscriptions.emplace(std::move(arn), std::move(fresh)).first->second;
  if (made->wants_confirmation()) {
    made->state = Subscription::State::pending;
    ask_for_confirmation(*made, "SubscriptionConfirmation");
  }
  return made;
}

base::Result<Subscription*> SnsService::subscription(std::string_view arn) {
  auto found = topics_.find(arn.substr(0, arn.rfind(':')));
  if (found != topics_.end()) {
    auto one = found->second.subscriptions.find(std::string(arn));
    if (one != found->second.subscriptions.end()) return &one->second;
  }
  return aws_error(404, "NotFound", "Subscription does not exist");
}

base::Result<> SnsService::set_attributes(Subscription& its_subscription, const Texts& attributes) {
  if (auto given = attributes.find("FilterPolicy"); given != attributes.end() && !given->second.empty()) {
    TRY(const auto* its_topic, topic(its_subscription.topic_arn));
    auto filters =
        std::count_if(its_topic->subscriptions.begin(), its_topic->subscriptions.end(),
                      [&](const auto& one) { return one.second.settings.filter && one.first != its_subscription.arn; });
    if (static_cast<std::size_t>(filters) >= kMostFilters) {
      return aws_error(403, "FilterPolicyLimitExceeded",
                       fmt::format("A topic can have at most {} filter policies", kMostFilters));
    }
  }
  return its_subscription.settings.set(its_subscription.protocol, attributes);
}

void SnsService::unsubscribe(std::string_view arn) {
  auto found = topics_.find(arn.substr(0, arn.rfind(':')));
  if (found == topics_.end()) return;
  if (found->second.subscriptions.erase(std::string(arn)) > 0) ++found->second.deleted_subscriptions;
}

void SnsService::forget_unconfirmed(Topic& its_topic) const {
  auto now = cloud_.clock->now();
  std::erase_if(its_topic.subscriptions, [&](const auto& one) {
    return one.second.state != Subscription::State::confirmed && now >= one.second.since + kTokenLifetime;
  });
}

ResourceTypes SnsService::resource_types() {
  return sns_resource_types(*this);
}

std::unique_ptr<Sns> make_sns(Cloud& cloud) {
  return std::make_unique<SnsService>(cloud);
}

}  // namespace localcloud

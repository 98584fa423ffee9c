#include "localcloud/s3/notification.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/ids.h"
#include "localcloud/http_text.h"
#include "localcloud/service.h"
#include "localcloud/wire.h"
#include "net/url.h"

namespace localcloud {

namespace {

tl::unexpected<base::Error> invalid(std::string message) {
  return aws_error(400, "InvalidArgument", std::move(message));
}

base::Result<> check_event(const std::string& event) {
  static const std::set<std::string_view> kHere{"s3:ObjectCreated:*",
                                                "s3:ObjectCreated:Put",
                                                "s3:ObjectCreated:Post",
                                                "s3:ObjectCreated:Copy",
                                                "s3:ObjectCreated:CompleteMultipartUpload",
                                                "s3:ObjectRemoved:*",
                                                "s3:ObjectRemoved:Delete",
                                                "s3:ObjectRemoved:DeleteMarkerCreated",
                                                "s3:ObjectTagging:*",
                                                "s3:ObjectTagging:Put",
                                                "s3:ObjectTagging:Delete",
                                                "s3:LifecycleExpiration:*",
                                                "s3:LifecycleExpiration:Delete",
                                                "s3:LifecycleExpiration:DeleteMarkerCreated"};
  static const std::set<std::string_view> kOfAws{
      "s3:ReducedRedundancyLostObject", "s3:ObjectRestore",      "s3:Replication",
      "s3:LifecycleTransition",         "s3:IntelligentTiering", "s3:ObjectAcl"};
  if (kHere.contains(event)) return {};
  if (kOfAws.contains(std::string_view(event).substr(0, event.find(':', 3)))) {
    return base::fail(not_implemented("s3", "PutBucketNotificationConfiguration with " + event));
  }
  return invalid(fmt::format("The event '{}' is not supported for notifications", event));
}

base::Result<> read_filter(const XmlNode& node, NotificationTarget& target) {
  const auto* filter = node.child("Filter");
  const auto* key = filter != nullptr ? filter->child("S3Key") : nullptr;
  if (key == nullptr) return {};
  std::set<std::string> seen;
  for (const auto* rule : key->all("FilterRule")) {
    auto name = lower_case(rule->text_of("Name"));
    if (name != "prefix" && name != "suffix") return invalid("filter rule name must be either prefix or suffix");
    if (!seen.insert(name).second)
      return invalid(fmt::format("Cannot specify more than one {} rule in a filter.", name));
    (name == "prefix" ? target.prefix : target.suffix) = rule->text_of("Value");
  }
  return {};
}

bool common_event(const NotificationTarget& a, const NotificationTarget& b) {
  for (const auto& one : a.events) {
    for (const auto& other : b.events) {
      auto family = [](std::string_view event) { return event.substr(0, event.rfind(':')); };
      if (one == other || (family(one) == family(other) && (one.ends_with('*') || other.ends_with('*')))) return true;
    }
  }
  return false;
}

bool overlap(const NotificationTarget& a, const NotificationTarget& b) {
  bool prefixes = a.prefix.starts_with(b.prefix) || b.prefix.starts_with(a.prefix);
  bool suffixes = a.suffix.ends_with(b.suffix) || b.suffix.ends_with(a.suffix);
  return prefixes && suffixes && common_event(a, b);
}

// As a form encodes it, slashes kept: "a b/ä" → "a+b/%C3%A4".
std::string encoded_key(std::string_view key) {
  auto encoded = net::percent_encode(key, true);
  std::string out;
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    bool space = std::string_view(encoded).substr(i).starts_with("%20");
    out += space ? '+' : encoded[i];
    if (space) i += 2;
  }
  return out;
}

bool is_removal(std::string_view name) {
  return name == "ObjectRemoved:Delete" || name == "LifecycleExpiration:Delete";
}

}  // namespace

bool NotificationTarget::wants(std::string_view event, std::string_view key) const {
  if (!key.starts_with(prefix) || !key.ends_with(suffix)) return false;
  return std::any_of(events.begin(), events.end(), [&](std::string_view pattern) {
    pattern.remove_prefix(3);  // "s3:"
    if (!pattern.ends_with('*')) return pattern == event;
    pattern.remove_suffix(1);
    return event.starts_with(pattern);
  });
}

base::Result<NotificationConfiguration> parse_notification(XmlNode& configuration) {
  NotificationConfiguration made;
  std::set<std::string> ids;
  for (auto& node : configuration.children) {
    if (node.name == "EventBridgeConfiguration") {
      made.event_bridge = true;
      continue;
    }
    NotificationTarget target;
    if (node.name == "CloudFunctionConfiguration") {
      target.arn = node.text_of("CloudFunction");
    } else if (node.name == "QueueConfiguration") {
      target.kind = NotificationTarget::queue;
      target.arn = node.text_of("Queue");
    } else if (node.name == "TopicConfiguration") {
      target.kind = NotificationTarget::topic;
      target.arn = node.text_of("Topic");
    } else {
      return malformed_xml();
    }
    auto service = target.kind == NotificationTarget::function ? ":lambda:"
                   : target.kind == NotificationTarget::queue  ? ":sqs:"
                                                               : ":sns:";
    if (!target.arn.starts_with("arn:") || target.arn.find(service) == std::string::npos) {
      return invalid("The ARN could not be parsed");
    }
    if (target.arn.ends_with(".fifo")) {
      return invalid("FIFO queues and topics are not supported as destinations of notifications");
    }
    static const std::set<std::string_view> kMembers{"Id", "Event", "Filter", "CloudFunction", "Queue", "Topic"};
    for (const auto& member : node.children) {
      if (!kMembers.contains(member.name)) return malformed_xml();
    }
    if (node.child("Id") == nullptr)
      node.children.insert(node.children.begin(), {.name = "Id", .text = base::random_uuid()});
    target.id = node.text_of("Id");
    if (!ids.insert(target.id).second) return invalid("Same ID used for multiple configurations. IDs must be unique");
    for (const auto* event : node.all("Event")) {
      TRY(check_event(event->text));
      target.events.push_back(event->text);
    }
    if (target.events.empty()) return malformed_xml();
    TRY(read_filter(node, target));
    for (const auto& other : made.targets) {
      if (!overlap(target, other)) continue;
      return invalid(
          "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are "
          "overlapping for the same event type.");
    }
    made.targets.push_back(std::move(target));
  }
  return made;
}

json::object event_message(const ObjectEvent& event, std::string_view configuration_id) {
  json::object object{{"key", encoded_key(event.key)}};
  if (!is_removal(event.name)) {
    object["size"] = event.size;
    object["eTag"] = event.etag;
  }
  if (!event.version_id.empty()) object["versionId"] = event.version_id;
  object["sequencer"] = event.sequencer;
  json::object bucket{{"name", event.bucket},
                      {"ownerIdentity", {{"principalId", event.owner}}},
                      {"arn", "arn:aws:s3:::" + event.bucket}};
  bool classic = event.name.starts_with("ObjectCreated:") || event.name.starts_with("ObjectRemoved:");
  json::object record{{"eventVersion", classic ? "2.1" : "2.3"},
                      {"eventSource", "aws:s3"},
                      {"awsRegion", event.region},
                      {"eventTime", iso_time(event.time)},
                      {"eventName", event.name},
                      {"userIdentity", {{"principalId", event.principal_id}}},
                      {"requestParameters", {{"sourceIPAddress", "127.0.0.1"}}},
                      {"responseElements", {{"x-amz-request-id", event.request_id}, {"x-amz-id-2", event.request_id}}},
                      {"s3",
                       {{"s3SchemaVersion", "1.0"},
                        {"configurationId", configuration_id},
                        {"bucket", std::move(bucket)},
                        {"object", std::move(object)}}}};
  json::array records;
  records.emplace_back(std::move(record));
  return json::object{{"Records", std::move(records)}};
}

json::object event_bridge_event(const ObjectEvent& event) {
  std::string_view name = event.name;
  bool marker = name.ends_with("DeleteMarkerCreated");
  bool deleted = marker || is_removal(name);
  auto type = deleted                          ? "Object Deleted"
              : name == "ObjectTagging:Put"    ? "Object Tags Added"
              : name == "ObjectTagging:Delete" ? "Object Tags Deleted"
                                               : "Object Created";
  json::object object{{"key", event.key}};
  if (!deleted) object["size"] = event.size;
  if (!is_removal(name)) object["etag"] = event.etag;
  if (!event.version_id.empty()) object["version-id"] = event.version_id;
  object["sequencer"] = event.sequencer;
  json::object detail{{"version", "0"},
                      {"bucket", {{"name", event.bucket}}},
                      {"object", std::move(object)},
                      {"request-id", event.request_id},
                      {"requester", event.requester},
                      {"source-ip-address", "127.0.0.1"},
                      {"reason", event.reason}};
  if (deleted) detail["deletion-type"] = marker ? "Delete Marker Created" : "Permanently Deleted";
  json::array resources;
  resources.emplace_back("arn:aws:s3:::" + event.bucket);
  return json::object{
      {"source", "aws.s3"}, {"detail-type", type}, {"resources", std::move(resources)}, {"detail", std::move(detail)}};
}

json::object test_message(std::string_view bucket, std::string_view request_id, base::WallTime time) {
  return {{"Service", "Amazon S3"}, {"Event", "s3:TestEvent"}, {"Time", iso_time(time)},
          {"Bucket", bucket},       {"RequestId", request_id}, {"HostId", request_id}};
}

}  // namespace localcloud

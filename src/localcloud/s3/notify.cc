// Brings the events of buckets to functions, queues, topics and EventBridge, by their policies.
#include <fmt/format.h>

#include <algorithm>

#include "base/ids.h"
#include "base/log.h"
#include "base/task_group.h"
#include "codec/json.h"
#include "localcloud/delivery.h"
#include "localcloud/events/events.h"
#include "localcloud/lambda/lambda.h"
#include "localcloud/local_clock.h"
#include "localcloud/s3/s3_service.h"
#include "localcloud/sns/sns.h"
#include "localcloud/sqs/sqs.h"

namespace localcloud {

namespace {

constexpr std::string_view kService = "s3.amazonaws.com";

}  // namespace

ObjectEvent tagging_event(const Call& call, const Bucket& bucket, const std::string& key, const ObjectVersion& object,
                          std::string_view name) {
  return {.name = std::string(name),
          .reason = name == "ObjectTagging:Put" ? "PutObjectTagging" : "DeleteObjectTagging",
          .key = key,
          .size = object.size(),
          .etag = object.etag,
          .version_id = bucket.has_versions() ? object.id : std::string(),
          .principal_id = call.caller.user_id,
          .request_id = call.request_id};
}

// As S3 does before it takes a configuration: functions must permit it, queues and topics take a test message.
base::Result<> S3Service::check_destinations(const Bucket& bucket, const NotificationConfiguration& configuration) {
  auto test = codec::to_text(json::value(test_message(bucket.name, base::random_uuid(), cloud_.clock->now())));
  OnBehalfOf sender{.service = std::string(kService), .source_arn = bucket.arn(), .caller = {}};
  for (const auto& target : configuration.targets) {
    bool valid = false;
    if (target.kind == NotificationTarget::function) {
      valid = cloud_.lambda->permits(target.arn, kService, bucket.arn());
    } else if (target.kind == NotificationTarget::queue) {
      valid = cloud_.sqs->send(sender, target.arn, test).has_value();
    } else {
      valid = cloud_.sns->publish(sender, target.arn, test).has_value();
    }
    if (valid) continue;
    return aws_error(400, "InvalidArgument", "Unable to validate the following destination configurations");
  }
  return {};
}

void S3Service::notify(const Bucket& bucket, ObjectEvent event) {
  event.bucket = bucket.name;
  event.time = cloud_.clock->now();
  event.region = cloud_.region;
  event.owner = cloud_.account_id;
  event.sequencer = fmt::format("{:016X}", ++last_sequence_);
  if (!event.principal_id.empty()) event.principal_id = "AWS:" + event.principal_id;
  if (event.requester.empty()) event.requester = cloud_.account_id;
  for (const auto& target : bucket.notification.targets) {
    if (!target.wants(event.name, event.key)) continue;
    auto message = codec::to_text(json::value(event_message(event, target.id)));
    cloud_.tasks->spawn(send_event(target.arn, bucket.arn(), std::move(message)));
  }
  if (!bucket.notification.event_bridge) return;
  if (auto put = cloud_.events->put("default", event_bridge_event(event)); !put) {
    base::log_warn("EventBridge did not take an event of {}: {}", bucket.arn(), put.error().message);
  }
}

awaitable<void> S3Service::send_event(std::string target, std::string bucket_arn, std::string message) {
  auto sent =
      co_await deliver(cloud_, {.target_arn = target,
                                .payload = std::move(message),
                                .sender = {.service = std::string(kService), .source_arn = bucket_arn, .caller = {}}});
  if (!sent) base::log_warn("{} could not notify {}: {}", bucket_arn, target, sent.error().message);
}

}  // namespace localcloud

// Which events of a bucket go where, and what they say ("Amazon S3 Event Notifications" and "Event message structure",
// S3 user guide). Pure; notify.cc delivers.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "localcloud/s3/xml_tree.h"

namespace localcloud {

namespace json = boost::json;

struct NotificationTarget {
  enum Kind { function, queue, topic } kind = function;
  std::string id;
  std::string arn;
  std::vector<std::string> events;  // "s3:ObjectCreated:*", …
  std::string prefix;
  std::string suffix;

  bool wants(std::string_view event, std::string_view key) const;  // event: "ObjectCreated:Put"
};

struct NotificationConfiguration {
  std::vector<NotificationTarget> targets;
  bool event_bridge = false;
};

// Gives every configuration without an Id one. Errors: MalformedXML, InvalidArgument 400; 501 for events that are not
// here.
base::Result<NotificationConfiguration> parse_notification(XmlNode& configuration);

// What happened to an object.
struct ObjectEvent {
  std::string name;    // "ObjectCreated:Put"
  std::string reason;  // "PutObject", as EventBridge says it
  std::string bucket;
  std::string key;
  std::size_t size = 0;
  std::string etag = {};
  std::string version_id = {};  // empty without versioning
  std::string sequencer = {};
  base::WallTime time = {};
  std::string principal_id = {};
  std::string requester = {};
  std::string request_id = {};
  std::string region = {};
  std::string owner = {};  // account
};

// {"Records":[…]}
json::object event_message(const ObjectEvent& event, std::string_view configuration_id);
// {"source","detail-type","resources","detail"} for EventBridge.
json::object event_bridge_event(const ObjectEvent& event);
json::object test_message(std::string_view bucket, std::string_view request_id, base::WallTime time);

}  // namespace localcloud

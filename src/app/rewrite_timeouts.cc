#include "app/rewrite_timeouts.h"

#include <fmt/format.h>

#include <set>

#include "app/parameters.h"
#include "app/references.h"

namespace app {
namespace {

namespace json = codec::json;

constexpr int kLongest = 900;           // aws-facts §4
constexpr int kDefaultVisibility = 30;  // of SQS

// The queues that feed one function.
struct Feeds {
  std::set<std::string> queues = {};  // logical ids
  std::string out_of_reach = {};      // why one of them cannot be raised
};

class Increase {
 public:
  explicit Increase(Draft& draft)
      : draft_(draft),
        resources_(draft.source().get_object().at("Resources").get_object()),
        values_(draft.source(), {draft.stack().parameters.begin(), draft.stack().parameters.end()}, {}) {}

  void run() {
    for (const auto& [id, resource] : resources_) {
      if (codec::find_string(resource, "Type") == "AWS::Lambda::EventSourceMapping") mappings_.push_back(&resource);
    }
    for (const Function& function : draft_.stack().functions) {
      if (function.live) increase(function);
    }
  }

 private:
  void increase(const Function& function) {
    Feeds feeds = feeds_of(function);
    if (!feeds.out_of_reach.empty()) {
      draft_.note(function, fmt::format("keeps its Timeout: {}", feeds.out_of_reach));
      return;
    }
    draft_.properties(function.logical_id)["Timeout"] = kLongest;
    for (const std::string& queue : feeds.queues) {
      if (visibility(queue).value_or(kLongest) < kLongest) draft_.properties(queue)["VisibilityTimeout"] = kLongest;
    }
  }

  Feeds feeds_of(const Function& function) const {
    Feeds feeds;
    const auto* events = codec::find(draft_.source(), "Resources", function.logical_id, "Properties", "Events");
    if (events != nullptr && events->is_object()) {
      for (const auto& [name, event] : events->get_object()) read_event(name, event, feeds);
    }
    for (const auto* mapping : mappings_) {
      if (is_for(codec::find(*mapping, "Properties", "FunctionName"), function)) {
        read_mapping(*codec::find(*mapping, "Properties"), feeds);
      }
    }
    return feeds;
  }

  void read_event(std::string_view name, const json::value& event, Feeds& feeds) const {
    std::string type = codec::find_string(event, "Type");
    if (type == "SQS") read_queue(codec::find(event, "Properties", "Queue"), feeds);
    const auto* subscription = codec::find(event, "Properties", "SqsSubscription");
    if (type != "SNS" || subscription == nullptr) return;
    if (const auto* queue = codec::find(*subscription, "QueueArn")) {
      read_queue(queue, feeds);
    } else if (*subscription != json::value(false)) {
      feeds.out_of_reach = fmt::format("SAM makes the queue of its event {}, with a visibility timeout of 30 s", name);
    }
  }

  // Mappings of streams and brokers have what those of queues must not have.
  void read_mapping(const json::value& properties, Feeds& feeds) const {
    for (const char* other :
         {"StartingPosition", "Topics", "Queues", "SelfManagedEventSource", "DocumentDBEventSourceConfig"}) {
      if (codec::find(properties, other) != nullptr) return;
    }
    read_queue(codec::find(properties, "EventSourceArn"), feeds);
  }

  void read_queue(const json::value* arn, Feeds& feeds) const {
    if (arn == nullptr) return;
    auto names = references_in(*arn);
    const auto* queue = names.size() == 1 ? resources_.if_contains(*names.begin()) : nullptr;
    if (queue == nullptr || codec::find_string(*queue, "Type") != "AWS::SQS::Queue") {
      feeds.out_of_reach =
          fmt::format("the queue {} is not of this template, and its visibility timeout may be less than {} s",
                      codec::to_text(*arn), kLongest);
    } else if (!visibility(*names.begin())) {
      feeds.out_of_reach = fmt::format("the VisibilityTimeout of {} is known only after deployment", *names.begin());
    } else {
      feeds.queues.insert(*names.begin());
    }
  }

  std::optional<int> visibility(const std::string& queue) const {
    const auto* value = codec::find(draft_.source(), "Resources", queue, "Properties", "VisibilityTimeout");
    return value == nullptr ? kDefaultVisibility : values_.number(*value);
  }

  // By itself, or by an alias or a version of it.
  bool is_for(const json::value* name, const Function& function) const {
    if (name == nullptr) return false;
    for (const std::string& id : references_in(*name)) {
      const auto* resource = resources_.if_contains(id);
      if (id == function.logical_id) return true;
      if (resource == nullptr) continue;
      std::string type = codec::find_string(*resource, "Type");
      const auto* of = codec::find(*resource, "Properties", "FunctionName");
      if ((type != "AWS::Lambda::Alias" && type != "AWS::Lambda::Version") || of == nullptr) continue;
      if (references_in(*of).contains(function.logical_id)) return true;
    }
    return false;
  }

  Draft& draft_;
  const json::object& resources_;
  const KnownValues values_;
  std::vector<const json::value*> mappings_;
};

}  // namespace

void increase_timeouts(Draft& draft) {
  Increase(draft).run();
}

}  // namespace app

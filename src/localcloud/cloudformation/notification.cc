#include "localcloud/cloudformation/notification.h"

#include <string>
#include <string_view>
#include <tuple>

#include "localcloud/sns/sns.h"
#include "localcloud/wire.h"

namespace localcloud {

void notify(Cloud& cloud, const Stack& stack, const StackEvent& event) {
  const auto& topics = stack.definition.notification_arns;
  if (topics.empty() || cloud.sns == nullptr) return;
  std::string message;
  const auto line = [&message](std::string_view name, std::string_view value) {
    message.append(name).append("='").append(value).append("'\n");
  };
  line("StackId", stack.id);
  line("Timestamp", iso_time(event.time));
  line("EventId", event.id);
  line("LogicalResourceId", event.logical_id);
  line("Namespace", cloud.account_id);
  line("PhysicalResourceId", event.physical_id);
  line("PrincipalId", stack.definition.caller.user_id);
  line("ResourceStatus", event.status);
  line("ResourceStatusReason", event.reason);
  line("ResourceType", event.type);
  line("StackName", stack.name);
  line("ClientRequestToken", event.client_request_token);
  for (const auto& topic : topics) {
    std::ignore =
        cloud.sns->publish({.service = {}, .source_arn = {}, .caller = stack.definition.caller}, topic, message);
  }
}

}  // namespace localcloud

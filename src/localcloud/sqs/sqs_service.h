// The one implementation of Sqs. Internal to sqs/: queues and what other services do with them (sqs.cc), the operations
// on queues (queue_api.cc) and on messages (message_api.cc), the wire (sqs_protocol.cc), what CloudFormation makes of
// it (sqs_resources.cc).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/notifier.h"
#include "localcloud/sqs/message_store.h"
#include "localcloud/sqs/queue_attributes.h"
#include "localcloud/sqs/sqs.h"
#include "localcloud/sqs/sqs_protocol.h"

namespace localcloud {

constexpr auto kDeletionTime = std::chrono::seconds(60);  // for which a name stays taken, and between two purges

struct Queue {
  std::string name;
  std::string arn;
  std::string url;
  QueueAttributes attributes;
  std::map<std::string, std::string> tags;
  base::WallTime created;
  base::WallTime modified;
  std::optional<base::WallTime> purged = std::nullopt;
  MessageStore messages;
  base::Notifier changed;  // something may be visible earlier, or the queue is gone
};

class SqsService final : public Sqs {
 public:
  explicit SqsService(Cloud& cloud) : cloud_(cloud) {}

  std::vector<std::string> operations() const override;
  awaitable<net::Response> handle(Call call) override;
  base::Result<QueueFacts> facts(std::string_view queue_arn) const override;
  base::Result<std::string> send(const OnBehalfOf& sender, std::string_view queue_arn, std::string body,
                                 json::object message_attributes) override;
  awaitable<base::Result<std::vector<QueueMessage>>> receive(OnBehalfOf receiver, std::string queue_arn,
                                                             std::size_t max, base::Millis wait) override;
  base::Result<> remove(const OnBehalfOf& receiver, std::string_view queue_arn,
                        const std::vector<std::string>& receipt_handles) override;
  ResourceTypes resource_types() override;

  // The state, for the resource types. `attributes`: by their names in the API.
  using Texts = std::map<std::string, std::string>;
  base::Result<Queue*> create_queue(std::string_view name, const Texts& attributes, Texts tags);
  // All of them or none. Errors: those of QueueAttributes::set, and of a RedrivePolicy that names no fitting queue.
  base::Result<> set_attributes(Queue& queue, const Texts& attributes);
  base::Result<Queue*> queue(std::string_view arn) const;
  // With `leave_trace`, another of the name cannot be made for 60 seconds.
  void delete_queue(std::string_view arn, bool leave_trace);
  std::string arn_of(std::string_view name) const;
  // "http://…/ACCOUNT/NAME" → ARN; the host does not count. Errors: InvalidAddress 404.
  base::Result<std::string> arn_of_url(std::string_view url) const;

 private:
  using Output = base::Result<json::value>;
  struct Operation {
    std::string_view name;
    Output (SqsService::*act)(const Call&, const json::object&);  // or
    awaitable<Output> (SqsService::*act_later)(Call, json::object) = nullptr;
  };
  static const std::vector<Operation>& table();

  // The queue that an input names, if the caller may do `action` with it.
  base::Result<Queue*> open(const Call& call, const json::object& input, std::string_view action);
  base::Result<> may(const OnBehalfOf& who, std::string_view action, std::string_view arn) const;

  // queue_api.cc
  Output create(const Call& call, const json::object& input);
  Output remove_queue(const Call& call, const json::object& input);
  Output get_url(const Call& call, const json::object& input);
  Output list(const Call& call, const json::object& input);
  Output list_sources(const Call& call, const json::object& input);
  Output get_attributes(const Call& call, const json::object& input);
  Output put_attributes(const Call& call, const json::object& input);
  Output purge(const Call& call, const json::object& input);
  Output tag(const Call& call, const json::object& input);
  Output untag(const Call& call, const json::object& input);
  Output list_tags(const Call& call, const json::object& input);
  Output add_permission(const Call& call, const json::object& input);
  Output remove_permission(const Call& call, const json::object& input);
  base::Result<> check_redrive(const Queue& source, const QueueAttributes& wanted) const;
  void refresh(Queue& queue) const;

  // message_api.cc
  Output send_message(const Call& call, const json::object& input);
  Output send_batch(const Call& call, const json::object& input);
  awaitable<Output> receive_message(Call call, json::object input);
  Output delete_message(const Call& call, const json::object& input);
  Output delete_batch(const Call& call, const json::object& input);
  Output change_visibility(const Call& call, const json::object& input);
  Output change_visibility_batch(const Call& call, const json::object& input);
  base::Result<json::object> send_one(Queue& its_queue, const Principal& sender, const json::object& input);
  base::Result<> change_one(Queue& its_queue, const json::object& input);

  // sqs.cc
  struct NewMessage {
    std::string body;
    json::object attributes;
    Texts system_attributes;
    std::optional<std::int64_t> delay_seconds = std::nullopt;
  };
  base::Result<std::string> add(Queue& queue, NewMessage message);
  struct Wish {
    std::string queue_arn;
    std::size_t max = 1;
    std::optional<base::Millis> visibility = std::nullopt;
    base::Millis wait{0};
  };
  awaitable<base::Result<std::vector<QueueMessage>>> take_messages(Wish wish);
  base::Result<std::vector<QueueMessage>> take_now(Queue& queue, const Wish& wish);
  base::Result<MessageStore::Receipt> receipt(const Queue& queue, std::string_view handle) const;

  Cloud& cloud_;
  std::map<std::string, std::shared_ptr<Queue>, std::less<>> queues_;  // by ARN; shared with who waits for messages
  std::map<std::string, base::WallTime, std::less<>> deleted_;         // when, by ARN
};

// Errors: InvalidParameterValue 400 for more than a queue can have.
base::Result<> check_queue_tags(const SqsService::Texts& tags);

ResourceTypes sqs_resource_types(SqsService& sqs);

}  // namespace localcloud

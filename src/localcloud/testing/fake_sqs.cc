#include "localcloud/testing/fake_sqs.h"

#include "localcloud/wait_for_either.h"

namespace localcloud {

namespace {

tl::unexpected<base::Error> no_queue() {
  return aws_error(400, "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.");
}

}  // namespace

base::Result<QueueFacts> FakeSqs::facts(std::string_view queue_arn) const {
  if (missing) return no_queue();
  return QueueFacts{
      .name = "queue", .arn = std::string(queue_arn), .url = "url", .visibility_timeout = visibility_timeout};
}

base::Result<std::string> FakeSqs::send(const OnBehalfOf& sender, std::string_view queue_arn, std::string body,
                                        json::object message_attributes) {
  sent.push_back({sender.caller.arn, std::string(queue_arn), std::move(body), std::move(message_attributes)});
  return std::string("id");
}

void FakeSqs::put(std::string body) {
  auto number = std::to_string(++count_);
  waiting_.push_back(
      {.id = "m" + number, .receipt_handle = "h" + number, .body = std::move(body), .md5_of_body = "md5"});
  arrived_.notify_all();
}

awaitable<base::Result<std::vector<QueueMessage>>> FakeSqs::receive(OnBehalfOf, std::string, std::size_t max,
                                                                    base::Millis wait) {
  if (missing) co_return no_queue();
  auto until = clock_.now() + wait;
  while (waiting_.empty() && clock_.now() < until) co_await wait_for_either(arrived_.wait(), clock_.sleep_until(until));
  std::vector<QueueMessage> taken;
  for (; !waiting_.empty() && taken.size() < max; waiting_.pop_front()) taken.push_back(std::move(waiting_.front()));
  co_return taken;
}

base::Result<> FakeSqs::remove(const OnBehalfOf&, std::string_view, const std::vector<std::string>& receipt_handles) {
  removed.insert(removed.end(), receipt_handles.begin(), receipt_handles.end());
  return {};
}

}  // namespace localcloud

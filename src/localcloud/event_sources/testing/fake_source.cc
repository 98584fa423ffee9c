#include "localcloud/event_sources/testing/fake_source.h"

#include <fmt/format.h>

#include "codec/json.h"

namespace localcloud {

base::Result<std::vector<StreamRecord>> FakeStream::stream_records(std::string_view, std::uint64_t sequence,
                                                                   std::size_t max) const {
  if (missing) return aws_error(400, "ResourceNotFoundException", "Requested resource not found");
  std::vector<StreamRecord> found;
  for (const auto& record : records_) {
    if (record.sequence > sequence && found.size() < max) found.push_back(record);
  }
  return found;
}

base::Result<std::uint64_t> FakeStream::stream_end(std::string_view) const {
  if (missing) return aws_error(400, "ResourceNotFoundException", "Requested resource not found");
  return records_.empty() ? 0 : records_.back().sequence;
}

awaitable<void> FakeStream::stream_grows(std::string, std::uint64_t sequence) {
  while (records_.empty() || records_.back().sequence <= sequence) co_await grew_.wait();
}

void FakeStream::put(std::string key) {
  std::uint64_t sequence = records_.size() + 1;
  json::object change{{"Keys", {{"id", {{"S", key}}}}}, {"SequenceNumber", fmt::format("{:05}", sequence)}};
  records_.push_back(
      {.sequence = sequence,
       .written = clock_.now(),
       .record = {{"eventID", std::to_string(sequence)}, {"eventName", "INSERT"}, {"dynamodb", change}}});
  grew_.notify_all();
}

base::Result<FunctionFacts> ScriptedLambda::facts(std::string_view reference) const {
  if (reference.ends_with("missing")) return aws_error(404, "ResourceNotFoundException", "Function not found");
  std::string name(reference.substr(reference.rfind(':') + 1));
  return FunctionFacts{
      .arn = "arn:aws:lambda:us-east-1:123456789012:function:" + name, .role = role, .timeout = timeout};
}

awaitable<base::Result<InvokeOutput>> ScriptedLambda::invoke(InvokeInput input) {
  auto event = codec::parse_json(input.payload).value();
  events.push_back(event.as_object().at("Records").as_array());
  while (busy) co_await finished_.wait();
  co_return answer(event.as_object().at("Records").as_array());
}

void ScriptedLambda::finish() {
  busy = false;
  finished_.notify_all();
}

base::Result<InvokeOutput> ScriptedLambda::succeeded(std::string payload) {
  return InvokeOutput{.payload = std::move(payload), .request_id = "request"};
}

base::Result<InvokeOutput> ScriptedLambda::failed() {
  return InvokeOutput{.payload = "{}", .function_error = "Unhandled", .request_id = "request"};
}

base::Result<InvokeOutput> ScriptedLambda::throttled() {
  return aws_error(429, "TooManyRequestsException", "Rate Exceeded.");
}

std::vector<std::string> ScriptedLambda::batches() const {
  std::vector<std::string> all;
  for (const auto& records : events) {
    std::string names;
    for (const auto& record : records) {
      auto name = codec::find_string(record, "messageId");
      if (name.empty()) name = codec::find_string(record, "dynamodb", "Keys", "id", "S");
      names += (names.empty() ? "" : ",") + name;
    }
    all.push_back(names);
  }
  return all;
}

}  // namespace localcloud

// A table's stream and a function for the tests of event sources.
#pragma once

#include <boost/json.hpp>
#include <functional>
#include <string>
#include <vector>

#include "base/notifier.h"
#include "localcloud/dynamodb/dynamodb.h"
#include "localcloud/lambda/lambda.h"
#include "localcloud/local_clock.h"

namespace localcloud {

// One stream; what it does not have of DynamoDB answers 501.
class FakeStream final : public DynamoDb {
 public:
  explicit FakeStream(LocalClock& clock) : clock_(clock) {}

  base::Result<std::vector<StreamRecord>> stream_records(std::string_view stream_arn, std::uint64_t sequence,
                                                         std::size_t max) const override;
  base::Result<std::uint64_t> stream_end(std::string_view stream_arn) const override;
  std::string shard_id(std::string_view) const override { return "shard"; }
  awaitable<void> stream_grows(std::string stream_arn, std::uint64_t sequence) override;
  ResourceTypes resource_types() override { return {}; }
  awaitable<net::Response> handle(Call) override { co_return net::Response{501, {}, {}}; }

  void put(std::string key);  // an INSERT of the item with this key, numbered from 1

  bool missing = false;

 private:
  LocalClock& clock_;
  std::vector<StreamRecord> records_;
  base::Notifier grew_;
};

// A function that answers as it is told, and keeps the events it got.
class ScriptedLambda final : public Lambda {
 public:
  base::Result<FunctionFacts> facts(std::string_view reference) const override;
  awaitable<base::Result<InvokeOutput>> invoke(InvokeInput input) override;
  awaitable<void> invoke_with_stream(net::Exchange&, Call) override { co_return; }
  awaitable<base::Result<std::optional<InvokeOutput>>> invoke_into(net::Exchange&, StreamedCall) override {
    co_return std::nullopt;
  }
  awaitable<void> serve_url(net::Exchange&, std::string, std::string) override { co_return; }
  bool permits(std::string_view, std::string_view, std::string_view) const override { return false; }
  ResourceTypes resource_types() override { return {}; }
  awaitable<void> shut_down() override { co_return; }
  awaitable<net::Response> handle(Call) override { co_return net::Response{501, {}, {}}; }

  std::function<base::Result<InvokeOutput>(const json::array& records)> answer = [](const auto&) {
    return succeeded("null");
  };
  bool busy = false;  // then answers wait until finish()
  void finish();

  static base::Result<InvokeOutput> succeeded(std::string payload);
  static base::Result<InvokeOutput> failed();
  static base::Result<InvokeOutput> throttled();

  std::string role;
  base::Millis timeout = std::chrono::seconds(3);
  std::vector<json::array> events;  // the records of each
  // The events, each as what identifies its records: "m1,m2" of messages, "a,b" of items' keys.
  std::vector<std::string> batches() const;

 private:
  base::Notifier finished_;
};

}  // namespace localcloud

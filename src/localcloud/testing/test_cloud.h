// A local account without its port, for the tests of services: clock, IAM, a loop, and calls made by root or a role.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/task_group.h"
#include "localcloud/cloud.h"
#include "localcloud/iam/iam.h"
#include "localcloud/lambda/lambda.h"
#include "localcloud/local_clock.h"
#include "localcloud/service.h"

namespace localcloud {

// Runs nothing; keeps what it was asked, and permits what `permitted` lists.
class RecordingLambda final : public Lambda {
 public:
  base::Result<FunctionFacts> facts(std::string_view reference) const override;
  awaitable<base::Result<InvokeOutput>> invoke(InvokeInput input) override {
    invocations.push_back(std::move(input));
    InvokeOutput accepted;
    accepted.status = 202;
    co_return accepted;
  }
  awaitable<void> invoke_with_stream(net::Exchange&, Call) override { co_return; }
  awaitable<base::Result<std::optional<InvokeOutput>>> invoke_into(net::Exchange&, StreamedCall) override {
    co_return std::nullopt;
  }
  awaitable<void> serve_url(net::Exchange&, std::string, std::string) override { co_return; }
  bool permits(std::string_view function_arn, std::string_view service, std::string_view source_arn) const override;
  awaitable<net::Response> handle(Call) override { co_return net::Response{501, {}, {}}; }
  ResourceTypes resource_types() override { return {}; }
  awaitable<void> shut_down() override { co_return; }

  std::vector<InvokeInput> invocations;
  std::map<std::string, FunctionFacts, std::less<>> functions;
  std::vector<std::string> permitted;  // "function|service|source"
};

class TestCloud {
 public:
  TestCloud();

  Principal root() const;
  // The principal of a role made with this inline policy (JSON).
  Principal role(const std::string& name, std::string_view policy);

  // One call of a service, to its end and to the end of what it started.
  net::Response call(Service& service, net::Request request, std::string_view scope, Principal caller);
  // X-Amz-Target style; the answer's body as JSON.
  struct JsonAnswer {
    int status = 0;
    json::value body;
  };
  JsonAnswer json_call(Service& service, std::string_view operation, std::string_view body, std::string_view scope);
  JsonAnswer json_call(Service& service, std::string_view operation, std::string_view body, std::string_view scope,
                       Principal caller);
  // A query call as a form, by root.
  net::Response query_call(Service& service, std::string_view form, std::string_view scope);
  // create() of the resource type of that name among `types`; properties as JSON.
  base::Result<ResourceState> create(const ResourceTypes& types, std::string_view type, std::string_view properties);

  boost::asio::io_context loop;
  LocalClock clock;
  base::TaskGroup tasks;
  Cloud cloud;
  RecordingLambda lambda;
  std::unique_ptr<Iam> iam;
};

// JSON for a test; fails the program if it does not parse.
json::value parse(std::string_view text);

}  // namespace localcloud

// The Lambda of the local account: what stands behind the interface of lambda.h. Functions by name, their invocation
// synchronous and asynchronous, and the HTTP API (lambda_api.cc).
#pragma once

#include <boost/json.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "localcloud/cloud.h"
#include "localcloud/lambda/async_invocations.h"
#include "localcloud/lambda/environment_pool.h"
#include "localcloud/lambda/function.h"
#include "localcloud/lambda/lambda.h"

namespace localcloud {

struct LambdaFunction {
  std::shared_ptr<const FunctionVersion> version;
  json::array statements;  // of its resource policy
};

class LambdaService final : public Lambda, private AsyncFunctions {
 public:
  explicit LambdaService(Cloud& cloud) : cloud_(cloud), pool_(cloud), async_(cloud, *this) {}

  awaitable<net::Response> handle(Call call) override;
  base::Result<FunctionFacts> facts(std::string_view reference) const override;
  awaitable<base::Result<InvokeOutput>> invoke(InvokeInput input) override;
  bool permits(std::string_view function_arn, std::string_view service, std::string_view source_arn) const override;
  ResourceTypes resource_types() override;
  awaitable<void> shut_down() override { return pool_.shut_down(); }

  // --- For the resource types

  std::string arn_of(std::string_view name) const;
  // Errors: ResourceNotFoundException 404.
  base::Result<LambdaFunction*> find(std::string_view reference);
  base::Result<const LambdaFunction*> find(std::string_view reference) const;
  bool exists(std::string_view name) const { return functions_.contains(std::string(name)); }
  // Makes or changes the function; environments of the version before end after their invocation. Errors: code or role
  // that cannot be used.
  base::Result<> put(std::string name, FunctionVersion version, const CodeLocation& code);
  void remove(std::string_view name);

  AsyncInvocations& async_invocations() { return async_; }

  // Function and package for tests that bring their own.
  void put_unpacked(std::shared_ptr<const FunctionVersion> version);

 private:
  awaitable<base::Result<InvokeOutput>> invoke_now(std::shared_ptr<const FunctionVersion> version, InvokeInput input,
                                                   std::string request_id, bool wants_log_tail);
  awaitable<base::Result<InvokeOutput>> invoke_with(InvokeInput input, bool wants_log_tail);
  base::Result<std::shared_ptr<const FunctionVersion>> version_of(std::string_view reference) const override;
  awaitable<base::Result<InvokeOutput>> run_event(std::shared_ptr<const FunctionVersion> version, InvokeInput input,
                                                  std::string request_id) override;
  base::Result<> check_input(const InvokeInput& input) const;

  awaitable<base::Result<net::Response>> invoke_operation(Call call, std::string name);
  base::Result<net::Response> read_operation(const Call& call, std::string_view action, std::string_view name);
  base::Result<net::Response> list_operation(const Call& call);
  base::Result<> authorize(const Call& call, std::string_view action, const LambdaFunction* function,
                           std::string_view reference) const;

  Cloud& cloud_;
  EnvironmentPool pool_;
  AsyncInvocations async_;
  std::map<std::string, LambdaFunction, std::less<>> functions_;
};

json::value policy_of(const LambdaFunction& function);

// Does a statement of a resource policy let `service` call the function for `source_arn`?
bool statement_permits(const json::value& statement, std::string_view service, std::string_view source_arn,
                       std::string_view account_id);

// '*' and '?' as IAM's ArnLike and StringLike have them.
bool matches_pattern(std::string_view pattern, std::string_view text);

// Is this one whole JSON document? Takes no memory for its value.
bool is_json_text(std::string_view text);

ResourceTypes lambda_resource_types(Cloud& cloud, LambdaService& service);

}  // namespace localcloud

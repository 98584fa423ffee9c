// The Lambda of the local account: what stands behind the interface of lambda.h. Functions by name with their versions,
// aliases, policies and URLs, and their invocation. The HTTP API is in lambda_api.h.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "localcloud/cloud.h"
#include "localcloud/lambda/answer_stream.h"
#include "localcloud/lambda/async_invocations.h"
#include "localcloud/lambda/environment_pool.h"
#include "localcloud/lambda/function.h"
#include "localcloud/lambda/function_url.h"
#include "localcloud/lambda/lambda.h"
#include "localcloud/lambda/layer.h"
#include "localcloud/lambda/runtimes.h"

namespace localcloud {

struct ResourcePolicy {
  json::array statements;
  std::string revision;
};

struct Alias {
  std::string name;
  std::string version;  // a number, or "$LATEST"
  std::string description;
  std::map<std::string, double> weights;  // RoutingConfig: of other versions; the rest goes to `version`
  std::string revision;
};

struct LambdaFunction {
  std::shared_ptr<const FunctionVersion> version;  // $LATEST
  std::map<int, std::shared_ptr<const FunctionVersion>> published;
  int last_number = 0;
  std::map<std::string, Alias, std::less<>> aliases;
  std::map<std::string, ResourcePolicy, std::less<>> policies;  // by qualifier; "" of the function itself
  std::map<std::string, FunctionUrl, std::less<>> urls;         // by qualifier
  std::map<std::string, std::string> tags;
  std::optional<int> reserved_concurrency;

  // What a qualifier means now; null if nothing. An alias with weights: its main version.
  std::shared_ptr<const FunctionVersion> at(std::string_view qualifier) const;
};

// What a reference means: a function, and what of it.
struct FunctionTarget {
  std::shared_ptr<LambdaFunction> function;
  std::string name;
  std::string qualifier;  // "" for the function itself and $LATEST
  std::string arn;        // with the qualifier, if there is one
};

class LambdaService final : public Lambda, public AsyncFunctions {
 public:
  explicit LambdaService(Cloud& cloud, std::vector<LoaderFile> loaders = {},
                         std::vector<std::string> node_modules = {});

  std::vector<std::string> operations() const override;
  awaitable<net::Response> handle(Call call) override;
  base::Result<FunctionFacts> facts(std::string_view reference) const override;
  awaitable<base::Result<InvokeOutput>> invoke(InvokeInput input) override;
  awaitable<void> invoke_with_stream(net::Exchange& exchange, Call call) override;
  awaitable<base::Result<std::optional<InvokeOutput>>> invoke_into(net::Exchange& exchange, StreamedCall call) override;
  awaitable<void> serve_url(net::Exchange& exchange, std::string url_id, std::string target) override;
  bool permits(std::string_view function_arn, std::string_view service, std::string_view source_arn) const override;
  ResourceTypes resource_types() override;
  awaitable<void> shut_down() override { return pool_.shut_down(); }

  // --- For asynchronous invocations

  base::Result<std::shared_ptr<const FunctionVersion>> version_of(std::string_view reference) const override;
  bool never_runs(std::string_view function) const override;
  awaitable<base::Result<InvokeOutput>> run_event(std::shared_ptr<const FunctionVersion> version, InvokeInput input,
                                                  std::string request_id) override;

  // --- For the API and the resource types

  Cloud& cloud() { return cloud_; }
  LayerStore& layers() { return layers_; }
  const Runtimes& runtimes() const { return runtimes_; }
  using Functions = std::map<std::string, std::shared_ptr<LambdaFunction>, std::less<>>;
  const Functions& functions() const { return functions_; }
  std::string arn_of(std::string_view name) const;
  // `qualifier`: of a request's query; empty if only the reference may say one. Errors: ResourceNotFoundException 404,
  // InvalidParameterValueException if both say different ones.
  base::Result<FunctionTarget> find(std::string_view reference, std::string_view qualifier = {}) const;
  // The function that has the URL, and the URL's qualifier. Errors: ResourceNotFoundException.
  base::Result<FunctionTarget> find_url(std::string_view url_id) const;
  // Errors: ResourceConflictException 409 if it has one; as apply_url_input.
  base::Result<FunctionUrl*> add_url(const FunctionTarget& target, const json::object& input);
  bool exists(std::string_view name) const { return functions_.contains(name); }
  // The present $LATEST becomes `version`: checks role, layers, dead-letter queue and size, completes name and ARN.
  // Environments of the one before end after their invocation. Makes the function if there is none.
  base::Result<> put(const std::string& name, FunctionVersion version);
  base::Result<std::shared_ptr<const Package>> unpack(std::string_view archive) const;
  AsyncInvocations& async_invocations() { return async_; }
  // Publishes $LATEST, or gives the last version if nothing has changed since. Errors: none of its own.
  std::shared_ptr<const FunctionVersion> publish(LambdaFunction& function, std::optional<std::string> description);
  void remove_version(LambdaFunction& function, int number);
  void remove(std::string_view name);
  // Errors: InvalidParameterValueException if too little would be left for the others.
  base::Result<> reserve_concurrency(LambdaFunction& function, int reserved);
  int unreserved_concurrency() const;
  // May `caller` do `action`? The function's policy counts too, if there is the function.
  base::Result<> authorize(const Principal& caller, std::string_view action, const base::Result<FunctionTarget>& target,
                           std::string_view reference) const;

  // Function and package for tests that bring their own.
  void put_unpacked(std::shared_ptr<const FunctionVersion> version);

  // The whole of InvokeFunction after its authorization. `stream`: the answer goes there piece by piece, and the output
  // says how it ended.
  awaitable<base::Result<InvokeOutput>> invoke_with(InvokeInput input, bool wants_log_tail,
                                                    std::shared_ptr<AnswerStream> stream);

 private:
  struct Run {
    std::shared_ptr<const FunctionVersion> version;
    std::string arn;  // as it was invoked
  };
  base::Result<Run> choose(std::string_view reference) const;
  awaitable<base::Result<InvokeOutput>> invoke_now(Run run, InvokeInput input, std::string request_id,
                                                   bool wants_log_tail, std::shared_ptr<AnswerStream> stream);
  awaitable<base::Result<net::Response>> invoke_operation(Call call, std::string reference);
  awaitable<base::Result<>> stream_operation(net::Exchange& exchange, Call call);
  base::Result<> check_capacity(const std::string& name) const;
  base::Result<> check_input(const InvokeInput& input) const;

  Cloud& cloud_;
  Runtimes runtimes_;
  LayerStore layers_;
  EnvironmentPool pool_;
  Functions functions_;
  AsyncInvocations async_;
};

// The policy of a function or of its qualifier as a document; null if it has none.
json::value policy_of(const LambdaFunction& function, std::string_view qualifier);

// Is this one whole JSON document? Takes no memory for its value.
bool is_json_text(std::string_view text);

ResourceTypes lambda_resource_types(LambdaService& service);

}  // namespace localcloud

// Lambda: functions from zip packages, and their execution environments: real processes that speak the Runtime API to a
// server of this module, one invocation at a time, stopped with SIGSTOP between invocations as AWS freezes them.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "localcloud/cloud.h"
#include "localcloud/resource_type.h"
#include "localcloud/service.h"

namespace localcloud {

enum class InvocationType { request_response, event, dry_run };

struct InvokeInput {
  std::string function;  // name or ARN (with or without qualifier)
  std::string payload;   // bytes of JSON
  InvocationType type = InvocationType::request_response;
  std::string client_context = {};  // decoded JSON
  std::string trace_id = {};
};

struct InvokeOutput {
  int status = 200;                 // 200, 202 (event), 204 (dry run)
  std::string version = "$LATEST";  // the one that ran
  std::string payload;              // answer, or the error object if function_error is set
  std::string function_error = {};  // "" or "Unhandled"
  std::string log_tail = {};        // last 4 KiB of the log
  std::string request_id = {};
};

// An invocation whose answer goes into an HTTP answer as it comes. `complete_head` gets status and headers that the
// stream began with (stream_prelude.h), and may change them.
struct StreamedCall {
  InvokeInput input;
  std::function<net::Response(net::Response head)> complete_head;
};

// What a service that works for a function has to know of it.
struct FunctionFacts {
  std::string arn;   // with the qualifier that was asked for
  std::string role;  // ARN
  base::Millis timeout{};
};

// A file of a language loader: "nodejs/bootstrap.mjs" and its text.
struct LoaderFile {
  std::string name;
  std::string bytes;
};

class Lambda : public Service {
 public:
  // Errors: ResourceNotFoundException 404.
  virtual base::Result<FunctionFacts> facts(std::string_view reference) const = 0;

  // Runs a function. Errors (kind service): ResourceNotFoundException 404, RequestTooLargeException 413,
  // TooManyRequestsException 429, … The caller has authorized already.
  virtual awaitable<base::Result<InvokeOutput>> invoke(InvokeInput input) = 0;

  // InvokeWithResponseStream by a verified caller: answers the exchange itself, piece by piece.
  virtual awaitable<void> invoke_with_stream(net::Exchange& exchange, Call call) = 0;
  // For a service that may: answers the exchange piece by piece and returns nothing, or returns the answer of a
  // function that did not stream. A stream without its prelude, or that broke before its end, is answered or broken off
  // as that of a function URL. Errors: as of invoke().
  virtual awaitable<base::Result<std::optional<InvokeOutput>>> invoke_into(net::Exchange& exchange,
                                                                           StreamedCall call) = 0;
  // A request for a function URL: `target` is what follows its id, with a '/' and the query. Answers the exchange
  // itself; verifies signatures where the URL asks for IAM.
  virtual awaitable<void> serve_url(net::Exchange& exchange, std::string url_id, std::string target) = 0;

  // May `service` ("sns.amazonaws.com") call the function for `source_arn`? By the function's resource policy.
  virtual bool permits(std::string_view function_arn, std::string_view service, std::string_view source_arn) const = 0;

  virtual ResourceTypes resource_types() = 0;

  // Ends every environment and waits for it.
  virtual awaitable<void> shut_down() = 0;
};

// `loaders`: of the languages whose functions run without a bootstrap of their own. `node_modules`: folders of packages
// in the place of those that Lambda's Node.js brings along.
std::unique_ptr<Lambda> make_lambda(Cloud& cloud, std::vector<LoaderFile> loaders = {},
                                    std::vector<std::string> node_modules = {});

}  // namespace localcloud

// How a function's asynchronous invocations are retried and where their outcome goes, per function and qualifier: the
// values, their rules, and where they are kept. No HTTP here, and no invocation.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace localcloud {

namespace json = boost::json;

struct EventInvokeConfig {
  std::optional<int> maximum_retry_attempts = {};        // 0 to 2; unset: 2
  std::optional<int> maximum_event_age_in_seconds = {};  // 60 to 21,600; unset: 21,600
  std::string on_success = {};                           // ARNs; empty: none
  std::string on_failure = {};
  base::WallTime modified = {};
};

// Reads the members of PutFunctionEventInvokeConfig and of AWS::Lambda::EventInvokeConfig over `config`: what is not
// there stays. Errors: ValidationException and InvalidParameterValueException as AWS words them; not_implemented for a
// destination that is not there.
base::Result<EventInvokeConfig> read_event_invoke_config(EventInvokeConfig config, const json::object& input);

// FunctionEventInvokeConfig of the API.
json::object event_invoke_config_answer(const EventInvokeConfig& config, std::string_view qualified_arn);

class EventInvokeConfigs {
 public:
  void put(std::string_view function, std::string_view qualifier, EventInvokeConfig config);
  const EventInvokeConfig* find(std::string_view function, std::string_view qualifier) const;
  bool remove(std::string_view function, std::string_view qualifier);
  void remove_all(std::string_view function);
  // Qualifiers and configurations of a function.
  std::vector<std::pair<std::string, EventInvokeConfig>> list(std::string_view function) const;

 private:
  std::map<std::pair<std::string, std::string>, EventInvokeConfig> configs_;
};

}  // namespace localcloud

// An event source mapping as a value: what CreateEventSourceMapping and AWS::Lambda::EventSourceMapping say, their
// rules, and how the API shows it. Pure; whether function, source and permissions are there is the service's to check.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "localcloud/event_sources/filter.h"

namespace localcloud {

namespace json = boost::json;

enum class SourceKind { queue, stream };

struct Mapping {
  std::string uuid;
  SourceKind kind = SourceKind::queue;
  std::string source_arn;
  std::string function;      // as the caller said it
  std::string function_arn;  // with its qualifier, if one was said
  bool enabled = true;
  int batch_size = 10;
  int window_seconds = 0;
  Filter filter = {};
  bool reports_item_failures = false;           // FunctionResponseTypes
  std::optional<int> maximum_concurrency = {};  // queues
  std::string starting_position = {};           // streams, from here on
  int parallelization = 1;
  bool bisects = false;
  int maximum_retries = -1;      // -1: without end
  int maximum_age_seconds = -1;  // -1: as long as the stream keeps records
  std::string on_failure = {};   // ARN; empty: none
  base::WallTime modified = {};
};

// Reads a new mapping. Errors: ValidationException and InvalidParameterValueException 400 as AWS words them;
// not_implemented for sources and members that are not there, by name.
base::Result<Mapping> read_mapping(const json::object& input);

// What UpdateEventSourceMapping changes; source and starting position stay.
base::Result<Mapping> change_mapping(Mapping mapping, const json::object& input);

// EventSourceMappingConfiguration. `state`: "Enabled", "Creating", …; `last_result` of a stream.
json::object mapping_answer(const Mapping& mapping, std::string_view arn, std::string_view state,
                            std::string_view last_result);

}  // namespace localcloud

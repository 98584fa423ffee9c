// DynamoDB: tables and items with conditional writes (the rest of its operations answers 501 by name).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "localcloud/cloud.h"
#include "localcloud/resource_type.h"
#include "localcloud/service.h"

namespace localcloud {

// One record of a table's stream, as Lambda's event source and GetRecords have it: "eventID", "eventName", "dynamodb":
// {"Keys", "NewImage", "OldImage", "SequenceNumber", …}.
struct StreamRecord {
  std::uint64_t sequence = 0;  // within the stream, from 1
  base::WallTime written{};
  json::object record;
};

class DynamoDb : public Service {
 public:
  // Streams have one shard here. Records after `sequence` (0: from the oldest that is kept, 24 hours), at most `max`.
  // Errors: ResourceNotFoundException 400.
  virtual base::Result<std::vector<StreamRecord>> stream_records(std::string_view stream_arn, std::uint64_t sequence,
                                                                 std::size_t max) const = 0;
  // The newest record's sequence; 0 if there is none.
  virtual base::Result<std::uint64_t> stream_end(std::string_view stream_arn) const = 0;
  // Of its one shard; empty if the stream is gone.
  virtual std::string shard_id(std::string_view stream_arn) const = 0;
  // Returns when the stream has a record after `sequence`, or is gone.
  virtual awaitable<void> stream_grows(std::string stream_arn, std::uint64_t sequence) = 0;
  virtual ResourceTypes resource_types() = 0;
};

std::unique_ptr<DynamoDb> make_dynamodb(Cloud& cloud);

}  // namespace localcloud

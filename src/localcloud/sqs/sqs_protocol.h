// The two protocols of SQS on one set of operations: AWS JSON 1.0, and the older query protocol, whose requests are
// read into the JSON protocol's shapes and whose answers are written from them. Pure.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "localcloud/service.h"

namespace localcloud {

namespace json = boost::json;

struct SqsRequest {
  bool is_query = false;
  std::string operation;
  json::object input;
};

// Numbers of a query request stay texts. Its queue may be said by the path alone: "/123456789012/name".
base::Result<SqsRequest> read_sqs_request(const Call& call);

net::Response sqs_answer(const Call& call, const SqsRequest& request, const json::value& output);

// `code` of the error is the query protocol's ("AWS.SimpleQueueService.NonExistentQueue"); JSON answers have the
// shape's name in __type and the older code in x-amzn-query-error.
net::Response sqs_failure(const Call& call, bool is_query, const base::Error& error);

}  // namespace localcloud

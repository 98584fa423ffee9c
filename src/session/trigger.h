// What invoked a function, by the shape of its event, for the line that is shown.
#pragma once

#include <string>
#include <string_view>

namespace session {

// "http-api", "rest-api", "function-url", "alb", "websocket", "authorizer", the event source of records ("sns", "sqs",
// "s3", "dynamodb", "kinesis"), "eventbridge", else "invoke". With the route or name where the event has one: "http-api
// GET /orders".
std::string trigger_of(std::string_view event);

}  // namespace session

// What stub and session say to each other, as values. A message travels as fields (JSON) followed by a body (bytes),
// packed by zstd when that makes it smaller, and cut into chunks.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "bridge/frame.h"

namespace bridge {

using NameValues = std::vector<std::pair<std::string, std::string>>;

struct Credentials {
  std::string access_key_id = {};
  std::string secret_access_key = {};
  std::string session_token = {};
};

// A new execution environment.
struct Announce {
  std::string function = {};  // AWS_LAMBDA_FUNCTION_NAME
  std::string version = {};   // AWS_LAMBDA_FUNCTION_VERSION
  std::string arn = {};       // of the function, if known; each invocation has its own
  std::string runtime = {};   // AWS_EXECUTION_ENV, empty in a custom runtime: the session knows it from the template
  std::string handler = {};   // _HANDLER
  std::string region = {};
  NameValues environment = {};  // as the function's code shall see it
  Credentials credentials = {};
};

// One answer of the Runtime API's `next`.
struct Invocation {
  std::string request_id = {};
  std::string function_arn = {};
  std::int64_t deadline_ms = 0;  // milliseconds since the epoch, by the clock of whoever holds this value
  std::string trace_id = {};
  std::string client_context = {};
  std::string cognito_identity = {};
  std::string tenant_id = {};
  std::string content_type = {};
  std::string event = {};  // bytes
};

struct Invoke {
  Invocation invocation = {};                // deadline_ms is not sent; milliseconds_left is
  std::int64_t milliseconds_left = 0;        // at `composed_at_ms`
  std::int64_t composed_at_ms = 0;           // AWS's clock; 0 = not known yet
  std::vector<std::uint64_t> finished = {};  // attempts that ended since the last frame that named any
};

struct Accepted {};

struct Refused {
  std::string reason = {};
};

// `result` or `failure`: the body and headers that the worker gave the Runtime API, byte for byte.
struct Answer {
  bool failed = false;
  NameValues headers = {};  // Content-Type, Lambda-Runtime-Function-Error-Type, …
  std::string body = {};
};

// A piece of a streamed response.
struct StreamPiece {
  std::uint64_t number = 0;  // from 1
  NameValues headers = {};  // of the first piece: the response's; of a broken one: its error's, as a `failure` has them
  bool end = false;         // the last piece of a whole response
  bool broken = false;      // the last piece of one that failed: its body is the error
  std::string body = {};
};
// All pieces up to `taken` are in Lambda's hands.
struct Credit {
  std::uint64_t taken = 0;
};

struct Ask {
  std::vector<std::uint64_t> finished = {};
  std::uint64_t taken = 0;     // as in Credit
  std::uint64_t received = 0;  // all pieces up to this one have arrived
};

struct ChunkRange {
  std::uint32_t first = 0;
  std::uint32_t last = 0;  // included
  bool operator==(const ChunkRange&) const = default;
};

// What did not arrive: nothing of the attempt (`all`), the announce, or gaps of a message that came in part.
struct Missing {
  bool all = false;
  bool announce = false;
  std::uint64_t message_id = 0;       // 0 = no gaps are named
  std::vector<ChunkRange> gaps = {};  // below the highest chunk seen
  std::uint32_t seen_up_to = 0;       // the highest chunk seen
  std::uint32_t received = 0;         // how many chunks have come
};

struct Cancel {};

using Message = std::variant<Announce, Invoke, Accepted, Refused, Answer, StreamPiece, Credit, Ask, Missing, Cancel>;

MessageType type_of(const Message& message);

// A message ready to be cut.
struct Packed {
  std::string bytes = {};
  bool compressed = false;
  std::uint64_t full_size = 0;
  std::uint64_t fields_size = 0;
};

Packed pack(const Message& message);
// `bytes` are all chunks in order; the header any of theirs. Errors: invalid_input. Never allocates more than the
// header says.
base::Result<Message> unpack(const FrameHeader& header, std::string bytes);

// Error bodies of Lambda: {"errorMessage","errorType","stackTrace":[]}, with the header that carries the type.
Answer error_answer(std::string_view type, std::string_view message);

}  // namespace bridge

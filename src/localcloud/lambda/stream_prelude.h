// The head of a streamed answer to a function URL: with the content type of AWS's HTTP integration, a JSON object
// (statusCode, headers, cookies) and eight NUL bytes stand before the body (aws-facts §4). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/http.h"

namespace localcloud {

class StreamPrelude {
 public:
  explicit StreamPrelude(std::string content_type);

  // What came next of the stream; until complete().
  void add(std::string_view piece);
  bool complete() const { return complete_; }

  // Status and headers, with the part of the body that came after the prelude. nullopt: malformed.
  std::optional<net::Response> head() const;

 private:
  std::string content_type_;
  bool expected_;
  bool complete_;
  bool malformed_ = false;  // it has no end
  std::string text_;        // the JSON object
  std::string rest_;
};

}  // namespace localcloud

// SAM's errors, each a whole sentence as AWS words it. Two kinds are told apart by `code`: those that belong to one
// resource or to the template (several are collected), and those that end the transform at once.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace localcloud::sam {

constexpr std::string_view kEndsTransform = "InvalidDocument";
constexpr std::string_view kOfAnEvent = "InvalidEvent";

inline tl::unexpected<base::Error> failure(std::string message, std::string_view code = {}) {
  return base::fail(
      base::Error{.kind = base::ErrorKind::invalid_input, .message = std::move(message), .code = std::string(code)});
}

inline tl::unexpected<base::Error> invalid_resource(std::string_view id, std::string_view what) {
  return failure(fmt::format("Resource with id [{}] is invalid. {}", id, what));
}

// The function that has the event puts itself before it.
inline tl::unexpected<base::Error> invalid_event(std::string_view id, std::string_view what) {
  return failure(fmt::format("Event with id [{}] is invalid. {}", id, what), kOfAnEvent);
}

inline tl::unexpected<base::Error> invalid_template(std::string_view what) {
  return failure(fmt::format("Structure of the SAM template is invalid. {}", what));
}

inline tl::unexpected<base::Error> invalid_document(std::string_view what) {
  return failure(fmt::format("Structure of the SAM template is invalid. {}", what), kEndsTransform);
}

// Ours: what SAM knows and the local cloud does not do.
inline tl::unexpected<base::Error> not_here(std::string_view id, std::string_view what) {
  return invalid_resource(id, fmt::format("{} is not implemented by the local cloud", what));
}

}  // namespace localcloud::sam

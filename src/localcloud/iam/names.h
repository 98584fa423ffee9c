// What names and paths in IAM and STS may be (IAM user guide, "IAM and AWS STS quotas": name requirements).
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "base/result.h"
#include "localcloud/service.h"

namespace localcloud {

// Letters, digits and +=,.@_- alone. `member`: of the input, for the message.
inline base::Result<> check_iam_name(std::string_view member, std::string_view name, std::size_t shortest,
                                     std::size_t longest) {
  bool good = std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("+=,.@_-").find(c) != std::string_view::npos;
  });
  if (good && name.size() >= shortest && name.size() <= longest) return {};
  return aws_error(400, "ValidationError",
                   fmt::format("The specified value for {} is invalid. It must have {} to {} characters and contain "
                               "only alphanumeric characters and/or the following: +=,.@_-",
                               member, shortest, longest));
}

// "/" or "/…/".
inline base::Result<> check_iam_path(std::string_view path) {
  constexpr std::size_t kLongest = 512;
  bool good = path.starts_with('/') && path.ends_with('/') && path.size() <= kLongest &&
              std::all_of(path.begin(), path.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (good) return {};
  return aws_error(400, "ValidationError",
                   "The specified value for path is invalid. It must begin and end with / and contain only "
                   "alphanumeric characters and/or / characters.");
}

}  // namespace localcloud

// One page of a list: what NextToken asks for, and the NextToken that follows.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "localcloud/wire.h"

namespace localcloud {

constexpr std::size_t kPageSize = 100;  // CloudFormation's, of every list

struct Page {
  std::size_t from = 0;  // the half-open range
  std::size_t to = 0;
  std::size_t total = 0;  // of the first page: what was added since is not shown
  std::string next_token = {};
};

// Errors: ValidationError for a token that is none.
base::Result<Page> page_of(const QueryInput& input, std::size_t count);

// <NextToken>, if there is more.
void write_next_token(XmlWriter& xml, const Page& page);

}  // namespace localcloud

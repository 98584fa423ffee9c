// Pieces of SNS's answers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "localcloud/sns/topic.h"
#include "localcloud/wire.h"

namespace localcloud {

// <Attributes><entry><key/><value/></entry>…</Attributes>
std::string attributes_xml(const Texts& attributes);

// Attributes.entry.N.key and .value of an input.
Texts attributes_input(const QueryInput& input);

// A page of up to 100, from the one that NextToken of the input names: `element` around what `write` writes of each,
// then NextToken. Errors: InvalidParameter 400.
using Pieces = std::vector<std::string>;  // the inner XML of each member
base::Result<std::string> page_xml(const QueryInput& input, std::string_view element, const Pieces& members);

}  // namespace localcloud

#include "localcloud/cloudformation/paging.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "codec/base64.h"
#include "localcloud/cloudformation/template.h"

namespace localcloud {

base::Result<Page> page_of(const QueryInput& input, std::size_t count) {
  Page page{.from = 0, .to = 0, .total = count};
  if (const auto token = input.get("NextToken")) {
    const auto invalid = [] { return validation_error("NextToken is invalid"); };
    const auto text = codec::base64_decode(*token);
    if (!text) return invalid();
    const char* const end = text->data() + text->size();
    const auto from = std::from_chars(text->data(), end, page.from);
    if (from.ec != std::errc() || from.ptr == end) return invalid();
    const auto total = std::from_chars(from.ptr + 1, end, page.total);
    if (total.ec != std::errc() || total.ptr != end || page.total > count || page.from > page.total) return invalid();
  }
  page.to = std::min(page.from + kPageSize, page.total);
  if (page.to < page.total) page.next_token = codec::base64_encode(fmt::format("{}/{}", page.to, page.total));
  return page;
}

void write_next_token(XmlWriter& xml, const Page& page) {
  if (!page.next_token.empty()) xml.element("NextToken", page.next_token);
}

}  // namespace localcloud

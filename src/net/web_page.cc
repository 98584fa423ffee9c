#include "net/web_page.h"

namespace net {

bool comes_from_web_page(const Headers& headers) {
  return headers.has("Origin") || headers.get("Sec-Fetch-Site").value_or("none") != "none";
}

}  // namespace net

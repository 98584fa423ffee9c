// Web pages that try the ports of this machine: a page anywhere may have its reader's browser send requests to
// 127.0.0.1, by address as well as by a name of its own that it has pointed there. What it cannot do is hide that it is
// one.
#pragma once

#include "net/http.h"

namespace net {

// Whether a browser sent it for a page: it says Origin, or Sec-Fetch-Site (W3C "Fetch Metadata Request Headers") other
// than "none", which is an address that its user typed.
bool comes_from_web_page(const Headers& headers);

}  // namespace net

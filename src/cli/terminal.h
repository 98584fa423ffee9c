// What a file descriptor is good for.
#pragma once

namespace cli {

// A terminal, and neither NO_COLOR (https://no-color.org) nor TERM=dumb is set.
bool wants_color(int fd);

}  // namespace cli

#include "cli/terminal.h"

#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace cli {

bool wants_color(int fd) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  bool refused = no_color != nullptr && *no_color != '\0';
  bool dumb = term != nullptr && std::string_view(term) == "dumb";
  return ::isatty(fd) == 1 && !refused && !dumb;
}

}  // namespace cli

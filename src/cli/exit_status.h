// The program's exit statuses, part of its interface (docs/json.md).
#pragma once

#include "base/result.h"

namespace cli {

enum class ExitStatus : int {
  ok = 0,  // also: ended by Ctrl+C or SIGTERM
  internal_error = 1,
  usage = 2,
  template_or_build = 3,
  credentials = 4,  // credentials, region or permissions
  deployment = 5,
  displaced = 6,
  local_resource = 7,  // a port in use, a full disk, …
};

ExitStatus exit_status_of(base::ErrorKind kind);

}  // namespace cli

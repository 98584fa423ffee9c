#include "base/result.h"

namespace base {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::internal:
      return "internal";
    case ErrorKind::usage:
      return "usage";
    case ErrorKind::invalid_input:
      return "invalid_input";
    case ErrorKind::build:
      return "build";
    case ErrorKind::not_found:
      return "not_found";
    case ErrorKind::credentials:
      return "credentials";
    case ErrorKind::permission:
      return "permission";
    case ErrorKind::deployment:
      return "deployment";
    case ErrorKind::displaced:
      return "displaced";
    case ErrorKind::local_resource:
      return "local_resource";
    case ErrorKind::connect:
      return "connect";
    case ErrorKind::transport:
      return "transport";
    case ErrorKind::service:
      return "service";
  }
  return "internal";
}

}  // namespace base

#include "cli/exit_status.h"

namespace cli {

ExitStatus exit_status_of(base::ErrorKind kind) {
  using base::ErrorKind;
  switch (kind) {
    case ErrorKind::usage:
      return ExitStatus::usage;
    case ErrorKind::invalid_input:
    case ErrorKind::build:
      return ExitStatus::template_or_build;
    case ErrorKind::credentials:
    case ErrorKind::permission:
      return ExitStatus::credentials;
    case ErrorKind::deployment:
    case ErrorKind::service:
    case ErrorKind::connect:
    case ErrorKind::transport:
      return ExitStatus::deployment;
    case ErrorKind::displaced:
      return ExitStatus::displaced;
    case ErrorKind::local_resource:
    case ErrorKind::not_found:
      return ExitStatus::local_resource;
    case ErrorKind::internal:
      return ExitStatus::internal_error;
  }
  return ExitStatus::internal_error;
}

}  // namespace cli

#include "cli/exit_status.h"

#include <gtest/gtest.h>

namespace cli {
namespace {

using base::ErrorKind;

TEST(ExitStatus, IsTheDocumentedOneForEveryKindOfError) {
  struct {
    ErrorKind kind;
    int status;
  } cases[] = {
      {ErrorKind::internal, 1},   {ErrorKind::usage, 2},       {ErrorKind::invalid_input, 3},
      {ErrorKind::build, 3},      {ErrorKind::credentials, 4}, {ErrorKind::permission, 4},
      {ErrorKind::deployment, 5}, {ErrorKind::service, 5},     {ErrorKind::connect, 5},
      {ErrorKind::transport, 5},  {ErrorKind::displaced, 6},   {ErrorKind::local_resource, 7},
      {ErrorKind::not_found, 7},
  };
  for (const auto& [kind, status] : cases) {
    EXPECT_EQ(static_cast<int>(exit_status_of(kind)), status) << base::to_string(kind);
  }
}

}  // namespace
}  // namespace cli

#include "cli/functions_command.h"

#include <gtest/gtest.h>

namespace cli {
namespace {

TEST(Columns, AreAlignedOnATerminalAndPlainElsewhere) {
  std::vector<std::vector<std::string>> rows = {{"a", "bb", "last one"}, {"long", "b", "x"}};
  EXPECT_EQ(columns(rows, true), "a     bb  last one\nlong  b   x\n");
  EXPECT_EQ(columns(rows, false), "a\tbb\tlast one\nlong\tb\tx\n");
  EXPECT_EQ(columns({}, true), "");
}

}  // namespace
}  // namespace cli

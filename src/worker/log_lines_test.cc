#include "worker/log_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace worker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(LineSplitter, CutsAtLineEndsWhereverThePiecesEnd) {
  LineSplitter lines;
  EXPECT_THAT(lines.feed("a\nb"), ElementsAre("a"));
  EXPECT_THAT(lines.feed(""), IsEmpty());
  EXPECT_THAT(lines.feed("c\n\nd\n"), ElementsAre("bc", "", "d"));
  EXPECT_FALSE(lines.flush());
}

TEST(LineSplitter, KeepsALongLineWhole) {
  LineSplitter lines;
  const std::string piece(65'536, 'x');
  for (int i = 0; i < 20; ++i) EXPECT_THAT(lines.feed(piece), IsEmpty());
  const auto records = lines.feed("\n");
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].size(), 20 * piece.size());
}

TEST(LineSplitter, CutsALineThatDoesNotEnd) {
  LineSplitter lines;
  const std::string piece(1024 * 1024, 'x');
  std::size_t records = 0;
  for (int i = 0; i < 40; ++i) records += lines.feed(piece).size();
  EXPECT_EQ(records, 2U);
  EXPECT_EQ(lines.flush()->size(), 8 * piece.size());
}

TEST(LineSplitter, GivesTheUnfinishedLineWhenFlushed) {
  LineSplitter lines;
  EXPECT_THAT(lines.feed("no end"), IsEmpty());
  EXPECT_EQ(lines.flush(), "no end");
  EXPECT_THAT(lines.feed("next\n"), ElementsAre("next"));
}

TEST(RestoreLineBreaks, TurnsBackWhatTheConsoleWrote) {
  EXPECT_EQ(restore_line_breaks("2026-01-02T03:04:05.678Z\tid\tINFO\tone\rtwo"),
            "2026-01-02T03:04:05.678Z\tid\tINFO\tone\ntwo");
  EXPECT_EQ(restore_line_breaks("[INFO]\t2026-01-02T03:04:05.678Z\tid\tone\rtwo"),
            "[INFO]\t2026-01-02T03:04:05.678Z\tid\tone\ntwo");
  EXPECT_EQ(restore_line_breaks("[ERROR] KeyError: 'a'\rTraceback"), "[ERROR] KeyError: 'a'\nTraceback");
}

TEST(RestoreLineBreaks, LeavesOtherLinesAsTheyAre) {
  EXPECT_EQ(restore_line_breaks("one\rtwo\x1e"), "one\ntwo");
  EXPECT_EQ(restore_line_breaks("50%\r100%"), "50%\r100%");
  EXPECT_EQ(restore_line_breaks("2026-01-02 03:04:05\rx"), "2026-01-02 03:04:05\rx");
  EXPECT_EQ(restore_line_breaks("[50%]\r[100%]"), "[50%]\r[100%]");
  EXPECT_EQ(restore_line_breaks("["), "[");
  EXPECT_EQ(restore_line_breaks(""), "");
}

}  // namespace
}  // namespace worker

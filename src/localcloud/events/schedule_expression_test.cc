#include "localcloud/events/schedule_expression.h"

#include <gtest/gtest.h>

#include <string>

#include "localcloud/wire.h"

namespace localcloud {
namespace {

base::WallTime at(std::string_view text) {
  return parse_local_time(text).value();
}

// The first runs after a time, as text; "none" at the end of all.
std::string runs(std::string_view expression, std::string_view after, int count = 1) {
  auto schedule = parse_schedule(expression, true);
  if (!schedule) return schedule.error().message;
  std::string found;
  for (auto time = at(after); count > 0; --count) {
    auto next = next_run(*schedule, at("2026-01-02T03:04:05"), time);
    if (!next) return found + "none";
    time = *next;
    found += iso_time(time).substr(0, 16) + (count > 1 ? " " : "");
  }
  return found;
}

constexpr std::string_view kInvalid = "Parameter ScheduleExpression is not valid.";

TEST(ScheduleExpression, RunsAtARate) {
  EXPECT_EQ(runs("rate(5 minutes)", "2026-01-02T03:04:05", 2), "2026-01-02T03:09 2026-01-02T03:14");
  EXPECT_EQ(runs("rate(1 hour)", "2026-01-02T05:00:00"), "2026-01-02T05:04");
  EXPECT_EQ(runs("rate(2 days)", "2026-01-02T05:00:00"), "2026-01-04T03:04");
  for (auto wrong : {"rate(1 minutes)", "rate(5 minute)", "rate(0 minutes)", "rate(5 weeks)", "rate(-1 minutes)",
                     "rate(2147483647 days)", "rate(99999999999 days)", "rate(5)", "rate()", "every 5 minutes",
                     "rate(5 minutes", ""}) {
    EXPECT_EQ(runs(wrong, "2026-01-02T00:00:00"), kInvalid) << wrong;
  }
}

TEST(ScheduleExpression, RunsOnceAtATime) {
  EXPECT_EQ(runs("at(2026-05-06T07:08:09)", "2026-01-02T00:00:00"), "2026-05-06T07:08");
  EXPECT_EQ(runs("at(2026-05-06T07:08:09)", "2026-05-06T07:08:09"), "none");
  EXPECT_EQ(runs("at(2026-02-30T07:08:09)", "2026-01-02T00:00:00"), kInvalid);
  // What the machine's clock cannot hold.
  EXPECT_EQ(runs("at(9999-01-01T00:00:00)", "2026-01-02T00:00:00"), kInvalid);
  EXPECT_EQ(runs("at(0001-01-01T00:00:00)", "2026-01-02T00:00:00"), kInvalid);
  EXPECT_FALSE(parse_schedule("at(2026-05-06T07:08:09)", false));
}

TEST(DateIn, TakesSecondsAndTexts) {
  auto read = [](json::value value) -> std::string {
    auto date = date_in({{"Time", std::move(value)}}, "Time");
    return date ? iso_time(date->value()) : date.error().code;
  };
  EXPECT_EQ(read(1767323045), "2026-01-02T03:04:05.000Z");
  EXPECT_EQ(read(1767323045.5), "2026-01-02T03:04:05.500Z");
  EXPECT_EQ(read("2026-01-02T03:04:05Z"), "2026-01-02T03:04:05.000Z");
  EXPECT_EQ(read("2026-01-02T03:04:05.678Z"), "2026-01-02T03:04:05.000Z");
  for (const json::value& wrong : {json::value(1e300), json::value(-1), json::value("2026-01-02T03:04:05+02:00"),
                                   json::value("2026"), json::value(true)}) {
    EXPECT_EQ(read(wrong), "ValidationException") << json::serialize(wrong);
  }
  EXPECT_FALSE(date_in({}, "Time").value());
}

// The examples of AWS's guide, and the corners of its wildcards. 2026-01-01 is a Thursday.
TEST(ScheduleExpression, RunsByCron) {
  EXPECT_EQ(runs("cron(0 10 * * ? *)", "2026-01-01T10:00:00"), "2026-01-02T10:00");
  EXPECT_EQ(runs("cron(15 12 * * ? *)", "2026-01-01T00:00:00"), "2026-01-01T12:15");
  EXPECT_EQ(runs("cron(0 18 ? * MON-FRI *)", "2026-01-02T18:00:00"), "2026-01-05T18:00");
  EXPECT_EQ(runs("cron(0 8 1 * ? *)", "2026-01-01T08:00:00"), "2026-02-01T08:00");
  EXPECT_EQ(runs("cron(0/15 * * * ? *)", "2026-01-01T00:07:00", 2), "2026-01-01T00:15 2026-01-01T00:30");
  EXPECT_EQ(runs("cron(0/5 8-17 ? * mon-fri *)", "2026-01-02T17:55:00"), "2026-01-05T08:00");
  EXPECT_EQ(runs("cron(5,35 14 * * ? *)", "2026-01-01T14:05:00"), "2026-01-01T14:35");
  EXPECT_EQ(runs("cron(15 10 ? * 6L 2026-2027)", "2026-01-01T00:00:00", 2), "2026-01-30T10:15 2026-02-27T10:15");
  EXPECT_EQ(runs("cron(0 0 L * ? *)", "2026-02-01T00:00:00"), "2026-02-28T00:00");
  EXPECT_EQ(runs("cron(0 0 LW * ? *)", "2026-02-01T00:00:00"), "2026-02-27T00:00");
  EXPECT_EQ(runs("cron(0 0 1W * ? *)", "2026-01-31T00:00:00"), "2026-02-02T00:00");  // the 1st is a Sunday
  EXPECT_EQ(runs("cron(0 0 ? * 3#2 *)", "2026-01-01T00:00:00"), "2026-01-13T00:00");
  EXPECT_EQ(runs("cron(0 0 ? * L *)", "2026-01-01T00:00:00"), "2026-01-03T00:00");
  EXPECT_EQ(runs("cron(0 0 29 FEB ? *)", "2026-01-01T00:00:00"), "2028-02-29T00:00");
  EXPECT_EQ(runs("cron(30 23 31 DEC ? 2026)", "2026-12-31T23:30:00"), "none");
  EXPECT_EQ(runs("cron(0 0 30 2 ? *)", "2026-01-01T00:00:00"), "none");
}

TEST(ScheduleExpression, RefusesWhatIsNoCron) {
  for (auto wrong : {"cron(0 10 * * * *)", "cron(0 10 ? * ? *)", "cron(0 10 * * ?)", "cron(60 10 * * ? *)",
                     "cron(0 24 * * ? *)", "cron(0 10 0 * ? *)", "cron(0 10 ? * 8 *)", "cron(0 10 ? * MON#6 *)",
                     "cron(0 10 * FOO ? *)", "cron(0/0 10 * * ? *)", "cron(0/2147483647 * * * ? *)",
                     "cron(0 10 5-1 * ? *)", "cron(0 10 * * ? 1969)", "cron(, 10 * * ? *)", "cron(0 10 * * ? * *)"}) {
    EXPECT_EQ(runs(wrong, "2026-01-02T00:00:00"), kInvalid) << wrong;
  }
}

}  // namespace
}  // namespace localcloud

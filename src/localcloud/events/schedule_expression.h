// When a schedule runs: rate(5 minutes), cron(0 10 ? * MON-FRI *), and at(2026-01-02T03:04:05), which only EventBridge
// Scheduler knows ("Cron expressions" and "Rate expressions" of the EventBridge user guide, "Schedule types" of the
// Scheduler's). Pure, and in UTC. cron() has AWS's six fields with , - * / and, in the days, ? L W #.
#pragma once

#include <array>
#include <bitset>
#include <boost/json.hpp>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace localcloud {

namespace json = boost::json;

struct Rate {
  base::Millis every{};
};

struct Once {
  base::WallTime at;
};

class Cron {
 public:
  // The first minute that fits and is later than `after`; nullopt if there is none until the end of 2199.
  std::optional<base::WallTime> next(base::WallTime after) const;

 private:
  friend base::Result<Cron> parse_cron(std::string_view fields);

  // A day of the month or of the week that only a calendar can tell.
  struct SpecialDay {
    enum Kind { last_of_month, last_weekday_of_month, nearest_weekday, last_such_weekday, nth_such_weekday } kind;
    int number = 0;  // the day of the month, or of the week (1 = Sunday)
    int nth = 0;     // of nth_such_weekday
  };
  bool fits_day(std::chrono::year_month_day day) const;

  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;     // of the month, 1 to 31
  std::bitset<13> months_;   // 1 to 12
  std::bitset<8> weekdays_;  // 1 to 7, Sunday is 1
  std::bitset<230> years_;   // since 1970
  bool any_day_ = false;     // ? as day of the month: the day of the week decides
  std::vector<SpecialDay> special_;
};

using Schedule = std::variant<Rate, Cron, Once>;

// Errors: ValidationException 400, "Parameter ScheduleExpression is not valid.". `with_once`: at(…) is allowed.
base::Result<Schedule> parse_schedule(std::string_view expression, bool with_once);

// The next run after `after`; a rate counts from `begin`, when the schedule was made or begins.
std::optional<base::WallTime> next_run(const Schedule& schedule, base::WallTime begin, base::WallTime after);

// A member that is a date: epoch seconds, as the APIs have it, or "2026-01-02T03:04:05Z", as templates have it; nullopt
// if it is not there. Errors: ValidationException 400.
base::Result<std::optional<base::WallTime>> date_in(const json::object& input, std::string_view name);

// "2026-01-02T03:04:05" as UTC, from 1970 to 2199.
std::optional<base::WallTime> parse_local_time(std::string_view text);

}  // namespace localcloud

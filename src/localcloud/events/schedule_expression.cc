#include "localcloud/events/schedule_expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string>

#include "localcloud/service.h"

namespace localcloud {

namespace {

using std::chrono::day;
using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr int kFirstYear = 1970;
constexpr int kLastYear = 2199;

tl::unexpected<base::Error> invalid() {
  return aws_error(400, "ValidationException", "Parameter ScheduleExpression is not valid.");
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (;;) {
    auto cut = text.find(at);
    parts.push_back(text.substr(0, cut));
    if (cut == std::string_view::npos) return parts;
    text.remove_prefix(cut + 1);
  }
}

// The words between runs of spaces.
std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> found;
  for (auto part : split(text, ' ')) {
    if (!part.empty()) found.push_back(part);
  }
  return found;
}

struct Field {
  int low;
  int high;
  std::vector<std::string_view> names = {};  // from `low` on: "JAN", …
};

std::optional<int> value_of(std::string_view text, const Field& field) {
  for (std::size_t i = 0; i < field.names.size(); ++i) {
    bool same = std::equal(text.begin(), text.end(), field.names[i].begin(), field.names[i].end(),
                           [](char a, char b) { return std::toupper(static_cast<unsigned char>(a)) == b; });
    if (same) return field.low + static_cast<int>(i);
  }
  auto value = number(text);
  if (!value || *value < field.low || *value > field.high) return std::nullopt;
  return value;
}

// "*", "a", "a-b", and each with "/step".
template <std::size_t N>
bool add_range(std::string_view item, const Field& field, int offset, std::bitset<N>& set) {
  int step = 1;
  auto slash = item.find('/');
  if (slash != std::string_view::npos) {
    auto given = number(item.substr(slash + 1));
    if (!given || *given < 1 || *given > field.high) return false;
    step = *given;
  }
  auto range = item.substr(0, slash);
  int first = field.low;
  int last = field.high;
  if (range != "*") {
    auto dash = range.find('-');
    auto begin = value_of(range.substr(0, dash), field);
    if (!begin) return false;
    first = *begin;
    if (dash != std::string_view::npos) {
      auto end = value_of(range.substr(dash + 1), field);
      if (!end || *end < first) return false;
      last = *end;
    } else if (slash == std::string_view::npos) {
      last = first;
    }
  }
  for (int value = first; value <= last; value += step) set.set(static_cast<std::size_t>(value - offset));
  return true;
}

template <std::size_t N>
bool add_list(std::string_view text, const Field& field, int offset, std::bitset<N>& set) {
  auto items = split(text, ',');
  return std::all_of(items.begin(), items.end(),
                     [&](std::string_view item) { return add_range(item, field, offset, set); });
}

const Field kDayOfMonth{.low = 1, .high = 31};
const Field kWeekday{.low = 1, .high = 7, .names = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}};

// 1 is Sunday.
int weekday_number(sys_days date) {
  return static_cast<int>(std::chrono::weekday(date).c_encoding()) + 1;
}

bool is_working_day(sys_days date) {
  auto weekday = weekday_number(date);
  return weekday != 1 && weekday != 7;
}

// The working day nearest to a day of the month, without leaving the month.
day nearest_working_day(year_month_day date) {
  sys_days at(date);
  if (is_working_day(at)) return date.day();
  for (int distance = 1; distance <= 2; ++distance) {
    for (int sign : {-1, 1}) {
      year_month_day other(at + days(sign * distance));
      if (other.month() == date.month() && is_working_day(sys_days(other))) return other.day();
    }
  }
  return date.day();
}

}  // namespace

base::Result<Cron> parse_cron(std::string_view text) {
  constexpr std::size_t kFields = 6;
  auto fields = words(text);
  if (fields.size() != kFields) return invalid();
  Cron cron;
  const Field month{.low = 1,
                    .high = 12,
                    .names = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}};
  if (!add_list(fields[0], {.low = 0, .high = 59}, 0, cron.minutes_)) return invalid();
  if (!add_list(fields[1], {.low = 0, .high = 23}, 0, cron.hours_)) return invalid();
  if (!add_list(fields[3], month, 0, cron.months_)) return invalid();
  if (!add_list(fields[5], {.low = kFirstYear, .high = kLastYear}, kFirstYear, cron.years_)) return invalid();

  // One of the two kinds of day is named, the other is "?".
  cron.any_day_ = fields[2] == "?";
  if (cron.any_day_ == (fields[4] == "?")) return invalid();
  using Special = Cron::SpecialDay;
  for (auto item : split(cron.any_day_ ? fields[4] : fields[2], ',')) {
    if (!cron.any_day_) {
      if (item == "L") {
        cron.special_.push_back({.kind = Special::last_of_month});
      } else if (item == "LW") {
        cron.special_.push_back({.kind = Special::last_weekday_of_month});
      } else if (item.ends_with('W')) {
        auto near = value_of(item.substr(0, item.size() - 1), kDayOfMonth);
        if (!near) return invalid();
        cron.special_.push_back({.kind = Special::nearest_weekday, .number = *near});
      } else if (!add_range(item, kDayOfMonth, 0, cron.days_)) {
        return invalid();
      }
      continue;
    }
    if (item == "L") item = "7";
    auto hash = item.find('#');
    if (hash != std::string_view::npos) {
      auto which = value_of(item.substr(0, hash), kWeekday);
      auto nth = number(item.substr(hash + 1));
      if (!which || !nth || *nth < 1 || *nth > 5) return invalid();
      cron.special_.push_back({.kind = Special::nth_such_weekday, .number = *which, .nth = *nth});
    } else if (item.size() > 1 && item.ends_with('L')) {
      auto which = value_of(item.substr(0, item.size() - 1), kWeekday);
      if (!which) return invalid();
      cron.special_.push_back({.kind = Special::last_such_weekday, .number = *which});
    } else if (!add_range(item, kWeekday, 0, cron.weekdays_)) {
      return invalid();
    }
  }
  return cron;
}

bool Cron::fits_day(year_month_day date) const {
  auto number = static_cast<unsigned>(date.day());
  auto weekday = weekday_number(sys_days(date));
  if (any_day_ ? weekdays_.test(static_cast<std::size_t>(weekday)) : days_.test(number)) return true;
  year_month_day last(date.year() / date.month() / std::chrono::last);
  return std::any_of(special_.begin(), special_.end(), [&](const SpecialDay& special) {
    switch (special.kind) {
      case SpecialDay::last_of_month:
        return date == last;
      case SpecialDay::last_weekday_of_month:
        return date.day() == nearest_working_day(last);
      case SpecialDay::nearest_weekday: {
        year_month_day wanted(date.year(), date.month(), day(static_cast<unsigned>(special.number)));
        return wanted.ok() && date.day() == nearest_working_day(wanted);
      }
      case SpecialDay::last_such_weekday:
        return weekday == special.number && number + 7 > static_cast<unsigned>(last.day());
      case SpecialDay::nth_such_weekday:
        return weekday == special.number && (number - 1) / 7 + 1 == static_cast<unsigned>(special.nth);
    }
    return false;
  });
}

std::optional<base::WallTime> Cron::next(base::WallTime after) const {
  using std::chrono::hours;
  using std::chrono::minutes;
  auto minute = std::chrono::floor<minutes>(after) + minutes(1);
  auto date = std::chrono::floor<days>(minute);
  auto time = std::chrono::duration_cast<minutes>(minute - date);
  for (;; date += days(1), time = minutes(0)) {
    year_month_day calendar(date);
    auto year = static_cast<int>(calendar.year());
    if (year < kFirstYear || year > kLastYear) return std::nullopt;
    if (!years_.test(static_cast<std::size_t>(year - kFirstYear))) {
      date = sys_days(std::chrono::year(year) / std::chrono::December / 31);
      continue;
    }
    if (!months_.test(static_cast<unsigned>(calendar.month())) || !fits_day(calendar)) continue;
    for (; time < days(1); time += minutes(1)) {
      auto hour = static_cast<std::size_t>(time / hours(1));
      if (!hours_.test(hour)) {
        time = hours(hour + 1) - minutes(1);
        continue;
      }
      if (minutes_.test(static_cast<std::size_t>(time % hours(1) / minutes(1)))) return date + time;
    }
  }
}

std::optional<base::WallTime> parse_local_time(std::string_view text) {
  constexpr std::size_t kLength = 19;
  if (text.size() != kLength || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
      text[16] != ':') {
    return std::nullopt;
  }
  std::array<int, 6> parts{};
  constexpr std::array<std::pair<std::size_t, std::size_t>, 6> kPlaces{
      {{0, 4}, {5, 2}, {8, 2}, {11, 2}, {14, 2}, {17, 2}}};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    auto part = number(text.substr(kPlaces[i].first, kPlaces[i].second));
    if (!part || *part < 0) return std::nullopt;
    parts[i] = *part;
  }
  year_month_day date(std::chrono::year(parts[0]), std::chrono::month(static_cast<unsigned>(parts[1])),
                      day(static_cast<unsigned>(parts[2])));
  // The clock of the machine ends in 2262.
  if (parts[0] < kFirstYear || parts[0] > kLastYear) return std::nullopt;
  if (!date.ok() || parts[3] > 23 || parts[4] > 59 || parts[5] > 59) return std::nullopt;
  return sys_days(date) + std::chrono::hours(parts[3]) + std::chrono::minutes(parts[4]) +
         std::chrono::seconds(parts[5]);
}

base::Result<Schedule> parse_schedule(std::string_view expression, bool with_once) {
  auto inside = [&](std::string_view name) -> std::optional<std::string_view> {
    if (!expression.starts_with(name) || !expression.ends_with(')')) return std::nullopt;
    return expression.substr(name.size(), expression.size() - name.size() - 1);
  };
  if (auto fields = inside("cron(")) {
    TRY(auto cron, parse_cron(*fields));
    return Schedule(std::move(cron));
  }
  if (auto time = inside("at("); time && with_once) {
    auto at = parse_local_time(*time);
    if (!at) return invalid();
    return Schedule(Once{*at});
  }
  auto rate = inside("rate(");
  if (!rate) return invalid();
  auto parts = words(*rate);
  auto value = parts.size() == 2 ? number(parts[0]) : std::nullopt;
  if (!value || *value < 1) return invalid();
  // "1 minute", "2 minutes".
  auto unit = parts[1];
  bool plural = unit.ends_with('s');
  if (plural == (*value == 1)) return invalid();
  if (plural) unit.remove_suffix(1);
  base::Millis every;
  if (unit == "minute") {
    every = std::chrono::minutes(1);
  } else if (unit == "hour") {
    every = std::chrono::hours(1);
  } else if (unit == "day") {
    every = days(1);
  } else {
    return invalid();
  }
  constexpr auto kLongest = days(36'500);  // a century: later times have no place in the machine's clock
  if (*value > kLongest / every) return invalid();
  return Schedule(Rate{.every = every * *value});
}

base::Result<std::optional<base::WallTime>> date_in(const json::object& input, std::string_view name) {
  auto wrong = [&] { return aws_error(400, "ValidationException", fmt::format("{} is not a valid date.", name)); };
  const auto* value = input.if_contains(name);
  if (value == nullptr) return std::optional<base::WallTime>();
  if (value->is_number()) {
    constexpr double kMillis = 1000;
    constexpr double kLast = 7'258'118'399;  // of 2199
    auto seconds = value->to_number<double>();
    if (!(seconds >= 0 && seconds <= kLast)) return wrong();
    return std::optional(base::from_epoch_ms(static_cast<std::int64_t>(seconds * kMillis)));
  }
  constexpr std::size_t kSeconds = 19;  // characters of a date down to its seconds
  std::string_view text = value->is_string() ? std::string_view(value->get_string()) : std::string_view();
  auto time = parse_local_time(text.substr(0, kSeconds));
  if (!time) return wrong();
  auto rest = text.substr(kSeconds);
  if (rest.starts_with('.')) rest.remove_prefix(std::min(rest.find_first_not_of("0123456789", 1), rest.size()));
  if (!rest.empty() && rest != "Z") return wrong();
  return time;
}

std::optional<base::WallTime> next_run(const Schedule& schedule, base::WallTime begin, base::WallTime after) {
  if (const auto* once = std::get_if<Once>(&schedule)) {
    return once->at > after ? std::optional(once->at) : std::nullopt;
  }
  if (const auto* cron = std::get_if<Cron>(&schedule)) return cron->next(after);
  auto every = std::get<Rate>(schedule).every;
  if (after < begin) return begin;
  return begin + ((after - begin) / every + 1) * every;
}

}  // namespace localcloud

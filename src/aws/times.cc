#include "aws/times.h"

#include <fmt/chrono.h>

#include <algorithm>
#include <charconv>
#include <iterator>

namespace aws {
namespace {

constexpr int kLastYear = 2261;

// Takes `digits` digits from the front of the text, and then `separator` if there is one. -1: it is not so.
int take_number(std::string_view& text, std::size_t digits, char separator = '\0') {
  int number = 0;
  std::string_view taken = text.substr(0, digits);
  auto [end, error] = std::from_chars(taken.data(), taken.data() + taken.size(), number);
  if (taken.size() != digits || error != std::errc() || end != taken.data() + taken.size() || number < 0) return -1;
  text.remove_prefix(digits);
  if (separator == '\0') return number;
  if (!text.starts_with(separator)) return -1;
  text.remove_prefix(1);
  return number;
}

std::optional<base::WallTime> to_time(int year, int month, int day, int hour, int minute, int second) {
  std::chrono::year_month_day date(std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                   std::chrono::day(static_cast<unsigned>(day)));
  if (year < 1970 || !date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) {
    return std::nullopt;
  }
  // "Never", as some say it, is later than a WallTime can be.
  if (year > kLastYear) return std::chrono::sys_days(std::chrono::year(kLastYear) / std::chrono::December / 31);
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

// What is left of an ISO date: a fraction, and "Z", "UTC", "+hh:mm" or "-hhmm".
std::optional<std::chrono::minutes> read_zone(std::string_view text) {
  if (text.starts_with('.')) text.remove_prefix(std::min(text.size(), text.find_first_not_of("0123456789", 1)));
  if (text == "Z" || text == "UTC") return std::chrono::minutes(0);
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  int sign = text[0] == '-' ? -1 : 1;
  text.remove_prefix(1);
  int hours = take_number(text, 2);
  if (text.starts_with(':')) text.remove_prefix(1);
  int minutes = take_number(text, 2);
  if (hours < 0 || minutes < 0 || !text.empty()) return std::nullopt;
  return std::chrono::minutes(sign * (hours * 60 + minutes));
}

}  // namespace

std::optional<base::WallTime> parse_http_date(std::string_view text) {
  static constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::size_t comma = text.find(", ");
  if (comma == std::string_view::npos || !text.ends_with(" GMT")) return std::nullopt;
  text.remove_prefix(comma + 2);
  int day = take_number(text, 2, ' ');
  const auto* month = std::find(std::begin(kMonths), std::end(kMonths), text.substr(0, 3));
  if (day < 0 || month == std::end(kMonths) || text.size() < 4) return std::nullopt;
  text.remove_prefix(4);
  int year = take_number(text, 4, ' ');
  int hour = take_number(text, 2, ':');
  int minute = take_number(text, 2, ':');
  int second = take_number(text, 2);
  return to_time(year, static_cast<int>(month - kMonths) + 1, day, hour, minute, second);
}

std::optional<base::WallTime> parse_iso_date(std::string_view text) {
  int year = take_number(text, 4, '-');
  int month = take_number(text, 2, '-');
  int day = take_number(text, 2, 'T');
  int hour = take_number(text, 2, ':');
  int minute = take_number(text, 2, ':');
  int second = take_number(text, 2);
  auto time = to_time(year, month, day, hour, minute, second);
  auto zone = read_zone(text);
  if (!time || !zone) return std::nullopt;
  return *time - *zone;
}

std::string iso_date(base::WallTime time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

}  // namespace aws

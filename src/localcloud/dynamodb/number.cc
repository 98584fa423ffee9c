#include "localcloud/dynamodb/number.h"

#include <boost/multiprecision/cpp_int.hpp>
#include <charconv>
#include <optional>

#include "localcloud/service.h"

namespace localcloud {

namespace {

using Integer = boost::multiprecision::cpp_int;

constexpr int kDigits = 38;
constexpr int kHighest = 125;  // of the first digit
constexpr int kLowest = -130;

// mantissa × 10^exponent, the mantissa without trailing zeros.
struct Decimal {
  Integer mantissa = 0;
  int exponent = 0;
};

Integer power_of_ten(int exponent) {
  return boost::multiprecision::pow(Integer(10), static_cast<unsigned>(exponent));
}

std::string magnitude(const Decimal& number) {
  auto text = number.mantissa.str();
  return text.front() == '-' ? text.substr(1) : text;
}

void strip_zeros(Decimal& number) {
  if (number.mantissa == 0) {
    number.exponent = 0;
    return;
  }
  while (number.mantissa % 10 == 0) {
    number.mantissa /= 10;
    ++number.exponent;
  }
}

std::optional<Decimal> parse(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  Decimal number;
  std::string digits;
  bool point = false;
  std::size_t at = 0;
  for (; at < text.size() && text[at] != 'e' && text[at] != 'E'; ++at) {
    if (text[at] == '.' && !point) {
      point = true;
    } else if (text[at] >= '0' && text[at] <= '9') {
      digits += text[at];
      if (point) --number.exponent;
    } else {
      return std::nullopt;
    }
  }
  constexpr std::size_t kLongestText = 1000;
  if (digits.empty() || digits.size() > kLongestText) return std::nullopt;
  if (at < text.size()) {
    auto exponent_text = text.substr(at + 1);
    if (exponent_text.starts_with('+')) exponent_text.remove_prefix(1);
    int exponent = 0;
    auto [end, error] = std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);
    if (error != std::errc() || end != exponent_text.data() + exponent_text.size()) return std::nullopt;
    if (exponent > 10'000 || exponent < -10'000) return std::nullopt;
    number.exponent += exponent;
  }
  // A leading 0 would make it octal.
  auto first = digits.find_first_not_of('0');
  number.mantissa = first == std::string::npos ? Integer(0) : Integer(digits.substr(first));
  if (negative) number.mantissa = -number.mantissa;
  strip_zeros(number);
  return number;
}

std::string print(const Decimal& number) {
  auto digits = magnitude(number);
  if (number.exponent >= 0) {
    digits.append(static_cast<std::size_t>(number.exponent), '0');
  } else {
    auto places = static_cast<std::size_t>(-number.exponent);
    if (digits.size() <= places) digits.insert(0, places - digits.size() + 1, '0');
    digits.insert(digits.size() - places, ".");
  }
  return (number.mantissa < 0 ? "-" : "") + digits;
}

base::Result<std::string> checked(const Decimal& number) {
  auto refuse = [](std::string message) { return aws_error(400, "ValidationException", std::move(message)); };
  if (number.mantissa != 0) {
    int digits = static_cast<int>(magnitude(number).size());
    int first = number.exponent + digits - 1;
    if (first > kHighest) {
      return refuse("Number overflow. Attempting to store a number with magnitude larger than supported range");
    }
    if (first < kLowest) {
      return refuse("Number underflow. Attempting to store a number with magnitude smaller than supported range");
    }
    if (digits > kDigits) return refuse("Attempting to store more than 38 significant digits in a Number");
  }
  return print(number);
}

// Both with the smaller exponent.
void align(Decimal& a, Decimal& b) {
  int exponent = std::min(a.exponent, b.exponent);
  for (auto* number : {&a, &b}) {
    number->mantissa *= power_of_ten(number->exponent - exponent);
    number->exponent = exponent;
  }
}

base::Result<std::string> combine(std::string_view a, std::string_view b, bool subtract) {
  auto left = parse(a).value_or(Decimal{});
  auto right = parse(b).value_or(Decimal{});
  align(left, right);
  Decimal sum{.mantissa = subtract ? Integer(left.mantissa - right.mantissa) : Integer(left.mantissa + right.mantissa),
              .exponent = left.exponent};
  strip_zeros(sum);
  return checked(sum);
}

}  // namespace

base::Result<std::string> normal_number(std::string_view text) {
  if (text.empty()) {
    return aws_error(400, "ValidationException", "The parameter cannot be converted to a numeric value");
  }
  auto number = parse(text);
  if (!number) {
    return aws_error(400, "ValidationException",
                     "The parameter cannot be converted to a numeric value: " + std::string(text));
  }
  return checked(*number);
}

int compare_numbers(std::string_view a, std::string_view b) {
  auto left = parse(a).value_or(Decimal{});
  auto right = parse(b).value_or(Decimal{});
  align(left, right);
  return left.mantissa.compare(right.mantissa);
}

base::Result<std::string> add_numbers(std::string_view a, std::string_view b) {
  return combine(a, b, false);
}

base::Result<std::string> subtract_numbers(std::string_view a, std::string_view b) {
  return combine(a, b, true);
}

}  // namespace localcloud

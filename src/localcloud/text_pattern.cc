#include "localcloud/text_pattern.h"

#include <boost/regex.hpp>
#include <stdexcept>
#include <string>

namespace localcloud {

namespace {

base::Result<boost::regex> compile(std::string_view pattern) {
  try {
    // Boost 1.81 looks one character beyond an escape at the pattern's end: there it finds this copy's NUL.
    return boost::regex(std::string(pattern));
  } catch (const boost::regex_error& error) {
    return base::fail(base::ErrorKind::invalid_input, error.what());
  }
}

}  // namespace

bool is_text_pattern(std::string_view pattern) {
  return compile(pattern).has_value();
}

base::Result<bool> matches_text_pattern(std::string_view pattern, std::string_view text) {
  TRY(auto compiled, compile(pattern));
  try {
    return boost::regex_match(text.begin(), text.end(), compiled, boost::regex_constants::match_not_dot_newline);
  } catch (const std::runtime_error& error) {
    return base::fail(base::ErrorKind::invalid_input, error.what());
  }
}

}  // namespace localcloud

// is_json_text() of lambda_service.h.
#include <boost/json/basic_parser_impl.hpp>

#include "localcloud/lambda/lambda_service.h"

namespace localcloud {

namespace {

// Ends by itself on the first error; keeps nothing.
struct NullHandler {
  using error_code = boost::system::error_code;
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t, error_code&) { return true; }
  bool on_object_begin(error_code&) { return true; }
  bool on_object_end(std::size_t, error_code&) { return true; }
  bool on_string_part(json::string_view, std::size_t, error_code&) { return true; }
  bool on_string(json::string_view, std::size_t, error_code&) { return true; }
  bool on_key_part(json::string_view, std::size_t, error_code&) { return true; }
  bool on_key(json::string_view, std::size_t, error_code&) { return true; }
  bool on_number_part(json::string_view, error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, error_code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, error_code&) { return true; }
  bool on_double(double, json::string_view, error_code&) { return true; }
  bool on_bool(bool, error_code&) { return true; }
  bool on_null(error_code&) { return true; }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }
};

}  // namespace

bool is_json_text(std::string_view text) {
  json::parse_options options;
  options.max_depth = 1000;
  json::basic_parser<NullHandler> parser(options);
  boost::system::error_code error;
  std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  return !error && parser.done() && text.find_first_not_of(" \t\r\n", read) == std::string_view::npos;
}

}  // namespace localcloud

#include "localcloud/sqs/message_check.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <map>

#include "base/ids.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "localcloud/http_text.h"
#include "localcloud/service.h"

namespace localcloud {

namespace {

tl::unexpected<base::Error> invalid(std::string message) {
  return aws_error(400, "InvalidParameterValue", std::move(message));
}

struct AttributeParts {
  std::string type;
  bool binary = false;
  std::string value;  // decoded
};

AttributeParts parts_of(const json::value& attribute) {
  AttributeParts parts{.type = codec::find_string(attribute, "DataType"), .value = {}};
  parts.binary = parts.type.starts_with("Binary");
  parts.value = codec::find_string(attribute, parts.binary ? "BinaryValue" : "StringValue");
  if (parts.binary) parts.value = codec::base64_decode(parts.value).value_or(std::string());
  return parts;
}

void append_sized(std::string& out, std::string_view text) {
  auto size = static_cast<std::uint32_t>(text.size());
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((size >> shift) & 0xff);
  out += text;
}

bool has_valid_characters(std::string_view text) {
  constexpr std::string_view kFFFE = "\xEF\xBF\xBE";
  constexpr std::string_view kFFFF = "\xEF\xBF\xBF";
  auto refused = [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r'; };
  return is_utf8(text) && std::none_of(text.begin(), text.end(), refused) &&
         text.find(kFFFE) == std::string_view::npos && text.find(kFFFF) == std::string_view::npos;
}

tl::unexpected<base::Error> invalid_characters() {
  return aws_error(400, "InvalidMessageContents",
                   "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 "
                   "to #xFFFD | #x10000 to #x10FFFF");
}

base::Result<> check_name(std::string_view name) {
  constexpr std::size_t kLongest = 256;
  bool fits = !name.empty() && name.size() <= kLongest && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
  });
  if (!fits) {
    return invalid(fmt::format(
        "The message attribute name '{}' is invalid. Attribute name can contain A-Z, a-z, 0-9, underscore (_), hyphen "
        "(-), and period (.) characters.",
        name));
  }
  if (name.starts_with('.') || name.ends_with('.') || name.find("..") != std::string_view::npos) {
    return invalid("Invalid message attribute name starting with character '.', ending with it or having it twice.");
  }
  auto lower = lower_case(name);
  if (lower.starts_with("aws.") || lower.starts_with("amazon.")) {
    return invalid("Message attribute names starting with 'AWS.' or 'Amazon.' are reserved for use by Amazon.");
  }
  return {};
}

bool is_number(const std::string& text) {
  char* end = nullptr;
  std::strtod(text.c_str(), &end);
  return !text.empty() && end == text.c_str() + text.size() && std::isspace(static_cast<unsigned char>(text[0])) == 0;
}

base::Result<> check_attribute(std::string_view name, const json::value& attribute) {
  TRY(check_name(name));
  for (const auto* list : {"StringListValues", "BinaryListValues"}) {
    const auto* values = codec::find(attribute, list);
    if (values == nullptr || values->is_null() || (values->is_array() && values->get_array().empty())) continue;
    return aws_error(400, "AWS.SimpleQueueService.UnsupportedOperation",
                     "Message attribute list values in SendMessage operation are not supported.");
  }
  auto parts = parts_of(attribute);
  if (parts.type.empty()) {
    return invalid(fmt::format("The message attribute '{}' must contain a non-empty message attribute type.", name));
  }
  auto kind = parts.type.substr(0, parts.type.find('.'));
  if (kind != "String" && kind != "Number" && kind != "Binary") {
    return invalid(
        fmt::format("The message attribute '{}' has an invalid message attribute type, the set of supported "
                    "type prefixes is Binary, Number, and String.",
                    name));
  }
  if (parts.value.empty()) {
    return invalid(
        fmt::format("Message (user) attribute '{}' must contain a non-empty value of type '{}'.", name, kind));
  }
  if (kind == "Number" && !is_number(parts.value)) {
    return invalid(fmt::format("Can't cast the value of message (user) attribute '{}' to a number.", name));
  }
  if (!parts.binary && !has_valid_characters(parts.value)) return invalid_characters();
  return {};
}

bool wanted(std::string_view name, std::string_view pattern) {
  if (pattern == "All" || pattern == ".*" || pattern == name) return true;
  return pattern.ends_with(".*") && name.starts_with(pattern.substr(0, pattern.size() - 2));
}

}  // namespace

std::string md5_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_md5(), nullptr);
  return base::to_hex({digest.data(), size});
}

std::string md5_of_attributes(const json::object& attributes) {
  if (attributes.empty()) return {};
  std::map<std::string_view, const json::value*> sorted;
  for (const auto& member : attributes) sorted.emplace(member.key(), &member.value());
  constexpr char kString = 1;
  constexpr char kBinary = 2;
  std::string bytes;
  for (const auto& [name, attribute] : sorted) {
    auto parts = parts_of(*attribute);
    append_sized(bytes, name);
    append_sized(bytes, parts.type);
    bytes += parts.binary ? kBinary : kString;
    append_sized(bytes, parts.value);
  }
  return md5_hex(bytes);
}

std::size_t message_size(std::string_view body, const json::object& attributes) {
  auto size = body.size();
  for (const auto& member : attributes) {
    auto parts = parts_of(member.value());
    size += member.key().size() + parts.type.size() + parts.value.size();
  }
  return size;
}

base::Result<> check_body(std::string_view body) {
  if (body.empty()) {
    return aws_error(400, "MissingParameter", "The request must contain the parameter MessageBody.");
  }
  if (!has_valid_characters(body)) return invalid_characters();
  return {};
}

base::Result<> check_message_attributes(const json::object& attributes) {
  constexpr std::size_t kMost = 10;
  if (attributes.size() > kMost) {
    return invalid(
        fmt::format("Number of message attributes [{}] exceeds the allowed maximum [{}].", attributes.size(), kMost));
  }
  for (const auto& member : attributes) TRY(check_attribute(member.key(), member.value()));
  return {};
}

json::object select_attributes(const json::object& attributes, const std::vector<std::string>& names) {
  json::object selected;
  for (const auto& member : attributes) {
    bool any = std::any_of(names.begin(), names.end(), [&](const auto& one) { return wanted(member.key(), one); });
    if (any) selected.emplace(member.key(), member.value());
  }
  return selected;
}

}  // namespace localcloud

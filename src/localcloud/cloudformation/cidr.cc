#include "localcloud/cloudformation/cidr.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>

#include "localcloud/cloudformation/template.h"

namespace localcloud {
namespace {

base::Result<std::uint32_t> number(std::string_view text, std::uint32_t most) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > most) {
    return validation_error(fmt::format("Template error: Fn::Cidr cannot use '{}'", text));
  }
  return value;
}

base::Result<std::uint32_t> address_of(std::string_view text) {
  std::uint32_t address = 0;
  for (int i = 0; i < 4; ++i) {
    const auto dot = text.find('.');
    if ((dot == std::string_view::npos) != (i == 3)) {
      return validation_error("Template error: Fn::Cidr needs a valid CIDR block as its first parameter");
    }
    TRY(const auto part, number(text.substr(0, dot), 255));
    address = (address << 8U) | part;
    if (i < 3) text.remove_prefix(dot + 1);
  }
  return address;
}

}  // namespace

base::Result<std::vector<std::string>> cidr_blocks(std::string_view block, std::string_view count,
                                                   std::string_view bits) {
  const auto slash = block.find('/');
  if (block.find(':') != std::string_view::npos) {
    return validation_error("Fn::Cidr for IPv6 is not implemented by the local cloud");
  }
  if (slash == std::string_view::npos) {
    return validation_error("Template error: Fn::Cidr needs a valid CIDR block as its first parameter");
  }
  TRY(const auto first, address_of(block.substr(0, slash)));
  TRY(const auto prefix, number(block.substr(slash + 1), 32));
  TRY(const auto wanted, number(count, 256));
  TRY(const auto host_bits, number(bits, 32));
  const std::uint64_t size = std::uint64_t{1} << host_bits;
  if (host_bits > 32 - prefix || wanted * size > (std::uint64_t{1} << (32 - prefix))) {
    return validation_error(
        fmt::format("Template error: Fn::Cidr cannot make {} blocks of {} bits in {}", wanted, host_bits, block));
  }
  std::vector<std::string> result;
  for (std::uint64_t i = 0; i < wanted; ++i) {
    const std::uint64_t at = first + i * size;
    result.push_back(fmt::format("{}.{}.{}.{}/{}", (at >> 24U) & 255U, (at >> 16U) & 255U, (at >> 8U) & 255U, at & 255U,
                                 32 - host_bits));
  }
  return result;
}

}  // namespace localcloud

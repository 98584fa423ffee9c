#include "localcloud/resource_type.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace localcloud {

const std::set<std::string_view>& ResourceType::accepted() const {
  static const std::set<std::string_view> kNone;
  return kNone;
}

std::string generated_name(std::string_view stack_name, std::string_view logical_id, std::size_t max) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  constexpr std::size_t kRandom = 12;
  std::string suffix;
  for (auto byte : base::random_bytes<kRandom>()) suffix += kAlphabet[byte % kAlphabet.size()];
  // What is left for the two names is shared evenly; a short one leaves its part to the other.
  std::size_t room = max > kRandom + 2 ? max - kRandom - 2 : 0;
  std::size_t stack_part = std::min(stack_name.size(), std::max(room / 2, room - std::min(room, logical_id.size())));
  std::size_t logical_part = std::min(logical_id.size(), room - stack_part);
  std::string name(stack_name.substr(0, stack_part));
  name += '-';
  name += logical_id.substr(0, logical_part);
  return name + '-' + suffix;
}

}  // namespace localcloud

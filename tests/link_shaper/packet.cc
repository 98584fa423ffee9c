#include "packet.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <optional>

namespace link_shaper {
namespace {

constexpr std::size_t kIpHeader = 20;
constexpr std::size_t kIpChecksum = 10;
constexpr std::size_t kSource = 12;
constexpr std::size_t kDestination = 16;

unsigned byte_at(const std::string& packet, std::size_t at) {
  return static_cast<unsigned char>(packet[at]);
}

unsigned read16(const std::string& packet, std::size_t at) {
  return byte_at(packet, at) << 8 | byte_at(packet, at + 1);
}

void write16(std::string& packet, std::size_t at, unsigned value) {
  packet[at] = static_cast<char>(value >> 8);
  packet[at + 1] = static_cast<char>(value);
}

// The length of the IPv4 header; 0 if this is none.
std::size_t ip_header(const std::string& packet) {
  if (packet.size() < kIpHeader || byte_at(packet, 0) >> 4 != 4) return 0;
  std::size_t length = (byte_at(packet, 0) & 15) * 4;
  return length >= kIpHeader && length <= packet.size() ? length : 0;
}

bool is_first_fragment(const std::string& packet) {
  return (read16(packet, 6) & 0x1fff) == 0;
}

// Where TCP's or UDP's checksum stands, which covers the addresses too.
std::optional<std::size_t> transport_checksum(const std::string& packet) {
  std::size_t begin = ip_header(packet);
  if (!is_first_fragment(packet)) return std::nullopt;
  std::size_t at = 0;
  if (byte_at(packet, 9) == IPPROTO_TCP) at = begin + 16;
  if (byte_at(packet, 9) == IPPROTO_UDP) at = begin + 6;
  if (at == 0 || at + 2 > packet.size()) return std::nullopt;
  if (byte_at(packet, 9) == IPPROTO_UDP && read16(packet, at) == 0) return std::nullopt;  // has none
  return at;
}

void correct(std::string& packet, std::size_t checksum, unsigned old_word, unsigned new_word) {
  unsigned sum = (~read16(packet, checksum) & 0xffff) + (~old_word & 0xffff) + new_word;
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  write16(packet, checksum, ~sum & 0xffff);
}

void replace_address(std::string& packet, std::size_t at, Ipv4 by) {
  auto transport = transport_checksum(packet);
  for (std::size_t half : {0u, 2u}) {
    unsigned old_word = read16(packet, at + half);
    unsigned new_word = (by >> (half == 0 ? 16 : 0)) & 0xffff;
    correct(packet, kIpChecksum, old_word, new_word);
    if (transport) correct(packet, *transport, old_word, new_word);
    write16(packet, at + half, new_word);
  }
}

}  // namespace

base::Result<Ipv4> parse_ipv4(const std::string& text) {
  in_addr address{};
  if (inet_pton(AF_INET, text.c_str(), &address) != 1) {
    return base::fail(base::ErrorKind::usage, fmt::format("'{}' is no IPv4 address", text));
  }
  return ntohl(address.s_addr);
}

void rename_addresses(std::string& packet, const std::vector<Renaming>& renamings, Way way) {
  if (ip_header(packet) == 0) return;
  for (std::size_t at : {kSource, kDestination}) {
    Ipv4 address = read16(packet, at) << 16 | read16(packet, at + 2);
    for (const Renaming& renaming : renamings) {
      auto [from, to] = way == Way::into_host ? std::pair(renaming.elsewhere, renaming.here)
                                              : std::pair(renaming.here, renaming.elsewhere);
      if (address != from) continue;
      replace_address(packet, at, to);
      break;
    }
  }
}

bool carries_data(const std::string& packet) {
  std::size_t begin = ip_header(packet);
  if (begin == 0 || byte_at(packet, 9) != IPPROTO_TCP || !is_first_fragment(packet)) return false;
  if (packet.size() < begin + 20) return false;
  return packet.size() > begin + (byte_at(packet, begin + 12) >> 4) * 4;
}

}  // namespace link_shaper

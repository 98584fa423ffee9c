// What the shaper reads and writes in IPv4 packets. Anything else than IPv4, TCP and UDP passes as it is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace link_shaper {

using Ipv4 = std::uint32_t;  // host byte order

base::Result<Ipv4> parse_ipv4(const std::string& text);

// An address that one end of the link knows under another name: a program that listens on 127.0.0.1 alone is reached
// so.
struct Renaming {
  Ipv4 elsewhere = 0;
  Ipv4 here = 0;
};

enum class Way { into_host, out_of_host };

// Replaces source and destination by these renamings, and corrects the checksums (RFC 1624).
void rename_addresses(std::string& packet, const std::vector<Renaming>& renamings, Way way);

// A TCP segment with bytes in it, that is not merely an acknowledgement.
bool carries_data(const std::string& packet);

}  // namespace link_shaper

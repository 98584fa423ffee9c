#include "localcloud/s3/checksum.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <span>
#include <utility>

#include "base/ids.h"
#include "codec/base64.h"
#include "localcloud/http_text.h"
#include "localcloud/service.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

constexpr std::array kAlgorithms{ChecksumAlgorithm::crc32, ChecksumAlgorithm::crc32c, ChecksumAlgorithm::crc64nvme,
                                 ChecksumAlgorithm::sha1, ChecksumAlgorithm::sha256};

// Algorithms that S3 has and that are not here.
constexpr std::array<std::string_view, 5> kNotHere{"MD5", "SHA512", "XXHASH3", "XXHASH64", "XXHASH128"};

// A reflected cyclic redundancy check, one byte at a time; all bits set before, inverted after.
template <typename Word>
constexpr std::array<Word, 256> crc_table(Word reflected_polynomial) {
  std::array<Word, 256> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    Word crc = static_cast<Word>(i);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? (crc >> 1U) ^ reflected_polynomial : crc >> 1U;
    table[i] = crc;
  }
  return table;
}

template <typename Word>
Word crc_of(const std::array<Word, 256>& table, std::string_view bytes) {
  Word crc = ~Word(0);
  for (char c : bytes) crc = table[(crc ^ static_cast<unsigned char>(c)) & 0xFFU] ^ (crc >> 8U);
  return ~crc;
}

template <typename Word>
std::string big_endian(Word value) {
  std::string bytes(sizeof(Word), '\0');
  for (auto at = bytes.rbegin(); at != bytes.rend(); ++at) {
    *at = static_cast<char>(value & 0xFFU);
    value = static_cast<Word>(value >> 8U);
  }
  return bytes;
}

std::string digest(const EVP_MD* kind, std::string_view bytes) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> made{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), made.data(), &size, kind, nullptr);
  return std::string(reinterpret_cast<const char*>(made.data()), size);
}

tl::unexpected<base::Error> incomplete() {
  return aws_error(400, "IncompleteBody", "The request body terminated unexpectedly");
}

struct Unframed {
  std::string content;
  net::Headers trailers;
};

base::Result<Unframed> unframe(const net::Request& request) {
  Unframed plain;
  std::string_view rest = request.body;
  for (;;) {
    auto line_end = rest.find("\r\n");
    if (line_end == std::string_view::npos) return incomplete();
    auto line = rest.substr(0, line_end);
    line = line.substr(0, line.find(';'));  // chunk extensions
    std::size_t size = 0;
    auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
    if (error != std::errc() || end != line.data() + line.size() || line.empty()) return incomplete();
    rest.remove_prefix(line_end + 2);
    if (size == 0) break;  // trailers follow
    if (size > rest.size() || rest.size() - size < 2 || rest.substr(size, 2) != "\r\n") return incomplete();
    plain.content += rest.substr(0, size);
    rest.remove_prefix(size + 2);
  }
  while (!rest.empty() && !rest.starts_with("\r\n")) {
    auto line = rest.substr(0, rest.find("\r\n"));
    auto colon = line.find(':');
    if (colon == std::string_view::npos) return incomplete();
    auto value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    plain.trailers.add(std::string(line.substr(0, colon)), std::string(value));
    rest.remove_prefix(std::min(rest.size(), line.size() + 2));
  }
  for (const auto& name : comma_list(request.headers.get_or("X-Amz-Trailer", ""))) {
    if (plain.trailers.has(name)) continue;
    return aws_error(400, "MalformedTrailerError",
                     "The request contained trailing data that was not well-formed or did not conform to our published "
                     "schema.");
  }
  auto declared = request.headers.get("X-Amz-Decoded-Content-Length");
  if (declared && *declared != std::to_string(plain.content.size())) return incomplete();
  return plain;
}

base::Result<> check_md5(const net::Request& request, std::string_view body) {
  auto given = request.headers.get("Content-MD5");
  if (!given) return {};
  auto decoded = codec::base64_decode(*given);
  constexpr std::size_t kSize = 16;
  if (!decoded || decoded->size() != kSize) {
    return aws_error(400, "InvalidDigest", "The Content-MD5 you specified was invalid.");
  }
  if (*decoded == md5_of(body)) return {};
  return aws_error(400, "BadDigest", "The Content-MD5 you specified did not match what we received.");
}

// An SDK says which checksum it sends ("Checking object integrity").
base::Result<> check_sdk_algorithm(const net::Request& request, const ReceivedBody& received) {
  auto said = request.headers.get("x-amz-sdk-checksum-algorithm");
  if (!said || request.headers.has("Content-MD5")) return {};
  if (!received.given) {
    return aws_error(400, "InvalidRequest",
                     "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer "
                     "headers were found.");
  }
  if (checksum_algorithm(*said) == received.checksum.algorithm) return {};
  return aws_error(400, "InvalidRequest", "Value for x-amz-sdk-checksum-algorithm header is invalid.");
}

}  // namespace

std::string_view checksum_name(ChecksumAlgorithm algorithm) {
  switch (algorithm) {
    case ChecksumAlgorithm::crc32:
      return "CRC32";
    case ChecksumAlgorithm::crc32c:
      return "CRC32C";
    case ChecksumAlgorithm::crc64nvme:
      return "CRC64NVME";
    case ChecksumAlgorithm::sha1:
      return "SHA1";
    case ChecksumAlgorithm::sha256:
      return "SHA256";
  }
  return {};
}

std::string checksum_header(ChecksumAlgorithm algorithm) {
  return "x-amz-checksum-" + lower_case(checksum_name(algorithm));
}

std::string checksum_element(ChecksumAlgorithm algorithm) {
  return fmt::format("Checksum{}", checksum_name(algorithm));
}

std::optional<ChecksumAlgorithm> checksum_algorithm(std::string_view name) {
  for (auto one : kAlgorithms) {
    if (lower_case(name) == lower_case(checksum_name(one))) return one;
  }
  return std::nullopt;
}

base::Result<std::optional<ChecksumAlgorithm>> wanted_algorithm(const net::Headers& headers) {
  auto name = headers.get("x-amz-checksum-algorithm");
  if (!name) return std::optional<ChecksumAlgorithm>();
  if (auto algorithm = checksum_algorithm(*name)) return algorithm;
  if (std::find(kNotHere.begin(), kNotHere.end(), *name) != kNotHere.end()) {
    return base::fail(not_implemented("s3", fmt::format("the checksum algorithm {}", *name)));
  }
  return aws_error(400, "InvalidRequest",
                   "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
                   "[CRC32, CRC32C, SHA1, SHA256, CRC64NVME]");
}

std::string checksum_of(ChecksumAlgorithm algorithm, std::string_view bytes) {
  static constexpr auto kCastagnoli = crc_table<std::uint32_t>(0x82F63B78U);
  static constexpr auto kNvme = crc_table<std::uint64_t>(0x9A6C9329AC4BC9B5ULL);
  switch (algorithm) {
    case ChecksumAlgorithm::crc32:
      return big_endian(static_cast<std::uint32_t>(
          crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<z_size_t>(bytes.size()))));
    case ChecksumAlgorithm::crc32c:
      return big_endian(crc_of(kCastagnoli, bytes));
    case ChecksumAlgorithm::crc64nvme:
      return big_endian(crc_of(kNvme, bytes));
    case ChecksumAlgorithm::sha1:
      return digest(EVP_sha1(), bytes);
    case ChecksumAlgorithm::sha256:
      return digest(EVP_sha256(), bytes);
  }
  return {};
}

std::string md5_of(std::string_view bytes) {
  return digest(EVP_md5(), bytes);
}

std::string hex_of(std::string_view bytes) {
  return base::to_hex(std::span(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
}

base::Result<ReceivedBody> receive_body(const net::Request& request) {
  auto hash = request.headers.get_or("X-Amz-Content-Sha256", "");
  bool chunked = request.headers.get_or("Content-Encoding", "").find("aws-chunked") != std::string::npos;
  Unframed plain{.content = {}, .trailers = {}};
  if (chunked || hash.starts_with("STREAMING-")) {
    TRY(plain, unframe(request));
  } else {
    plain.content = request.body;
  }
  TRY(check_md5(request, plain.content));
  for (auto name : kNotHere) {
    auto header = "x-amz-checksum-" + lower_case(name);
    if (!request.headers.has(header) && !plain.trailers.has(header)) continue;
    return base::fail(not_implemented("s3", "a body with " + header));
  }
  ReceivedBody received;
  for (auto algorithm : kAlgorithms) {
    auto header = checksum_header(algorithm);
    auto given = request.headers.get(header);
    if (!given) given = plain.trailers.get(header);
    if (!given) continue;
    auto decoded = codec::base64_decode(*given);
    auto computed = checksum_of(algorithm, plain.content);
    if (!decoded || decoded->size() != computed.size()) {
      return aws_error(400, "InvalidRequest", fmt::format("Value for {} header is invalid.", header));
    }
    if (*decoded != computed) {
      return aws_error(
          400, "BadDigest",
          fmt::format("The {} you specified did not match the calculated checksum.", checksum_name(algorithm)));
    }
    if (received.given) {
      return aws_error(400, "InvalidRequest",
                       "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
    }
    received.checksum = {.algorithm = algorithm, .value = std::string(*given)};
    received.given = true;
  }
  TRY(check_sdk_algorithm(request, received));
  if (!received.given) {
    received.checksum.value = codec::base64_encode(checksum_of(ChecksumAlgorithm::crc64nvme, plain.content));
  }
  received.content = std::move(plain.content);
  return received;
}

}  // namespace localcloud

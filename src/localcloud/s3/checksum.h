// The checksums of S3's objects ("Checking object integrity", S3 user guide), and the framing of bodies that carry them
// as trailers. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/http.h"

namespace localcloud {

enum class ChecksumAlgorithm { crc32, crc32c, crc64nvme, sha1, sha256 };

struct Checksum {
  ChecksumAlgorithm algorithm = ChecksumAlgorithm::crc64nvme;
  std::string value;       // base64; of a composite one with "-N"
  bool composite = false;  // of the checksums of the parts, not of the whole
};

// "CRC32", "x-amz-checksum-crc32", "ChecksumCRC32": an algorithm's name, its header and its XML element.
std::string_view checksum_name(ChecksumAlgorithm algorithm);
std::string checksum_header(ChecksumAlgorithm algorithm);
std::string checksum_element(ChecksumAlgorithm algorithm);
std::optional<ChecksumAlgorithm> checksum_algorithm(std::string_view name);

// What x-amz-checksum-algorithm names; nullopt if it is not there. Errors: InvalidRequest 400; 501 for algorithms of S3
// that are not here.
base::Result<std::optional<ChecksumAlgorithm>> wanted_algorithm(const net::Headers& headers);

// The raw bytes, most significant first.
std::string checksum_of(ChecksumAlgorithm algorithm, std::string_view bytes);

std::string md5_of(std::string_view bytes);  // raw
std::string hex_of(std::string_view bytes);

// A body without its aws-chunked framing, and its checksum: what the client sent and matched, else CRC64NVME as S3
// computes it. Errors: IncompleteBody, BadDigest, InvalidRequest, InvalidDigest, MalformedTrailerError 400; 501 for
// checksums that are not here.
struct ReceivedBody {
  std::string content;
  Checksum checksum;
  bool given = false;  // by the client
};
base::Result<ReceivedBody> receive_body(const net::Request& request);

}  // namespace localcloud

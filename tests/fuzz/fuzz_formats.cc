// Small formats whose bytes come from others: archives, XML, the files and answers of AWS's tools, signatures, URLs.
// The first byte says which.
#include "aws/config_file.h"
#include "aws/times.h"
#include "aws/xml.h"
#include "bridge/plain_text.h"
#include "codec/base64.h"
#include "codec/gzip.h"
#include "codec/zip.h"
#include "codec/zstd.h"
#include "fuzz.h"
#include "localcloud/iam/signature.h"
#include "localcloud/s3/xml_tree.h"
#include "net/proxy.h"
#include "net/url.h"

namespace {

using fuzz::require;

constexpr std::size_t kMost = 1'000'000;

void fuzz_base64(std::string_view text) {
  auto bytes = codec::base64_decode(text);
  // Bits that no byte takes up may have any value (RFC 4648 §3.5).
  if (bytes) require(codec::base64_encode(*bytes).size() == text.size(), "base64 is as long as it was");
  auto back = codec::base64_decode(codec::base64_encode(text));
  require(back && *back == text, "base64 is read as it was written");
}

void fuzz_zip(std::string_view archive) {
  auto entries = codec::read_zip(archive, kMost);
  if (!entries) return;
  std::size_t total = 0;
  for (const codec::ZipEntry& entry : *entries) {
    total += entry.content.size();
    require(!entry.name.starts_with('/') && ("/" + entry.name + "/").find("/../") == std::string::npos,
            "no entry climbs out of its folder");
    require(entry.name.find('\0') == std::string::npos, "no entry's name ends before its end");
  }
  require(total <= kMost, "an archive is bounded");
  auto again = codec::read_zip(codec::make_zip(*entries), kMost);
  require(again && again->size() == entries->size(), "an archive is read as it was written");
  for (std::size_t at = 0; at < entries->size(); ++at) {
    require((*again)[at].name == (*entries)[at].name && (*again)[at].content == (*entries)[at].content,
            "an entry is read as it was written");
  }
}

void fuzz_zstd(std::string_view bytes) {
  auto plain = codec::zstd_decompress(bytes, kMost);
  if (plain) require(plain->size() <= kMost, "zstd is bounded");
  auto back = codec::zstd_decompress(codec::zstd_compress(bytes), bytes.size());
  require(back && *back == bytes, "zstd is read as it was written");
  require(!codec::gzip(bytes).empty(), "gzip writes something");
}

void fuzz_xml(std::string_view text) {
  auto answer = aws::parse_xml(text);
  if (answer) answer->members("member");
  auto tree = localcloud::parse_xml(text);
  if (!tree) return;
  localcloud::XmlWriter writer;
  localcloud::write_xml(writer, *tree);
  const std::string written = writer.take();
  auto again = localcloud::parse_xml(written);
  require(again.has_value(), "XML can be read as it was written");
  localcloud::XmlWriter rewriter;
  localcloud::write_xml(rewriter, *again);
  require(rewriter.take() == written, "XML is read as it was written");
}

void fuzz_config(std::string_view text) {
  aws::parse_config_file(text);
  aws::parse_credentials_file(text);
  aws::parse_nested(text);
}

void fuzz_url(std::string_view text) {
  require(net::percent_decode(net::percent_encode(text)) == text, "percent-encoding is read as it was written");
  net::percent_decode(text);
  net::proxies_from_environment({{"HTTPS_PROXY", std::string(text)}, {"NO_PROXY", std::string(text)}});
  auto url = net::parse_url(text);
  if (!url) return;
  require(!url->host.empty() && url->target.starts_with('/'), "a URL has a host and a target");
  auto again = net::parse_url(url->to_string());
  require(again && again->to_string() == url->to_string(), "a URL is read as it was written");
}

void fuzz_date(std::string_view text) {
  aws::parse_http_date(text);
  auto date = aws::parse_iso_date(text);
  if (!date) return;
  auto again = aws::parse_iso_date(aws::iso_date(*date));
  require(again && aws::iso_date(*again) == aws::iso_date(*date), "a date is read as it was written");
}

// `lines`: the target; the Authorization header; a header more.
void fuzz_signature(fuzz::Input lines) {
  net::Request request{.method = "POST", .target = "/" + std::string(lines.line()), .headers = {}, .body = "body"};
  request.headers = {{"Host", "localhost"}, {"X-Amz-Date", "20260102T030405Z"}};
  if (auto header = lines.line(); !header.empty()) request.headers.add("Authorization", std::string(header));
  request.headers.add("X-Amz-More", std::string(lines.rest()));
  auto claimed = localcloud::parse_signature(request);
  if (!claimed) return;
  for (bool s3 : {true, false}) {
    const localcloud::SignatureRules rules{.s3_path = s3, .normalize_path = !s3};
    auto verified = localcloud::verify_signature(request, "localhost", *claimed, "secret", "UNSIGNED-PAYLOAD", rules,
                                                 base::FakeClock().wall_now());
    require(!verified, "nobody can sign without the secret");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  switch (input.byte()) {
    case 'b':
      fuzz_base64(input.rest());
      break;
    case 'z':
      fuzz_zip(input.rest());
      break;
    case 's':
      fuzz_zstd(input.rest());
      break;
    case 'x':
      fuzz_xml(input.rest());
      break;
    case 'c':
      fuzz_config(input.rest());
      break;
    case 'u':
      fuzz_url(input.rest());
      break;
    case 'd':
      fuzz_date(input.rest());
      break;
    case 'a':
      fuzz_signature(input);
      break;
    case 't':
      bridge::classify_text(input.rest());
      break;
    default:
      break;
  }
  return 0;
}

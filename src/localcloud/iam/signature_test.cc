#include "localcloud/iam/signature.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "codec/json.h"
#include "localcloud/iam/iam.h"
#include "localcloud/testing/test_cloud.h"

namespace localcloud {
namespace {

namespace fs = std::filesystem;

const fs::path kVectors = "../shared/vectors/v4";
constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// A vector's request file: the request line, whose target may hold spaces, headers that may be folded, a body.
net::Request parse_request(const std::string& text) {
  net::Request request;
  auto head_end = text.find("\n\n");
  if (head_end != std::string::npos) request.body = text.substr(head_end + 2);
  std::istringstream lines(text.substr(0, head_end));
  std::string line;
  std::getline(lines, line);
  auto first = line.find(' ');
  auto last = line.rfind(' ');
  request.method = line.substr(0, first);
  request.target = line.substr(first + 1, last - first - 1);
  std::vector<std::pair<std::string, std::string>> fields;
  while (std::getline(lines, line)) {
    if (line.empty()) continue;
    if (line.front() == ' ' && !fields.empty()) {
      fields.back().second += " " + line;
      continue;
    }
    auto colon = line.find(':');
    fields.emplace_back(line.substr(0, colon), line.substr(colon + 1));
  }
  for (auto& [name, value] : fields) request.headers.add(name, value);
  return request;
}

base::WallTime at(int year, unsigned month, unsigned day, int hour, int minute, int second) {
  auto date = std::chrono::sys_days(std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day));
  return date + std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
}

TEST(Signature, VerifiesEveryPublishedVector) {
  if (!fs::exists(kVectors)) GTEST_SKIP() << "SKIPPED JUDGE: SigV4 vectors (../shared/vectors/v4 is absent)";
  auto now = at(2015, 8, 30, 12, 36, 0);
  int cases = 0;
  for (const auto& folder : fs::directory_iterator(kVectors)) {
    auto context = parse(read(folder.path() / "context.json"));
    for (std::string form : {"header", "query"}) {
      SCOPED_TRACE(folder.path().filename().string() + " " + form);
      auto request = parse_request(read(folder.path() / (form + "-signed-request.txt")));
      auto claimed = parse_signature(request);
      ASSERT_TRUE(claimed.has_value()) << claimed.error().message;
      const auto* omit = codec::find(context, "omit_session_token");
      SignatureRules rules{.s3_path = false,
                           .normalize_path = codec::find(context, "normalize")->get_bool(),
                           .token_unsigned = omit != nullptr && omit->get_bool()};
      auto canonical = read(folder.path() / (form + "-canonical-request.txt"));
      auto hash = canonical.substr(canonical.rfind('\n') + 1);
      auto host = request.headers.get_or("Host", "");
      EXPECT_EQ(canonical_request(request, host, *claimed, hash, rules), canonical);
      auto verified = verify_signature(request, host, *claimed, kSecret, hash, rules, now);
      EXPECT_TRUE(verified.has_value()) << verified.error().message;
      // The same with one character of the secret changed.
      EXPECT_FALSE(verify_signature(request, host, *claimed, "x", hash, rules, now).has_value());
      ++cases;
    }
  }
  EXPECT_EQ(cases, 76);
}

// aws-facts §1: the three vectors of execute-api.
TEST(Signature, EncodesThePathOfExecuteApiOnceMoreThanTheWire) {
  struct Vector {
    const char* target;
    const char* signature;
  };
  for (const auto& one : {Vector{"/live/%40connections/R0oXAdfD0kwCH6w%3D",
                                 "1821226bc0b1d47c1ad445bacb22669b8151312839370bd9874136ad50dc89af"},
                          Vector{"/live/@connections/R0oXAdfD0kwCH6w=",
                                 "db37fe59b93afeed27a1ffd1930659950c011d0687ba5003b76dc0f8a6d14ba0"}}) {
    net::Request request{.method = "POST", .target = one.target, .headers = {}, .body = R"({"hello":"world"})"};
    request.headers.add("X-Amz-Date", "20260102T030405Z");
    request.headers.add("X-Amz-Security-Token", "TOKEN/EXAMPLE+==");
    request.headers.add(
        "Authorization",
        std::string("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/execute-api/aws4_request, "
                    "SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=") +
            one.signature);
    auto claimed = parse_signature(request);
    ASSERT_TRUE(claimed.has_value());
    auto verified = verify_signature(request, "abc123.execute-api.us-east-1.amazonaws.com", *claimed, kSecret,
                                     sha256_hex(request.body), {}, at(2026, 1, 2, 3, 4, 5));
    EXPECT_TRUE(verified.has_value()) << one.target;
    EXPECT_EQ(claimed->session_token, "TOKEN/EXAMPLE+==");
  }
}

net::Request presigned_live() {
  net::Request request;
  request.target =
      "/live?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-east-1%2Fexecute-api%2F"
      "aws4_request&X-Amz-Date=20260102T030405Z&X-Amz-Expires=300&X-Amz-Security-Token=TOKEN%2FEXAMPLE%2B%3D%3D&"
      "X-Amz-SignedHeaders=host&X-Amz-Signature=9b5b2e8f90a3fed2b33bde268e5d4816369c24bec75b5dc3b2b5e554017a31f8";
  return request;
}

TEST(Signature, VerifiesAPresignedUpgrade) {
  auto request = presigned_live();
  auto claimed = parse_signature(request);
  ASSERT_TRUE(claimed.has_value());
  auto verify = [&](base::WallTime now) {
    auto verified = verify_signature(request, "abc123.execute-api.us-east-1.amazonaws.com", *claimed, kSecret,
                                     sha256_hex(""), {}, now);
    return verified ? std::string("ok") : verified.error().code;
  };
  EXPECT_EQ(verify(at(2026, 1, 2, 3, 4, 5)), "ok");
  EXPECT_EQ(verify(at(2026, 1, 2, 3, 9, 5)), "ok");
  EXPECT_EQ(verify(at(2026, 1, 2, 3, 9, 6)), "RequestExpired");
  EXPECT_EQ(verify(at(2026, 1, 2, 2, 59, 4)), "SignatureDoesNotMatch");
}

TEST(Signature, IsGoodForFiveMinutes) {
  net::Request request;
  request.headers.add("X-Amz-Date", "20260102T030405Z");
  ClaimedSignature claimed{.access_key_id = "AK",
                           .date = "20260102",
                           .region = "r",
                           .service = "sns",
                           .time = "20260102T030405Z",
                           .signed_headers = {"host", "x-amz-date"}};
  auto hash = sha256_hex("");
  claimed.signature =
      compute_signature(kSecret, claimed, string_to_sign(claimed, canonical_request(request, "h", claimed, hash, {})));
  auto verified = [&](base::WallTime now) {
    return verify_signature(request, "h", claimed, kSecret, hash, {}, now).has_value();
  };
  EXPECT_TRUE(verified(at(2026, 1, 2, 3, 9, 5)));
  EXPECT_FALSE(verified(at(2026, 1, 2, 3, 9, 6)));
  EXPECT_TRUE(verified(at(2026, 1, 2, 2, 59, 5)));
  EXPECT_FALSE(verified(at(2026, 1, 2, 2, 59, 4)));
  request.body = "changed";
  EXPECT_FALSE(verify_signature(request, "h", claimed, kSecret, sha256_hex(request.body), {}, at(2026, 1, 2, 3, 4, 5)));
  EXPECT_FALSE(verify_signature(request, "other", claimed, kSecret, hash, {}, at(2026, 1, 2, 3, 4, 5)));
}

// --- check_signature: the rules of the services

net::Request signed_request(const Iam& iam, std::string service, std::string hash, std::string body) {
  auto seconds = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  auto text = fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)));
  const auto& key = iam.root_credentials();
  net::Request request{.method = "PUT", .target = "/bucket/a%20b", .headers = {}, .body = std::move(body)};
  request.headers.add("X-Amz-Date", text);
  request.headers.add("X-Amz-Content-Sha256", hash);
  ClaimedSignature claimed{.access_key_id = key.access_key_id,
                           .date = text.substr(0, 8),
                           .region = "us-east-1",
                           .service = service,
                           .time = text,
                           .signed_headers = {"host", "x-amz-content-sha256", "x-amz-date"}};
  SignatureRules rules{.s3_path = service == "s3", .normalize_path = service != "s3"};
  auto signature = compute_signature(key.secret_access_key, claimed,
                                     string_to_sign(claimed, canonical_request(request, "h", claimed, hash, rules)));
  request.headers.add("Authorization",
                      fmt::format("AWS4-HMAC-SHA256 Credential={}/{}/us-east-1/{}/aws4_request,SignedHeaders=host;"
                                  "x-amz-content-sha256;x-amz-date,Signature={}",
                                  key.access_key_id, claimed.date, service, signature));
  return request;
}

std::string outcome(const base::Result<VerifiedCaller>& result) {
  return result ? result->service : result.error().code;
}

TEST(CheckSignature, TakesAnUnsignedPayloadFromS3Alone) {
  TestCloud test;
  EXPECT_EQ(outcome(check_signature(*test.iam, signed_request(*test.iam, "s3", "UNSIGNED-PAYLOAD", "x"), "h")), "s3");
  EXPECT_EQ(outcome(check_signature(*test.iam, signed_request(*test.iam, "lambda", "UNSIGNED-PAYLOAD", "x"), "h")),
            "InvalidSignatureException");
  EXPECT_EQ(outcome(check_signature(*test.iam, signed_request(*test.iam, "s3", sha256_hex("x"), "x"), "h")), "s3");
  EXPECT_EQ(outcome(check_signature(*test.iam, signed_request(*test.iam, "s3", sha256_hex("y"), "x"), "h")),
            "XAmzContentSHA256Mismatch");
}

TEST(CheckSignature, NamesItsErrorsAsEachServiceDoes) {
  TestCloud test;
  net::Request unsigned_request;
  EXPECT_EQ(outcome(check_signature(*test.iam, unsigned_request, "h")), "MissingAuthenticationToken");
  net::Request version_two;
  version_two.target = "/bucket/key?AWSAccessKeyId=AK&Signature=x&Expires=1";
  EXPECT_EQ(outcome(check_signature(*test.iam, version_two, "h")), "InvalidRequest");
  auto with_key = [&](std::string service) {
    net::Request request;
    request.headers.add("X-Amz-Date", "20260102T030405Z");
    request.headers.add("Authorization", fmt::format("AWS4-HMAC-SHA256 Credential=AKIANOBODY/20260102/us-east-1/{}/"
                                                     "aws4_request, SignedHeaders=host, Signature=00",
                                                     service));
    return outcome(check_signature(*test.iam, request, "h"));
  };
  EXPECT_EQ(with_key("sts"), "InvalidClientTokenId");
  EXPECT_EQ(with_key("dynamodb"), "UnrecognizedClientException");
  EXPECT_EQ(with_key("s3"), "InvalidAccessKeyId");
}

}  // namespace
}  // namespace localcloud

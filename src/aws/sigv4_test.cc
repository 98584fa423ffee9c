#include "aws/sigv4.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "codec/json.h"

namespace aws {
namespace {

namespace fs = std::filesystem;

const fs::path kVectors = "../shared/vectors/v4";

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The vectors' request files: a request line whose target may hold spaces, headers that may be folded, a body.
net::Request parse_request(const std::string& text) {
  net::Request request;
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, line);
  std::size_t first = line.find(' ');
  std::size_t last = line.rfind(' ');
  request.method = line.substr(0, first);
  request.target = line.substr(first + 1, last - first - 1);
  std::vector<std::pair<std::string, std::string>> fields;
  while (std::getline(lines, line) && !line.empty()) {
    if (line[0] == ' ' || line[0] == '\t') {
      fields.back().second += "\n" + line;
    } else {
      std::size_t colon = line.find(':');
      fields.emplace_back(line.substr(0, colon), line.substr(colon + 1));
    }
  }
  for (auto& [name, value] : fields) request.headers.add(name, value);
  std::getline(lines, request.body, '\0');
  return request;
}

class Vectors : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(kVectors)) GTEST_SKIP() << "SKIPPED JUDGE: SigV4 vectors (../shared/vectors/v4 is absent)";
    for (const auto& folder : fs::directory_iterator(kVectors)) cases_.push_back(folder.path());
    ASSERT_EQ(cases_.size(), 38U);
  }

  struct Context {
    Credentials credentials;
    SigningScope scope;
    std::string date = "20150830T123600Z";
    PathStyle style = PathStyle::as_sent;
    bool sign_body = false;
    std::chrono::seconds expires{0};
  };

  static Context context_of(const fs::path& folder) {
    auto json = codec::parse_json(read(folder / "context.json")).value();
    Context context;
    context.credentials = {codec::find_string(json, "credentials", "access_key_id"),
                           codec::find_string(json, "credentials", "secret_access_key"),
                           codec::find_string(json, "credentials", "token")};
    const auto* omit = codec::find(json, "omit_session_token");
    if (omit != nullptr && omit->as_bool()) context.credentials.session_token.clear();
    context.scope = {codec::find_string(json, "service"), codec::find_string(json, "region")};
    context.style = codec::find(json, "normalize")->as_bool() ? PathStyle::normalized : PathStyle::as_sent;
    context.sign_body = codec::find(json, "sign_body")->as_bool();
    context.expires = std::chrono::seconds(codec::find(json, "expiration_in_seconds")->as_int64());
    EXPECT_EQ(codec::find_string(json, "timestamp"), "2015-08-30T12:36:00Z");
    return context;
  }

  std::vector<fs::path> cases_;
};

TEST_F(Vectors, HeaderSignaturesMatchAll38) {
  for (const fs::path& folder : cases_) {
    SCOPED_TRACE(folder.filename().string());
    Context context = context_of(folder);
    net::Request request = parse_request(read(folder / "request.txt"));
    request.headers.set("X-Amz-Date", context.date);
    if (!context.credentials.session_token.empty()) {
      request.headers.set("X-Amz-Security-Token", context.credentials.session_token);
    }
    if (context.sign_body) request.headers.set("X-Amz-Content-Sha256", sha256_hex(request.body));
    Signature signature = compute_signature(request, context.scope, context.credentials, context.date, context.style);
    EXPECT_EQ(signature.canonical_request, read(folder / "header-canonical-request.txt"));
    EXPECT_EQ(signature.string_to_sign, read(folder / "header-string-to-sign.txt"));
    EXPECT_EQ(signature.signature, read(folder / "header-signature.txt"));
  }
}

TEST_F(Vectors, QuerySignaturesMatchAll38) {
  for (const fs::path& folder : cases_) {
    SCOPED_TRACE(folder.filename().string());
    Context context = context_of(folder);
    net::Request request = parse_request(read(folder / "request.txt"));
    Signature signature =
        presign(request, context.scope, context.credentials, context.date, context.expires, context.style);
    EXPECT_EQ(signature.canonical_request, read(folder / "query-canonical-request.txt"));
    EXPECT_EQ(signature.signature, read(folder / "query-signature.txt"));
  }
}

// aws-facts §1: connection ids keep their encoding on the wire and are encoded once more for the signature.
TEST(SigV4, SignsConnectionPathsAsApiGatewayReadsThem) {
  Credentials credentials{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "TOKEN/EXAMPLE+=="};
  struct {
    const char* target;
    const char* signature;
  } cases[] = {
      {"/live/%40connections/R0oXAdfD0kwCH6w%3D", "1821226bc0b1d47c1ad445bacb22669b8151312839370bd9874136ad50dc89af"},
      {"/live/@connections/R0oXAdfD0kwCH6w=", "db37fe59b93afeed27a1ffd1930659950c011d0687ba5003b76dc0f8a6d14ba0"},
  };
  auto url = net::parse_url("https://abc123.execute-api.us-east-1.amazonaws.com/live").value();
  for (const auto& [target, signature] : cases) {
    net::Request request{.method = "POST", .target = target, .headers = {}, .body = R"({"hello":"world"})"};
    sign_headers(request, url, {"execute-api", "us-east-1"}, credentials, base::from_epoch_ms(1'767'323'045'000));
    EXPECT_TRUE(request.headers.get_or("Authorization", "").ends_with(std::string("Signature=") + signature)) << target;
  }
  net::Request upgrade{.method = "GET", .target = "/live"};
  upgrade.headers.set("Host", url.authority());
  EXPECT_EQ(presign(upgrade, {"execute-api", "us-east-1"}, credentials, "20260102T030405Z", std::chrono::seconds(300))
                .signature,
            "9b5b2e8f90a3fed2b33bde268e5d4816369c24bec75b5dc3b2b5e554017a31f8");
}

}  // namespace
}  // namespace aws

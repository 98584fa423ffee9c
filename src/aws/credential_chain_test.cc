// The order is held to botocore's by tests/e2e/test_credentials.py; here is what stands beside it.
#include "aws/credential_chain.h"

#include <gtest/gtest.h>

#include "aws/process_credentials.h"
#include "aws/testing/fake_world.h"

namespace aws {
namespace {

using testing::FakeHttp;
using testing::FakeWorld;

constexpr const char* kBase = "[base]\naws_access_key_id = AKBASE\naws_secret_access_key = s\n";

struct Answers final : PromptForMfa {
  awaitable<base::Result<std::string>> ask(std::string serial) override {
    asked.push_back(serial);
    co_return std::string("123456");
  }
  std::vector<std::string> asked;
};

net::Response role_keys(std::string_view key) {
  return {
      200,
      {},
      fmt::format("<R><AssumeRoleResult><Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
                  "<SessionToken>t</SessionToken><Expiration>2026-01-02T04:04:05Z</Expiration></Credentials>"
                  "</AssumeRoleResult></R>",
                  key)};
}

TEST(CredentialChain, AssumesARoleWithTheCodeOfAnMfaDevice) {
  FakeWorld world;
  Answers answers;
  world.mfa = &answers;
  world.environment["AWS_REGION"] = "eu-west-1";
  world.credentials(kBase);
  world.config(
      "[profile work]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\nmfa_serial = arn:aws:iam::1:mfa/tom\n"
      "external_id = e x\nduration_seconds = 900\nrole_session_name = tom\n");
  world.http->answer_with([](const net::Url&, const net::Request&) { return role_keys("ASIAROLE"); });
  EXPECT_EQ(world.key("work"), "ASIAROLE");
  EXPECT_EQ(answers.asked, std::vector<std::string>{"arn:aws:iam::1:mfa/tom"});
  ASSERT_EQ(world.http->sent.size(), 1U);
  EXPECT_EQ(world.http->sent[0].url.host, "sts.eu-west-1.amazonaws.com");
  EXPECT_EQ(world.http->sent[0].request.body,
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=tom"
            "&ExternalId=e+x&SerialNumber=arn%3Aaws%3Aiam%3A%3A1%3Amfa%2Ftom&TokenCode=123456&DurationSeconds=900");
  EXPECT_NE(world.http->sent[0].request.headers.get_or("Authorization", "").find("AKBASE"), std::string::npos);
}

// The names are botocore's: hashlib.sha1(json.dumps(arguments, sort_keys=True)); test_credentials.py has it make them.
TEST(CredentialChain, SharesTheKeysOfARoleWithTheAwsCliAsLongAsTheyLive) {
  const std::string file = "/home/tom/.aws/cli/cache/07df70905cb2a1699cd19a881c2525452d59b363.json";
  FakeWorld world;
  Answers answers;
  world.mfa = &answers;
  world.environment["AWS_REGION"] = "eu-west-1";
  world.credentials(kBase);
  world.config(
      "[profile work]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\nmfa_serial = arn:aws:iam::1:mfa/tom\n");
  world.http->answer_with([](const net::Url&, const net::Request&) { return role_keys("ASIAROLE"); });
  EXPECT_EQ(world.key("work"), "ASIAROLE");
  EXPECT_EQ(world.files.at(file),
            R"({"Credentials":{"AccessKeyId":"ASIAROLE","SecretAccessKey":"s","SessionToken":"t",)"
            R"("Expiration":"2026-01-02T04:04:05Z"}})");
  EXPECT_EQ(world.key("work"), "ASIAROLE");
  EXPECT_EQ(answers.asked.size(), 1U);

  auto cached = [&](const std::string& expiration) {
    world.files[file] = R"({"Credentials":{"AccessKeyId":"ASIACLI","SecretAccessKey":"s","SessionToken":"t",)"
                        R"("Expiration":")" +
                        expiration + R"("},"AssumedRoleUser":{}})";
    return world.key("work");
  };
  EXPECT_EQ(cached("2026-01-02T03:20:00UTC"), "ASIACLI");
  EXPECT_EQ(cached("2026-01-02T03:19:00+00:00"), "ASIAROLE") << "less than fifteen minutes are left";
  world.files[file] = "{";
  EXPECT_EQ(world.key("work"), "ASIAROLE");
  EXPECT_EQ(answers.asked.size(), 3U);
}

TEST(CredentialChain, NamesTheRoleThatIsRefused) {
  FakeWorld world;
  world.environment["AWS_REGION"] = "eu-west-1";
  world.credentials(kBase);
  world.config("[profile work]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\n");
  world.http->answer_with([](const net::Url&, const net::Request&) {
    return net::Response{403, {}, "<E><Error><Code>AccessDenied</Code><Message>not for you</Message></Error></E>"};
  });
  auto refused = world.find("work");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "cannot assume arn:aws:iam::1:role/r: not for you");
  EXPECT_EQ(refused.error().kind, base::ErrorKind::permission);
}

TEST(CredentialChain, ReadsNoInstanceForRegionTwiceWhereNobodyAnswers) {
  FakeWorld world;
  EXPECT_EQ(world.key(), "no AWS credentials were found");
  ASSERT_EQ(world.http->sent.size(), 1U) << "nobody answers at 169.254.169.254";
  EXPECT_EQ(world.http->sent[0].options.connect_timeout, std::chrono::seconds(1));
  world.environment["AWS_EC2_METADATA_DISABLED"] = "true";
  EXPECT_EQ(world.key(), "no AWS credentials were found");
  EXPECT_EQ(world.http->sent.size(), 1U);
}

TEST(CredentialChain, SendsTheContainersTokenToTrustedHostsOnly) {
  struct {
    const char* url;
    bool trusted;
  } cases[] = {{"http://169.254.170.23/keys", true},
               {"http://[fd00:ec2::23]/keys", true},
               {"http://127.0.0.2:8000/keys", true},
               {"http://localhost/keys", true},
               {"https://anywhere.example/keys", true},
               {"http://anywhere.example/keys", false},
               {"http://169.254.169.254/keys", false},
               {"http://127.0.0.1.example/keys", false},
               {"file:///keys", false}};
  for (const auto& [url, trusted] : cases) {
    auto source = container_credentials({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", url}}, nullptr, nullptr);
    EXPECT_EQ(source.has_value(), trusted) << url;
  }
}

TEST(InstanceMetadata, IsWhereItIsConfigured) {
  EXPECT_EQ(instance_metadata_endpoint({}, {}), "http://169.254.169.254");
  EXPECT_EQ(instance_metadata_endpoint({{"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6"}}, {}),
            "http://[fd00:ec2::254]");
  EXPECT_EQ(instance_metadata_endpoint({}, {{"ec2_metadata_service_endpoint", "http://here:1"}}), "http://here:1");
  EXPECT_EQ(instance_metadata_endpoint({{"AWS_EC2_METADATA_DISABLED", "True"}}, {}), "");
}

TEST(SplitCommand, CutsAsAShellDoes) {
  struct {
    const char* line;
    std::vector<std::string> words;
  } cases[] = {{"a b\t c ", {"a", "b", "c"}},
               {R"("/my path/x" 'a "b"' c\ d)", {"/my path/x", "a \"b\"", "c d"}},
               {R"(x "a\"b\\c\d" '')", {"x", R"(a"b\c\d)", ""}},
               {R"(--k="v w"z)", {"--k=v wz"}},
               {"", {}}};
  for (const auto& [line, words] : cases) EXPECT_EQ(split_command(line), words) << line;
}

TEST(ReadIssued, TellsWhatIsMissing) {
  auto issued = read_issued(R"({"AccessKeyId":"A","SecretAccessKey":"s","Expiration":"2026-01-02T03:04:05Z"})", "it");
  EXPECT_EQ(issued->keys.access_key_id, "A");
  EXPECT_EQ(issued->expires, base::FakeClock().wall_now());
  for (const char* json : {"", "[]", "{}", R"({"AccessKeyId":"A"})", R"({"AccessKeyId":7,"SecretAccessKey":"s"})",
                           R"({"AccessKeyId":"A","SecretAccessKey":"s3cr3t","Expiration":"soon"})"}) {
    auto refused = read_issued(json, "it");
    ASSERT_FALSE(refused) << json;
    EXPECT_EQ(refused.error().kind, base::ErrorKind::credentials);
    EXPECT_EQ(refused.error().message.find("s3cr3t"), std::string::npos);
  }
}

}  // namespace
}  // namespace aws

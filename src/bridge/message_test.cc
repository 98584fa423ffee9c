#include "bridge/message.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "bridge/no_session.h"
#include "bridge/outgoing.h"
#include "bridge/plain_text.h"
#include "bridge/reassembly.h"
#include "bridge/registration.h"

namespace bridge {
namespace {

std::string random_bytes(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

template <typename T>
T carried(const T& message) {
  Packed packed = pack(message);
  FrameHeader header{.type = type_of(message)};
  header.compressed = packed.compressed;
  header.full_size = packed.full_size;
  header.fields_size = packed.fields_size;
  auto back = unpack(header, packed.bytes);
  EXPECT_TRUE(back);
  return std::get<T>(*back);
}

TEST(Message, CarriesAnInvocation) {
  Invoke invoke{.invocation = {.request_id = "r",
                               .function_arn = "a",
                               .trace_id = "t",
                               .client_context = R"({"x":1})",
                               .cognito_identity = "{}",
                               .tenant_id = "blue",
                               .content_type = "application/json",
                               .event = std::string("\0\xff{}", 4)},
                .milliseconds_left = 2'999,
                .composed_at_ms = 1'767'323'045'123,
                .finished = {4, 5}};
  Invoke back = carried(invoke);
  EXPECT_EQ(back.invocation.request_id, "r");
  EXPECT_EQ(back.invocation.client_context, R"({"x":1})");
  EXPECT_EQ(back.invocation.tenant_id, "blue");
  EXPECT_EQ(back.invocation.event, invoke.invocation.event);
  EXPECT_EQ(back.milliseconds_left, 2'999);
  EXPECT_EQ(back.composed_at_ms, 1'767'323'045'123);
  EXPECT_EQ(back.finished, (std::vector<std::uint64_t>{4, 5}));
}

TEST(Message, CarriesAnEnvironmentWithBytesThatAreNoUtf8) {
  Announce announce{.function = "Api", .handler = "api.handler", .environment = {{"A", "1"}, {"B", "\xff\xfe"}}};
  announce.credentials = {"AKIA", "secret", "token"};
  Announce back = carried(announce);
  EXPECT_EQ(back.environment, announce.environment);
  EXPECT_EQ(back.credentials.session_token, "token");
}

TEST(Message, CompressesOnlyWhatGetsSmaller) {
  EXPECT_TRUE(pack(Answer{.body = std::string(5'000, 'x')}).compressed);
  EXPECT_FALSE(pack(Answer{.body = random_bytes(5'000, 1)}).compressed);
  EXPECT_FALSE(pack(Answer{.body = std::string(500, 'x')}).compressed);
  EXPECT_EQ(carried(Answer{.body = std::string(5'000, 'x')}).body, std::string(5'000, 'x'));
}

TEST(Message, RefusesSizesThatContradictTheHeader) {
  Packed packed = pack(Answer{.body = std::string(5'000, 'x')});
  FrameHeader header{.type = MessageType::result};
  header.compressed = true;
  header.full_size = packed.full_size - 1;
  header.fields_size = packed.fields_size;
  EXPECT_FALSE(unpack(header, packed.bytes));
  header.full_size = packed.full_size;
  header.fields_size = packed.full_size;
  EXPECT_FALSE(unpack(header, packed.bytes));
  EXPECT_FALSE(unpack(header, "no zstd"));
}

std::optional<Message> assemble(const Outgoing& out, const std::vector<std::uint32_t>& order) {
  Reassembler reassembler;
  std::optional<Message> message;
  for (std::uint32_t chunk : order) {
    auto added = reassembler.add(out.header(chunk), std::string(out.bytes(chunk)));
    if (added.progress != Reassembler::Progress::whole) continue;
    auto unpacked = unpack(out.header(chunk), std::move(added.bytes));
    if (unpacked) message = std::move(*unpacked);
  }
  return message;
}

TEST(Reassembly, TakesChunksInEveryOrderAndTwice) {
  Outgoing out(Answer{.body = random_bytes(110'000, 2)}, 1, 1, kDefaultMaxMessage);
  ASSERT_EQ(out.chunks(), 5U);
  std::vector<std::uint32_t> order{0, 1, 2, 3, 4};
  do {
    std::vector<std::uint32_t> doubled = order;
    doubled.insert(doubled.end(), order.begin(), order.end());
    auto message = assemble(out, doubled);
    ASSERT_TRUE(message);
    EXPECT_EQ(std::get<Answer>(*message).body, random_bytes(110'000, 2));
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(Reassembly, CarriesTheLargestBodyAndRefusesOneByteMore) {
  Outgoing largest(Answer{.body = random_bytes(kMaxBody, 3)}, 1, 1, kDefaultMaxMessage);
  EXPECT_TRUE(parse_header(encode_header(largest.header(0))));
  std::vector<std::uint32_t> order(largest.chunks());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  auto message = assemble(largest, order);
  ASSERT_TRUE(message);
  EXPECT_EQ(std::get<Answer>(*message).body.size(), kMaxBody);
  Outgoing beyond(Answer{.body = random_bytes(kMaxBody + 1, 3)}, 1, 1, kDefaultMaxMessage);
  EXPECT_FALSE(parse_header(encode_header(beyond.header(0))));
}

TEST(Reassembly, NamesGapsBelowTheHighestChunkSeen) {
  Outgoing out(Answer{.body = random_bytes(200'000, 4)}, 1, 5, kDefaultMaxMessage);
  Reassembler reassembler;
  for (std::uint32_t chunk : {0U, 3U, 6U}) reassembler.add(out.header(chunk), std::string(out.bytes(chunk)));
  auto missing = reassembler.missing(1);
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->message_id, 5U);
  EXPECT_EQ(missing->gaps, (std::vector<ChunkRange>{{1, 2}, {4, 5}}));
  EXPECT_EQ(missing->seen_up_to, 6U);
  EXPECT_EQ(missing->received, 3U);
  EXPECT_FALSE(reassembler.missing(2));
  Missing back = carried(*missing);
  EXPECT_EQ(back.gaps, missing->gaps);
  EXPECT_EQ(back.received, 3U);

  base::SteadyTime now{std::chrono::hours(1)};
  EXPECT_EQ(out.wanted(back, now), (std::vector<std::uint32_t>{1, 2, 4, 5}));
  EXPECT_EQ(out.wanted(back, now + std::chrono::seconds(4)), (std::vector<std::uint32_t>{1, 2, 4, 5}));
  EXPECT_EQ(out.wanted(back, now + std::chrono::seconds(5)), (std::vector<std::uint32_t>{1, 2, 4, 5, 7, 8}));
}

TEST(Reassembly, BoundsWhatIsUnderWayAndRefusesContradictions) {
  Reassembler reassembler;
  FrameHeader header{.type = MessageType::result, .invocation = 1, .chunks = 2, .full_size = 100};
  for (std::uint64_t id = 1; id <= 5; ++id) {
    header.message_id = id;
    EXPECT_EQ(reassembler.add(header, "x").progress, Reassembler::Progress::partial);
  }
  header.message_id = 1;
  header.chunk = 1;
  const auto first = reassembler.add(header, "x").progress;
  EXPECT_NE(first, Reassembler::Progress::whole) << "the oldest gave way";
  header.message_id = 5;
  EXPECT_EQ(reassembler.add(header, std::string(200, 'x')).progress, Reassembler::Progress::contradicting);
  header.full_size = 99;
  EXPECT_EQ(reassembler.add(header, "x").progress, Reassembler::Progress::contradicting);
}

TEST(Registration, GoesThroughTheTable) {
  Registration own = new_registration();
  own.connection_id = "c=";
  own.endpoint = "https://x/live";
  own.owner = "tom@laptop";
  own.link = 3;
  auto back = from_item(to_item(own));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->session, own.session);
  EXPECT_EQ(back->key, own.key);
  EXPECT_EQ(back->link, 3U);
  EXPECT_EQ(back->max_message, kDefaultMaxMessage);
  EXPECT_TRUE(back->connected());
  auto released = from_item(release(own).item);
  ASSERT_TRUE(released);
  EXPECT_FALSE(released->connected());
  EXPECT_EQ(release(own).condition.kind, Condition::Kind::own);
  EXPECT_FALSE(from_item({}));
}

TEST(Registration, IsClaimedOnWhatWasRead) {
  Registration mine = new_registration();
  Registration theirs = new_registration();
  theirs.link = 4;
  theirs.connection_id = "theirs";
  EXPECT_EQ(claim(std::nullopt, mine).condition.kind, Condition::Kind::absent);
  auto write = claim(theirs, mine);
  EXPECT_EQ(write.condition.kind, Condition::Kind::unchanged);
  EXPECT_EQ(write.condition.session, theirs.session);
  EXPECT_EQ(write.condition.link, 4U);
  EXPECT_EQ(replaced_by(theirs, mine)->connection_id, "theirs");
  EXPECT_FALSE(replaced_by(mine, mine));
  EXPECT_FALSE(replaced_by(std::nullopt, mine));
  EXPECT_TRUE(claim_had_succeeded(mine, mine));
  EXPECT_FALSE(claim_had_succeeded(theirs, mine));
  EXPECT_TRUE(is_displaced(theirs, mine.session));
  EXPECT_FALSE(is_displaced(mine, mine.session));
  mine.link = 2;
  EXPECT_EQ(renew(mine).condition.kind, Condition::Kind::own_and_older_link);
  EXPECT_EQ(renew(mine).condition.link, 2U);
}

TEST(PlainText, TellsItsKinds) {
  auto hello = classify_text(R"({"connectionId":"abc=","requestTimeEpoch":"1767323045000"})");
  ASSERT_TRUE(std::holds_alternative<HelloAnswer>(hello));
  EXPECT_EQ(std::get<HelloAnswer>(hello).connection_id, "abc=");
  EXPECT_EQ(std::get<HelloAnswer>(hello).aws_time_ms, 1'767'323'045'000);
  auto forbidden = classify_text(R"({"message":"Forbidden","connectionId":"abc=","requestId":"r"})");
  ASSERT_TRUE(std::holds_alternative<HelloAnswer>(forbidden));
  EXPECT_EQ(std::get<HelloAnswer>(forbidden).aws_time_ms, 0);
  EXPECT_TRUE(std::holds_alternative<DisplacedHint>(classify_text(kDisplacedText)));
  EXPECT_TRUE(std::holds_alternative<SealedText>(classify_text("AQAB")));
  EXPECT_TRUE(std::holds_alternative<OtherText>(classify_text("{broken")));
}

constexpr const char* kRest =
    R"({"resource":"/","path":"/","httpMethod":"GET","headers":{},"multiValueHeaders":{},"requestContext":{"apiId":"a","stage":"p"}})";
constexpr const char* kHttp2 =
    R"({"version":"2.0","routeKey":"$default","rawPath":"/","headers":{},"requestContext":{"apiId":"a","http":{"method":"GET"}}})";
constexpr const char* kAlb =
    R"({"httpMethod":"GET","path":"/","multiValueHeaders":{},"requestContext":{"elb":{"targetGroupArn":"arn"}}})";
constexpr const char* kWebSocket =
    R"({"requestContext":{"routeKey":"$connect","eventType":"CONNECT","connectionId":"c=","apiId":"a"}})";

TEST(NoSession, Is503ForProxyEventsOnly) {
  for (const char* event : {kRest, kHttp2, kAlb, kWebSocket}) {
    EXPECT_TRUE(is_http_event(event)) << event;
    Answer answer = answer_for_nobody(event, kNoSession, "livelambda: nobody");
    EXPECT_FALSE(answer.failed);
    EXPECT_NE(answer.body.find("\"statusCode\":503"), std::string::npos);
    EXPECT_NE(answer.body.find("livelambda: nobody"), std::string::npos);
  }
  EXPECT_NE(answer_for_nobody(kAlb, kNoSession, "x").body.find("multiValueHeaders"), std::string::npos);
  EXPECT_NE(answer_for_nobody(kAlb, kNoSession, "x").body.find("503 Service Unavailable"), std::string::npos);
}

TEST(NoSession, IsStreamedForAFunctionUrlThatStreams) {
  constexpr std::string_view kUrl =
      R"({"version":"2.0","routeKey":"$default","rawPath":"/","requestContext":{"http":{"method":"GET"},"domainName":"abc.lambda-url.eu-west-1.on.aws"}})";
  auto answer = streamed_answer_for_nobody(kUrl, "nobody");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->headers[0].second, "application/vnd.awslambda.http-integration-response");
  auto prelude = answer->body.find('\0');
  EXPECT_EQ(answer->body.substr(prelude), std::string(8, '\0') + "nobody\n");
  EXPECT_NE(answer->body.substr(0, prelude).find("\"statusCode\":503"), std::string::npos);
  EXPECT_FALSE(streamed_answer_for_nobody(kHttp2, "nobody"));
}

TEST(NoSession, IsAnErrorForAuthorizersAndEverythingElse) {
  for (
      const char* event :
      {R"({"type":"REQUEST","methodArn":"arn","resource":"/","path":"/","httpMethod":"GET","requestContext":{"apiId":"a"}})",
       R"({"version":"2.0","type":"REQUEST","routeArn":"arn","routeKey":"$default","rawPath":"/","requestContext":{"http":{"method":"GET"}}})",
       R"({"type":"TOKEN","methodArn":"arn","authorizationToken":"t"})", R"({"Records":[{"EventSource":"aws:sns"}]})",
       R"({"path":"/","httpMethod":"GET"})", R"({"requestContext":{}})", "[]", "", "no json", "1"}) {
    EXPECT_FALSE(is_http_event(event)) << event;
    Answer answer = answer_for_nobody(event, kNoSession, "nobody");
    EXPECT_TRUE(answer.failed);
    EXPECT_EQ(answer.body, R"({"errorMessage":"nobody","errorType":"Function.LiveNoSession","stackTrace":[]})");
  }
}

TEST(NoSession, SaysWhyAWSRefused) {
  auto text = [](int status, const char* detail) {
    return explain_denial({.status = status, .detail = detail}, "a message").text;
  };
  EXPECT_NE(text(403, "ForbiddenException User is not authorized to perform: execute-api").find("permission"),
            std::string::npos);
  EXPECT_NE(text(403, "The security token included in the request is expired").find("expired"), std::string::npos);
  std::string refused =
      text(403,
           "AccessDenied User: arn:aws:sts::1:assumed-role/r/s is not authorized to perform: sts:AssumeRole on "
           "resource: arn:aws:iam::1:role/bridge because no policy allows it");
  EXPECT_NE(refused.find("may not assume the bridge role arn:aws:iam::1:role/bridge. Either"), std::string::npos)
      << refused;
  EXPECT_TRUE(explain_denial({.status = 400, .detail = "ExpiredTokenException"}, "x").expired);
  EXPECT_NE(text(403, "Signature expired: 20260102T030405Z is now earlier").find("clock"), std::string::npos);
  EXPECT_NE(text(403, " Forbidden").find("VPC"), std::string::npos);
}

}  // namespace
}  // namespace bridge

#include "runtime_api/extensions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/json.h"

namespace runtime_api {
namespace {

using ::testing::HasSubstr;

net::Request call(std::string id, std::string body = {}) {
  net::Request request{.method = "POST", .target = {}, .headers = {}, .body = std::move(body)};
  if (!id.empty()) request.headers.add("Lambda-Extension-Identifier", std::move(id));
  return request;
}

class ExtensionsApi : public ::testing::Test {
 public:
  ExtensionsApi() { extensions_.describe({"fn", "$LATEST", "a.b", "123456789012"}); }

  net::Response register_one(std::string name, std::string body, std::string features = {}) {
    auto request = call({}, std::move(body));
    if (!name.empty()) request.headers.add("Lambda-Extension-Name", std::move(name));
    if (!features.empty()) request.headers.add("Lambda-Extension-Accept-Feature", std::move(features));
    return extensions_.register_one(request);
  }
  // Registered and waiting; its identifier.
  std::string ready(const std::string& name, const std::string& events) {
    auto registered = register_one(name, "{\"events\": " + events + "}");
    EXPECT_EQ(registered.status, 200) << registered.body;
    auto id = registered.headers.get_or("Lambda-Extension-Identifier", "");
    EXPECT_FALSE(extensions_.next(call(id)));
    return id;
  }
  std::string event_of(const std::string& id, const char* member = "eventType") {
    auto event = extensions_.take_event(call(id));
    return event ? codec::find_string(*codec::parse_json(event->body), member) : "none";
  }
  static std::string type_of(const std::optional<net::Response>& response) {
    return response ? codec::find_string(*codec::parse_json(response->body), "errorType") : "none";
  }

  Extensions extensions_;
};

TEST_F(ExtensionsApi, TheNextInvocationWaitsForEveryExtension) {
  extensions_.expect("outside");
  EXPECT_FALSE(extensions_.all_registered());
  auto outside = ready("outside", R"(["INVOKE", "SHUTDOWN"])");
  auto inside = ready("inside", R"(["INVOKE"])");
  auto quiet = ready("quiet", "[]");
  EXPECT_TRUE(extensions_.all_registered());
  EXPECT_TRUE(extensions_.all_ready());
  extensions_.invoke({.request_id = "r1", .body = "secret", .function_arn = "arn:fn", .trace_id = "Root=1"});
  EXPECT_FALSE(extensions_.all_ready());
  auto event = extensions_.take_event(call(outside));
  ASSERT_TRUE(event);
  EXPECT_THAT(
      event->body,
      HasSubstr(
          R"("requestId":"r1","invokedFunctionArn":"arn:fn","tracing":{"type":"X-Amzn-Trace-Id","value":"Root=1"})"));
  EXPECT_EQ(event->body.find("secret"), std::string::npos);
  EXPECT_NE(event->headers.get_or("Lambda-Extension-Event-Identifier", ""), "");
  EXPECT_EQ(event_of(inside), "INVOKE");
  EXPECT_EQ(event_of(quiet), "none");
  EXPECT_FALSE(extensions_.next(call(outside)));
  EXPECT_FALSE(extensions_.all_ready());
  EXPECT_FALSE(extensions_.next(call(inside)));
  EXPECT_TRUE(extensions_.all_ready());
}

TEST_F(ExtensionsApi, ShutdownIsForExternalOnesThatWantIt) {
  extensions_.expect("outside");
  extensions_.expect("deaf");
  auto outside = ready("outside", R"(["SHUTDOWN"])");
  auto deaf = ready("deaf", R"(["INVOKE"])");
  EXPECT_TRUE(extensions_.awaits_shutdown("outside"));
  EXPECT_FALSE(extensions_.awaits_shutdown("deaf"));
  extensions_.shut_down("spindown", base::from_epoch_ms(1'700'000'000'000));
  EXPECT_EQ(event_of(deaf), "none");
  EXPECT_EQ(event_of(outside, "shutdownReason"), "spindown");
  EXPECT_EQ(type_of(register_one("inside", R"({"events": ["SHUTDOWN"]})")), "Extension.InvalidEventType");
}

TEST_F(ExtensionsApi, RegistrationTellsOfTheFunction) {
  auto registered = register_one("inside", R"({"events": []})", "other, accountId");
  EXPECT_THAT(
      registered.body,
      HasSubstr(R"("functionVersion":"$LATEST","functionName":"fn","handler":"a.b","accountId":"123456789012")"));
  EXPECT_EQ(register_one("plain", "{}").body.find("accountId"), std::string::npos);
}

TEST_F(ExtensionsApi, RefusesAsTheEmulatorDoes) {
  struct {
    const char* name;
    const char* body;
    const char* type;
  } cases[] = {{"", "{}", "Extension.InvalidExtensionName"},
               {"x", "no json", "InvalidRequestFormat"},
               {"x", R"({"events": ["SOME"]})", "Extension.InvalidEventType"},
               {"twice", "{}", "Extension.InvalidExtensionState"}};
  EXPECT_EQ(register_one("twice", "{}").status, 200);
  for (const auto& test : cases) {
    auto refused = register_one(test.name, test.body);
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(type_of(refused), test.type);
  }
  EXPECT_EQ(type_of(extensions_.next(call(""))), "Extension.MissingExtensionIdentifier");
  EXPECT_EQ(type_of(extensions_.next(call("x"))), "Extension.InvalidExtensionIdentifier");
  EXPECT_EQ(type_of(extensions_.next(call("00000000-0000-0000-0000-000000000000"))),
            "Extension.UnknownExtensionIdentifier");
  auto id = ready("once", "[]");
  auto again = extensions_.next(call(id));
  EXPECT_EQ(type_of(again), "Extension.InvalidExtensionState");
  EXPECT_THAT(again->body, HasSubstr("State transition from Ready to Ready failed for extension " + id));
  for (std::size_t more = 2; more < Extensions::kMost; ++more) register_one("n" + std::to_string(more), "{}");
  EXPECT_EQ(type_of(register_one("too many", "{}")), "Extension.TooManyExtensions");
  extensions_.close_registration();
  EXPECT_EQ(type_of(register_one("late", "{}")), "Extension.RegistrationClosed");
}

TEST_F(ExtensionsApi, AFailureIsKeptForTheEndOfItsProcess) {
  extensions_.expect("outside");
  auto id = register_one("outside", "{}").headers.get_or("Lambda-Extension-Identifier", "");
  auto failing = call(id);
  EXPECT_EQ(type_of(extensions_.fail(failing, true)), "Extension.MissingHeader");
  failing.headers.add("Lambda-Extension-Function-Error-Type", "Extension.NoConfig");
  EXPECT_EQ(extensions_.fail(failing, true).status, 202);
  EXPECT_EQ(extensions_.failure_of("outside"), "Extension.InitError");
  EXPECT_EQ(extensions_.fail(failing, false).status, 403);
  EXPECT_FALSE(extensions_.all_ready());
  extensions_.gone("outside");
  EXPECT_TRUE(extensions_.all_ready());
}

}  // namespace
}  // namespace runtime_api

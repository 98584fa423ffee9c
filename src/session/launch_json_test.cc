#include "session/launch_json.h"

#include <gmock/gmock.h>

namespace session {
namespace {

using codec::json::object;
using ::testing::HasSubstr;

std::string merged(std::string_view text, const std::vector<object>& configurations) {
  auto result = with_configurations(text, configurations);
  return result ? *result : "error: " + result.error().message;
}

const object kApi{{"name", "livelambda: Api"}, {"type", "node"}, {"port", 9229}};

TEST(LaunchJson, AFileThatIsNotThereIsMade) {
  EXPECT_EQ(merged("", {kApi}), R"({
    "version": "0.2.0",
    "configurations": [
        {
            "name": "livelambda: Api",
            "type": "node",
            "port": 9229
        }
    ]
}
)");
}

TEST(LaunchJson, WhatIsTheDevelopersStaysByteForByte) {
  const std::string text = R"(// my own
{
  /* "configurations": [] is not here */
  "version": "0.2.0",
  "inputs": [{"id": "a", "type": "promptString"}],
  "configurations": [
    { "name": "Mine", "type": "node" }, // keep: } ]
    {
      "name": "livelambda: Api",
      "port": 1 // old
    },
    { "name": "Last \"one\"", "args": ["]", "//x"] }, // trailing comma
  ],
}
)";
  const std::string now = merged(text, {kApi});
  const auto begin = text.find("{\n      \"name\": \"livelambda: Api\"");
  const auto end = text.find("    { \"name\": \"Last");
  EXPECT_TRUE(now.starts_with(text.substr(0, begin)));
  EXPECT_TRUE(now.ends_with(text.substr(end)));
  EXPECT_THAT(now, HasSubstr("\"port\": 9229"));
  EXPECT_EQ(merged(now, {kApi}), now);
}

TEST(LaunchJson, AnotherConfigurationComesAtTheEnd) {
  const std::string text = "{\n  \"configurations\": [\n    {\"name\": \"Mine\"} // so\n  ]\n}\n";
  EXPECT_EQ(
      merged(text, {object{{"name", "x"}}}),
      "{\n  \"configurations\": [\n    {\"name\": \"Mine\"},\n    {\n        \"name\": \"x\"\n    } // so\n  ]\n}\n");
  const std::string open = "{\"configurations\": [{\"name\": \"Mine\"},\n// last\n]}";
  EXPECT_THAT(merged(open, {object{{"name", "x"}}}), HasSubstr("},\n{\n"));
}

TEST(LaunchJson, AListIsAddedWhereThereIsNone) {
  EXPECT_THAT(merged("{}", {kApi}), HasSubstr("\"configurations\": [\n        {"));
  EXPECT_THAT(merged("{ // x\n \"version\": \"0.2.0\" }", {kApi}), HasSubstr("],"));
}

TEST(LaunchJson, WhatIsNoLaunchJsonIsAnErrorWithItsLine) {
  for (const char* text : {"[]", "{\n\"a\" 1}", "{\"configurations\": {}}", "{\"a\": \"x", "{} {}", "{\"a\": }"}) {
    EXPECT_FALSE(with_configurations(text, {kApi})) << text;
  }
  EXPECT_EQ(with_configurations("{\n\"a\" 1}", {kApi}).error().line, 2);
  EXPECT_FALSE(with_configurations(std::string(1000, '['), {kApi}));
}

}  // namespace
}  // namespace session

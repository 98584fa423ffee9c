#include "localcloud/lambda/function.h"

#include <gtest/gtest.h>

#include "codec/json.h"
#include "localcloud/lambda/function_log.h"
#include "localcloud/lambda/lambda_service.h"

namespace localcloud {
namespace {

json::object properties(std::string_view more = "{}") {
  auto value =
      codec::parse_json(R"({"Runtime":"provided.al2023","Handler":"a.b","Role":"arn:aws:iam::123456789012:role/r"})")
          .value();
  auto added = codec::parse_json(more).value();
  for (const auto& member : added.as_object()) value.as_object()[member.key()] = member.value();
  return value.as_object();
}

TEST(Function, HasLambdasDefaults) {
  auto version = read_function(properties());
  ASSERT_TRUE(version);
  EXPECT_EQ(version->timeout_seconds, 3);
  EXPECT_EQ(version->memory_mb, 128);
  EXPECT_EQ(version->architecture, "x86_64");
}

TEST(Function, OtherRuntimesAreRefusedByName) {
  auto version = read_function(properties(R"({"Runtime":"go1.x"})"));
  ASSERT_FALSE(version);
  EXPECT_EQ(
      version.error().message,
      "runtime go1.x: the local cloud knows provided.*, nodejs*.x, python3.* and the supported java, dotnet and ruby "
      "runtimes");
}

TEST(Function, ReservedVariablesAreRefusedByName) {
  auto version = read_function(properties(R"({"Environment":{"Variables":{"AWS_REGION":"x","OK":"y"}}})"));
  ASSERT_FALSE(version);
  EXPECT_NE(version.error().message.find("request: AWS_REGION"), std::string::npos);
}

TEST(Function, VariablesHaveFourKilobytesAndTheErrorDoesNotQuoteThem) {
  std::string secret(4096, 's');
  auto version = read_function(properties(R"({"Environment":{"Variables":{"AB":")" + secret + R"("}}})"));
  ASSERT_FALSE(version);
  EXPECT_NE(version.error().message.find("4KB"), std::string::npos);
  EXPECT_EQ(version.error().message.find("ssss"), std::string::npos);
}

TEST(Function, NumbersMayBeTextAndHaveLimits) {
  EXPECT_EQ(read_function(properties(R"({"Timeout":"30"})"))->timeout_seconds, 30);
  EXPECT_FALSE(read_function(properties(R"({"Timeout":901})")));
  EXPECT_FALSE(read_function(properties(R"({"MemorySize":"many"})")));
}

TEST(Function, NestedMembersThatAreNotKnownAreRefusedByName) {
  auto version = read_function(properties(R"({"VpcConfig":{"SubnetIds":[],"Colour":"red"}})"));
  ASSERT_FALSE(version);
  EXPECT_EQ(version.error().message, "The local cloud does not implement VpcConfig.Colour");
}

TEST(Function, AConfigurationChangesOnlyWhatItSays) {
  auto version = read_function(properties(R"({"Timeout":30,"Description":"first"})")).value();
  ASSERT_TRUE(apply_configuration(version, codec::parse_json(R"({"MemorySize":512})")->as_object()));
  EXPECT_EQ(version.timeout_seconds, 30);
  EXPECT_EQ(version.memory_mb, 512);
  EXPECT_EQ(version.description, "first");
}

TEST(Function, TagsComeAsAMapOrAsAList) {
  auto map = codec::parse_json(R"({"a":"b"})").value();
  auto list = codec::parse_json(R"([{"Key":"a","Value":"b"}])").value();
  EXPECT_EQ(read_tags(&map).value(), read_tags(&list).value());
}

TEST(Function, ReferencesComeInFourForms) {
  EXPECT_EQ(parse_function_reference("f").name, "f");
  EXPECT_EQ(parse_function_reference("f:live").qualifier, "live");
  EXPECT_EQ(parse_function_reference("123456789012:function:f").account, "123456789012");
  auto arn = parse_function_reference("arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST");
  EXPECT_EQ(arn.region, "us-east-1");
  EXPECT_EQ(arn.name, "f");
  EXPECT_EQ(arn.qualifier, "$LATEST");
}

TEST(JsonText, IsOneWholeDocument) {
  EXPECT_TRUE(is_json_text(R"( {"a":[1,2.5,"x",null]} )"));
  EXPECT_TRUE(is_json_text("1"));
  EXPECT_TRUE(is_json_text("12345"));
  EXPECT_FALSE(is_json_text("{"));
  EXPECT_FALSE(is_json_text("{} {}"));
  EXPECT_FALSE(is_json_text("hello"));
  EXPECT_FALSE(is_json_text(""));
}

TEST(FunctionLog, ReportLineIsLambdas) {
  EXPECT_EQ(report_line({.request_id = "id",
                         .duration_ms = 12.345,
                         .init_ms = 20.5,
                         .memory_mb = 128,
                         .max_memory_mb = 30,
                         .status = "",
                         .error_type = ""}),
            "REPORT RequestId: id\tDuration: 12.35 ms\tBilled Duration: 33 "
            "ms\tMemory Size: 128 MB\t"
            "Max Memory Used: 30 MB\tInit Duration: 20.50 ms\t");
}

TEST(FunctionLog, CutsLinesAcrossReads) {
  LineCutter cutter;
  std::vector<std::string> lines;
  auto keep = [&](std::string_view line) { lines.emplace_back(line); };
  cutter.add("one\ntw", keep);
  cutter.add("o\nrest", keep);
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(cutter.take_rest(), "rest");
}

}  // namespace
}  // namespace localcloud

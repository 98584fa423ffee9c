#include "cli/json_reporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>

#include "codec/json.h"

namespace cli {
namespace {

namespace json = boost::json;
using namespace session;

// What was written, as lines. A reporter that writes part of a line is seen by the missing line feed.
class Output {
 public:
  Output() : file_(::open_memstream(&text_, &size_)) {}
  ~Output() {
    std::fclose(file_);
    std::free(text_);  // NOLINT: open_memstream's
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  std::FILE* file() { return file_; }
  std::string text() const { return {text_, size_}; }

 private:
  char* text_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* file_;
};

struct Json {
  base::FakeClock clock;
  Output output;
  JsonReporter reporter{output.file(), clock};

  // The one line that was written; its time is checked and taken out.
  json::value line() {
    std::string text = output.text();
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
    EXPECT_TRUE(text.ends_with('\n'));
    auto value = codec::parse_json(text.substr(0, text.size() - 1));
    if (!value) {
      ADD_FAILURE() << value.error().message << ": " << text;
      return nullptr;
    }
    EXPECT_EQ(codec::find_string(*value, "time"), "2026-01-02T03:04:05.000Z");
    value->as_object().erase("time");
    return *value;
  }
};

json::value of(const Report& report) {
  Json json;
  json.reporter.report(report);
  return json.line();
}

json::value parsed(std::string_view text) {
  return codec::parse_json(text).value();
}

TEST(JsonReporter, WritesADeployment) {
  EXPECT_EQ(of(DeployProgress{"dev-app", "Topic", "AWS::SNS::Topic", "CREATE_FAILED", "Access \"denied\"\nfor you"}),
            parsed(R"({"event":"deploy","stack":"dev-app","resource":"Topic","type":"AWS::SNS::Topic",
                       "status":"CREATE_FAILED","reason":"Access \"denied\"\nfor you"})"));
}

TEST(JsonReporter, WritesReady) {
  EXPECT_EQ(of(Ready{.stage = "dev",
                     .app = "app",
                     .outputs = {{"Url", "http://127.0.0.1:1/"}},
                     .functions = {{"Api", "dev-app-Api-1", "nodejs22.x", "api.handler", "/app/src"}}}),
            parsed(R"({"event":"ready","stage":"dev","app":"app","outputs":{"Url":"http://127.0.0.1:1/"},"functions":[
                       {"logicalId":"Api","name":"dev-app-Api-1","runtime":"nodejs22.x","handler":"api.handler",
                        "source":"/app/src"}]})"));
}

InvocationReport invocation() {
  return {.phase = InvocationReport::Phase::started,
          .request_id = "r",
          .function = "Api",
          .trigger = "http-api GET /",
          .environment = "0123456789abcdef0123456789abcdef",
          .pid = 4711};
}

TEST(JsonReporter, WritesAnInvocationThatStarts) {
  EXPECT_EQ(of(invocation()), parsed(R"({"event":"invocation","phase":"started","requestId":"r","function":"Api",
                       "trigger":"http-api GET /","environment":"0123456789abcdef0123456789abcdef","pid":4711})"));
}

TEST(JsonReporter, WritesAnInvocationThatEnds) {
  InvocationReport report = invocation();
  report.phase = InvocationReport::Phase::finished;
  report.status = "ok";
  report.ms = 12.3456;
  report.overhead_ms = 1.5;
  EXPECT_EQ(of(report), parsed(R"({"event":"invocation","phase":"finished","requestId":"r","function":"Api",
                       "trigger":"http-api GET /","environment":"0123456789abcdef0123456789abcdef","pid":4711,
                       "status":"ok","ms":12.346,"overheadMs":1.5E0})"));
  report.memory_size_mb = 128;
  report.max_memory_mb = 61;
  report.init_ms = 74;
  EXPECT_EQ(of(report).at("memorySizeMb"), 128);
  EXPECT_EQ(of(report).at("maxMemoryUsedMb"), 61);
  EXPECT_EQ(of(report).at("initMs"), 74);
  report.status = "error";
  report.error = "TypeError: x\n    at y";
  EXPECT_EQ(codec::find_string(of(report), "error"), "TypeError: x\n    at y");
}

TEST(JsonReporter, WritesALogLine) {
  EXPECT_EQ(
      of(LogLine{"r", "Api", "two\nlines and \x1b[31mred\x1b[0m"}),
      parsed(R"({"event":"log","requestId":"r","function":"Api","line":"two\nlines and \u001b[31mred\u001b[0m"})"));
}

TEST(JsonReporter, WritesBuildsAndReloads) {
  EXPECT_EQ(of(BuildReport{.reload = false, .function = "Api", .ms = 2.5, .status = "ok"}),
            parsed(R"({"event":"build","function":"Api","ms":2.5E0,"status":"ok","output":""})"));
  EXPECT_EQ(of(BuildReport{.reload = true, .function = "Api", .ms = 2.5, .status = "error", .output = "no"}),
            parsed(R"({"event":"reload","function":"Api","ms":2.5E0,"status":"error","output":"no"})"));
}

TEST(JsonReporter, WritesWhereADebuggerIs) {
  EXPECT_EQ(of(DebuggerReport{.function = "Api",
                              .debugger = "node",
                              .address = "127.0.0.1:9229",
                              .environment = "e",
                              .pid = 7,
                              .waits = true}),
            parsed(R"({"event":"debugger","function":"Api","debugger":"node","address":"127.0.0.1:9229",
                       "environment":"e","pid":7,"waits":true})"));
}

TEST(JsonReporter, WritesADisplacementAndWhatWasDropped) {
  EXPECT_EQ(of(Displaced{"ann@desk"}), parsed(R"({"event":"displaced","by":"ann@desk"})"));
  json::value dropped = of(Dropped{"wrong_key", 3});
  EXPECT_EQ(codec::find_string(dropped, "event"), "dropped");
  EXPECT_EQ(codec::find_string(dropped, "reason"), "wrong_key");
  EXPECT_EQ(dropped.at("count").to_number<int>(), 3);
}

TEST(JsonReporter, WritesErrorsAndTheEnd) {
  Json json;
  json.reporter.error({.kind = base::ErrorKind::invalid_input,
                       .message = "not a mapping",
                       .hint = "Mend it.",
                       .file = "/app/template.yaml",
                       .line = 4});
  EXPECT_EQ(json.line(), parsed(R"({"event":"error","kind":"invalid_input","message":"not a mapping","hint":"Mend it.",
                                    "file":"/app/template.yaml","line":4})"));
  Json without;
  without.reporter.error({.kind = base::ErrorKind::usage, .message = "x"});
  EXPECT_EQ(without.line(), parsed(R"({"event":"error","kind":"usage","message":"x","hint":""})"));
  Json end;
  end.reporter.stopped(6);
  EXPECT_EQ(end.line(), parsed(R"({"event":"stopped","status":6})"));
}

TEST(JsonReporter, KeepsNoticesOffStdout) {
  Json json;
  ::testing::internal::CaptureStderr();
  json.reporter.report(Notice{"for people"});
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "livelambda: for people\n");
  std::fflush(json.output.file());
  EXPECT_EQ(json.output.text(), "");
}

TEST(JsonReporter, WritesMillisecondsOfTheTime) {
  Json json;
  json.clock.advance(std::chrono::milliseconds(7));
  json.reporter.stopped(0);
  EXPECT_THAT(json.output.text(), ::testing::HasSubstr(R"("time":"2026-01-02T03:04:05.007Z")"));
}

}  // namespace
}  // namespace cli

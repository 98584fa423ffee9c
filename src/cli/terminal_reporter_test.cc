#include "cli/terminal_reporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "cli/terminal.h"

namespace cli {
namespace {

using namespace session;
using ::testing::HasSubstr;
using ::testing::Not;

std::string shown(const std::vector<Report>& reports, TerminalReporter::Style style = {}) {
  base::FakeClock clock;
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* file = ::open_memstream(&text, &size);
  TerminalReporter reporter(file, style, clock);
  for (const Report& report : reports) reporter.report(report);
  std::fclose(file);
  std::string result(text, size);
  std::free(text);  // NOLINT: open_memstream's
  return result;
}

InvocationReport finished(const std::string& status, const std::string& error = "") {
  return {.phase = InvocationReport::Phase::finished,
          .request_id = "r",
          .function = "Api",
          .trigger = "http-api GET /",
          .environment = "e",
          .pid = 4711,
          .status = status,
          .ms = 12.34,
          .overhead_ms = 1.25,
          .memory_size_mb = 128,
          .max_memory_mb = 61,
          .init_ms = 74,
          .error = error};
}

std::vector<Report> everything() {
  InvocationReport started = finished("");
  started.phase = InvocationReport::Phase::started;
  return {DeployProgress{"dev-app", "Topic", "AWS::SNS::Topic", "CREATE_COMPLETE", ""},
          DeployProgress{"dev-app", "Role", "AWS::IAM::Role", "CREATE_FAILED", "denied"},
          Ready{"dev", "app", {{"Url", "http://127.0.0.1:1/"}}, {{"Api", "n", "nodejs22.x", "api.handler", "/app"}}},
          started,
          LogLine{"r", "Api", "hello"},
          finished("ok"),
          finished("error", "TypeError: x\n    at y (api.js:3)"),
          BuildReport{.reload = true, .function = "Api", .status = "ok"},
          BuildReport{.reload = true, .function = "Api", .status = "error", .output = "SyntaxError: no"},
          Displaced{"ann@desk"},
          Dropped{"wrong_key", 3},
          Notice{"note"}};
}

TEST(TerminalReporter, ShowsEverythingInPlainLines) {
  std::string text = shown(everything(), {.verbose = true});
  EXPECT_THAT(text, Not(HasSubstr("\x1b"))) << "no escape codes without colour";
  for (const char* part :
       {"Topic", "CREATE_FAILED", "denied\n", "http://127.0.0.1:1/", "api.handler", "http-api GET /", "pid 4711",
        "hello", "ok  12.3 ms + 1.2 ms overhead  init 74 ms  Max Memory Used: 61 MB of 128\n", "TypeError: x\n",
        "    at y (api.js:3)\n", "Api reloaded", "does not load", "SyntaxError: no",
        "another client has connected: ann@desk", "frames dropped (wrong_key): 3", "note\n"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(TerminalReporter, ColoursOnlyWhenToldAndEndsEveryColour) {
  std::string text = shown(everything(), {.color = true, .verbose = true});
  EXPECT_THAT(text, HasSubstr("\x1b[31m"));
  std::size_t begun = 0;
  std::size_t ended = 0;
  for (std::size_t at = text.find("\x1b["); at != std::string::npos; at = text.find("\x1b[", at + 1)) {
    (text.compare(at, 4, "\x1b[0m") == 0 ? ended : begun) += 1;
  }
  EXPECT_EQ(begun, ended);
}

TEST(TerminalReporter, LeavesOutWhatOnlyVerboseShows) {
  std::string text = shown({DeployProgress{"dev-app", "Topic", "AWS::SNS::Topic", "CREATE_IN_PROGRESS", ""},
                            Dropped{"wrong_key", 3}, BuildReport{.function = "Api", .status = "ok"}});
  EXPECT_EQ(text, "");
  EXPECT_THAT(shown({DeployProgress{"dev-app", "dev-app", "AWS::CloudFormation::Stack", "CREATE_IN_PROGRESS", ""}}),
              HasSubstr("CREATE_IN_PROGRESS"));
  EXPECT_THAT(
      shown({DeployProgress{"dev-app", "dev-app", "AWS::CloudFormation::Stack", "CREATE_IN_PROGRESS", "it goes on"}}),
      HasSubstr("it goes on"));
}

TEST(TerminalReporter, ShowsWhereADebuggerIs) {
  EXPECT_THAT(shown({DebuggerReport{.function = "Api", .debugger = "node", .address = "127.0.0.1:9229", .pid = 7}}),
              HasSubstr("● Api  node on 127.0.0.1:9229 pid 7\n"));
}

TEST(TerminalReporter, ShowsEachLineOfALogRecordBehindItsFunction) {
  std::string text = shown({LogLine{"r", "Api", "one\ntwo\n"}});
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  EXPECT_THAT(text, HasSubstr("Api  one\n"));
  EXPECT_THAT(text, HasSubstr("Api  two\n"));
}

TEST(TerminalReporter, KeepsControlSequencesOfOthersFromTheTerminal) {
  struct {
    const char* text;
    const char* shown;
  } cases[] = {
      {"a\x1b[31mred\x1b[0m", "ared"},
      {"a\x1b[2J\x1b[1;1Hb", "ab"},
      {"a\x1b]0;title\x07z", "az"},
      {"a\x1b]0;title\x1b\\z", "az"},
      {"a\rb\bc\x7f", "abc"},
      {"a\xc2\x9b"
       "31mb",
       "a31mb"},
      {"a\tcaf\xc3\xa9", "a\tcaf\xc3\xa9"},
      {"cut off\x1b[31", "cut off"},
      {"\x1b", ""},
  };
  for (const auto& [text, expected] : cases) {
    for (const std::string& out :
         {shown({LogLine{"r", "Api", text}}), shown({finished("error", text)}),
          shown({BuildReport{.function = "Api", .status = "error", .output = text}}), shown({Notice{text}}),
          shown({Displaced{text}}), shown({DeployProgress{"s", "r", "t", "CREATE_FAILED", text}})}) {
      EXPECT_THAT(out, HasSubstr(expected));
      EXPECT_THAT(out, Not(HasSubstr("\x1b")));
      EXPECT_THAT(out, Not(HasSubstr("\r")));
      EXPECT_THAT(out, Not(HasSubstr("\x07")));
    }
  }
  InvocationReport started = finished("");
  started.phase = InvocationReport::Phase::started;
  started.trigger = "http-api GET /\x1b[2J";  // paths are anybody's
  EXPECT_THAT(shown({started}), Not(HasSubstr("\x1b")));
}

TEST(TerminalError, HasPlaceMessageAndHint) {
  EXPECT_EQ(to_terminal_text({.kind = base::ErrorKind::invalid_input,
                              .message = "not a mapping",
                              .hint = "Mend it.",
                              .file = "template.yaml",
                              .line = 4},
                             false),
            "livelambda: template.yaml:4: not a mapping\n  Mend it.\n");
  EXPECT_EQ(to_terminal_text({.message = "broken"}, false), "livelambda: broken\n");
  EXPECT_THAT(to_terminal_text({.message = "broken"}, true), HasSubstr("\x1b[31mbroken\x1b[0m"));
}

TEST(Terminal, WantsNoColourForAPipeOrFile) {
  int ends[2] = {-1, -1};
  ASSERT_EQ(::pipe(ends), 0);
  EXPECT_FALSE(wants_color(ends[1]));
  ::close(ends[0]);
  ::close(ends[1]);
}

// A pseudo-terminal, which looks like a person's.
class PseudoTerminal : public ::testing::Test {
 protected:
  void SetUp() override {
    master_ = ::posix_openpt(2 /* O_RDWR */);
    if (master_ < 0 || ::grantpt(master_) != 0 || ::unlockpt(master_) != 0) GTEST_SKIP() << "no pseudo-terminals here";
    ::unsetenv("NO_COLOR");
    ::setenv("TERM", "xterm", 1);
  }
  void TearDown() override {
    if (master_ >= 0) ::close(master_);
    ::unsetenv("NO_COLOR");
  }
  int master_ = -1;
};

TEST_F(PseudoTerminal, WantsColourUnlessItIsRefused) {
  EXPECT_TRUE(wants_color(master_));
  ::setenv("NO_COLOR", "", 1);
  EXPECT_TRUE(wants_color(master_)) << "empty means nothing, says no-color.org";
  ::setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(wants_color(master_));
  ::unsetenv("NO_COLOR");
  ::setenv("TERM", "dumb", 1);
  EXPECT_FALSE(wants_color(master_));
}

}  // namespace
}  // namespace cli

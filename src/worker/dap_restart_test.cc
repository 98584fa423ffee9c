#include "worker/dap_restart.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace worker {
namespace {

std::string message(const std::string& body) {
  return fmt::format("Content-Length: {}\r\n\r\n{}", body.size(), body);
}

const std::string kStopped = message(R"({"type": "event",  "event": "stopped", "body": {"reason": "terminated"}})");
const std::string kTerminated = message(R"({"type":"event","event":"terminated"})");
const std::string kRestarted = message(R"({"type":"event","event":"terminated","body":{"restart":true}})");

TEST(DapRestart, TheEndOfAReplacedWorkerAsksForARestart) {
  DapRestart restart;
  EXPECT_EQ(restart.pass(kStopped + kTerminated + kStopped, true), kStopped + kRestarted + kStopped);
}

TEST(DapRestart, AnotherEndPassesAsItIs) {
  EXPECT_EQ(DapRestart().pass(kStopped + kTerminated, false), kStopped + kTerminated);
}

TEST(DapRestart, MessagesMayComeInPieces) {
  DapRestart restart;
  std::string passed;
  for (const char c : kStopped + kTerminated) passed += restart.pass({&c, 1}, true);
  EXPECT_EQ(passed, kStopped + kRestarted);
}

TEST(DapRestart, WhatIsNoDebugAdapterPassesAsItIs) {
  for (const std::string& text : {std::string(R"({"id":1,"result":{}})") + "\r\n\r\n", std::string(2000, 'x'),
                                  std::string("Content-Length: x\r\n\r\n{}")}) {
    DapRestart restart;
    EXPECT_EQ(restart.pass(text, true), text);
    EXPECT_EQ(restart.pass("more", true), "more");
  }
}

}  // namespace
}  // namespace worker

#include "worker/debugger.h"

#include <gmock/gmock.h>

#include "worker/language.h"

namespace worker {
namespace {

using ::testing::ElementsAre;

Program program_with(std::vector<std::string> arguments) {
  Program program{.command = {"/usr/bin/it"}, .task_root = "/code", .runtime_folder = "/loader"};
  program.command.insert(program.command.end(), arguments.begin(), arguments.end());
  program.command.emplace_back("bootstrap");
  return program;
}

TEST(Debugger, NodeListensOnTheLoopbackAloneAndWaitsIfAsked) {
  auto program = program_with(node_arguments(9229));
  EXPECT_THAT(program.command,
              ElementsAre("/usr/bin/it", "--inspect=127.0.0.1:9229", "--inspect-publish-uid=http", "bootstrap"));
  wait_for_client(program);
  EXPECT_THAT(program.command,
              ElementsAre("/usr/bin/it", "--inspect-wait=127.0.0.1:9229", "--inspect-publish-uid=http", "bootstrap"));
}

TEST(Debugger, DebugpyWaitsBeforeItRunsTheProgram) {
  auto program = program_with(debugpy_arguments(5678, ""));
  wait_for_client(program);
  EXPECT_THAT(program.command, ElementsAre("/usr/bin/it", "-X", "frozen_modules=off", "-m", "debugpy",
                                           "--wait-for-client", "--listen", "127.0.0.1:5678", "bootstrap"));
}

TEST(Debugger, JavaSuspendsIfAsked) {
  auto program = program_with(java_arguments(5005));
  EXPECT_EQ(program.command[1], "-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,quiet=y,address=127.0.0.1:5005");
  wait_for_client(program);
  EXPECT_EQ(program.command[1], "-agentlib:jdwp=transport=dt_socket,server=y,suspend=y,quiet=y,address=127.0.0.1:5005");
}

TEST(Debugger, AProgramWithoutADebuggerOfItsOwnStaysAsItIs) {
  auto program = program_with({});
  wait_for_client(program);
  EXPECT_THAT(program.command, ElementsAre("/usr/bin/it", "bootstrap"));
}

TEST(Debugger, DelveAndLldbAttachToTheProcess) {
  EXPECT_THAT(attach_command({Debugger::Kind::delve, "/bin/dlv"}, 4000, 77),
              ElementsAre("/bin/dlv", "attach", "77", "--headless", "--api-version=2", "--listen=127.0.0.1:4000"));
  EXPECT_THAT(attach_command({Debugger::Kind::lldb, "/bin/lldb-server"}, 4000, 77),
              ElementsAre("/bin/lldb-server", "gdbserver", "127.0.0.1:4000", "--attach", "77"));
}

}  // namespace
}  // namespace worker

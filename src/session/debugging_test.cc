#include "session/debugging.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>

#include "os/files.h"
#include "session/testing/recording_reporter.h"
#include "session/testing/scripted_launcher.h"

namespace session {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

app::Application application() {
  app::Application application;
  app::Stack root;
  for (const char* name : {"Api", "Apes", "Old"}) {
    app::Function function;
    function.logical_id = name;
    function.live = std::string(name) != "Old";
    if (!function.live) function.why_not = {.reason = app::StayReason::left_alone};
    root.functions.push_back(std::move(function));
  }
  application.stacks.push_back(std::move(root));
  return application;
}

TEST(Debugging, InspectsEveryLiveFunctionOrThoseThatAreNamed) {
  const auto app = application();
  EXPECT_THAT(functions_to_inspect({}, app).value(), ElementsAre("Apes", "Api"));
  EXPECT_THAT(functions_to_inspect({"Api"}, app).value(), ElementsAre("Api"));
  EXPECT_THAT(functions_to_inspect({"Ap*"}, app).value(), ElementsAre("Apes", "Api"));
}

TEST(Debugging, NamesTheNearestFunctionsOfOneThatIsNotThere) {
  const auto error = functions_to_inspect({"Api", "Apy"}, application()).error();
  EXPECT_EQ(error.kind, base::ErrorKind::usage);
  EXPECT_THAT(error.message, HasSubstr("\"Apy\""));
  EXPECT_THAT(error.hint, HasSubstr("The nearest names: Api"));
}

class NoProcesses final : public os::Spawner {
 public:
  base::Result<std::unique_ptr<os::Process>> spawn(os::ProcessOptions) override {
    return base::fail(base::ErrorKind::internal, "nothing is spawned here");
  }
};

// The ports that two functions get.
asio::awaitable<void> open(std::string ports_file, std::vector<std::uint16_t>* ports, std::string* said) {
  auto executor = co_await asio::this_coro::executor;
  NoProcesses spawner;
  testing::RecordingReporter reporter;
  testing::ScriptedLauncher launcher;
  Debugging debugging(executor, spawner, reporter, {.ports_file = std::move(ports_file), .environment = {}});
  EXPECT_TRUE(co_await debugging.open(launcher, {{.function = "Api"}, {.function = "Nested/Fn"}}, true));
  for (const auto& function : debugging.functions()) ports->push_back(function.port);
  for (const Report& report : reporter.reports) {
    if (const auto* notice = std::get_if<Notice>(&report)) *said += notice->text;
  }
  co_await debugging.close();
}

TEST(Debugging, FunctionsKeepTheirPortsUntilSomebodyElseHasOne) {
  os::TemporaryDirectory folder("debugging");
  const std::string file = folder.path() + "/ports.json";
  asio::io_context loop;
  std::vector<std::uint16_t> first;
  std::string said;
  base::run_until_done(loop, open(file, &first, &said));
  ASSERT_EQ(first.size(), 2U);
  EXPECT_GE(first[0], 9229);
  EXPECT_NE(first[0], first[1]);
  EXPECT_EQ(said, "");

  asio::io_context another;
  tcp::acceptor taken(another, {asio::ip::address_v4::loopback(), first[0]});
  std::vector<std::uint16_t> second;
  base::run_until_done(another, open(file, &second, &said));
  EXPECT_NE(second[0], first[0]);
  EXPECT_EQ(second[1], first[1]);
  EXPECT_EQ(said, fmt::format("port {} is taken: the debugger of Api is on {} from now on", first[0], second[0]));

  taken.close();
  asio::io_context third;
  std::vector<std::uint16_t> kept;
  base::run_until_done(third, open(file, &kept, &said));
  EXPECT_EQ(kept, second);
}

TEST(Debugging, SaysWhyAFunctionDoesNotRunHere) {
  EXPECT_THAT(functions_to_inspect({"Old"}, application()).error().message, HasSubstr("Old keeps its code in AWS"));
}

}  // namespace
}  // namespace session

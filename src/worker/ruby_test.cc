#include "worker/ruby.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "base/task_group.h"
#include "os/files.h"
#include "worker/testing/fake_spawner.h"

namespace worker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// An app with a function in functions/api, a PATH with ruby and ruby3.3, and a home with rbenv's versions.
class RubyApp : public ::testing::Test {
 public:
  RubyApp() {
    make("bin/ruby");
    make("bin/ruby3.3");
    make("home/.rbenv/versions/3.4.1/bin/ruby");
    make("app/functions/api/app.rb");
  }

  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
  void make(const std::string& name, std::string_view text = "") {
    ASSERT_TRUE(os::make_directories(path(name).substr(0, path(name).rfind('/'))));
    ASSERT_TRUE(os::write_file(path(name), text, 0755));
  }
  FunctionCode code(std::string runtime = "ruby3.4") const {
    return {.function = "Api",
            .runtime = std::move(runtime),
            .handler = "app.handler",
            .source = path("app/functions/api"),
            .app_folder = path("app")};
  }
  std::string relative(const std::string& found) const { return found.substr(folder_.path().size() + 1); }
  std::string found() const { return relative(find_ruby(code(), own_environment_).program); }
  base::Result<std::string> check(Language& language, std::string runtime = "ruby3.4") {
    boost::asio::io_context loop;
    std::optional<base::Result<std::string>> result;
    base::run_until_done(loop, [](Language& of, FunctionCode with, auto& into) -> awaitable<void> {
      into = co_await of.check(std::move(with));
    }(language, code(std::move(runtime)), result));
    return *result;
  }

  os::TemporaryDirectory folder_{"ruby-test"};
  worker::testing::FakeSpawner spawner_;
  std::map<std::string, std::string> own_environment_{{"PATH", folder_.path() + "/bin"},
                                                      {"HOME", folder_.path() + "/home"}};
};

TEST_F(RubyApp, RunsOnTheVersionThatTheProjectNamesElseOnPath) {
  EXPECT_EQ(found(), "bin/ruby");
  make("app/.ruby-version", "3.3.7\n");
  EXPECT_EQ(found(), "bin/ruby3.3");
  make("app/.ruby-version", "ruby-3.4.1\n");
  EXPECT_EQ(found(), "home/.rbenv/versions/3.4.1/bin/ruby");
  make("app/functions/api/.ruby-version", "9.9.9\n");
  EXPECT_EQ(found(), "bin/ruby") << "what is not there is no reason to fail";
  EXPECT_EQ(find_ruby(code(), own_environment_).wanted, "9.9.9");
}

TEST_F(RubyApp, TellsOfAnotherVersionAndRefusesAnOldOne) {
  auto check_output = [&](std::string output) {
    spawner_.output = std::move(output);
    auto language = make_ruby(spawner_, own_environment_, "/loaders/ruby");
    return check(*language);
  };
  EXPECT_EQ(check_output("/opt/ruby\n3.4.1\n"), std::string());
  EXPECT_EQ(check_output("/opt/ruby\n3.1.2\n"), "declared ruby3.4, runs on Ruby 3.1 here (" + path("bin/ruby") + ")");
  auto old = check_output("/opt/ruby\n2.7.4\n");
  ASSERT_FALSE(old);
  EXPECT_THAT(old.error().message, HasSubstr("3.1 is the oldest"));
  EXPECT_FALSE(check_output("no ruby at all\n"));
}

TEST_F(RubyApp, GemsAreThoseOfTheGemfileUnlessTheFunctionBringsThemAlong) {
  EXPECT_EQ(find_gemfile(code()), "");
  make("app/Gemfile");
  EXPECT_EQ(relative(find_gemfile(code())), "app/Gemfile");
  make("app/functions/api/Gemfile");
  spawner_.output = "/opt/ruby\n3.4.1\n";
  auto language = make_ruby(spawner_, own_environment_, "/loaders/ruby");
  ASSERT_TRUE(check(*language));
  const Program program = language->program(code(), "", 0);
  EXPECT_THAT(program.command, ElementsAre("/opt/ruby", "/loaders/ruby/bootstrap.rb"));
  EXPECT_EQ(program.environment.at("LIVELAMBDA_GEMFILE"), path("app/functions/api/Gemfile"));
  make("app/functions/api/vendor/bundle/ruby/3.4.0/gems/rack/rack.rb");
  EXPECT_EQ(find_gemfile(code()), "");
}

}  // namespace
}  // namespace worker

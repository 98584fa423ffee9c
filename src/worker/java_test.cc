#include "worker/java.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "base/task_group.h"
#include "codec/zip.h"
#include "os/files.h"
#include "worker/java_project.h"
#include "worker/testing/fake_spawner.h"

namespace worker {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// With a native library for either architecture.
std::string client_jar() {
  return codec::make_zip({{.name = "jni/libaws-lambda-jni.linux-x86_64.so", .content = "native"},
                          {.name = "jni/libaws-lambda-jni.linux-aarch_64.so", .content = "native"}});
}

constexpr const char* kClientJar = "aws-lambda-java-runtime-interface-client-2.9.0.jar";

// An app with a function in functions/orders, java and mvn on PATH, and a home with a cache.
class JavaApp : public ::testing::Test {
 public:
  JavaApp() {
    make("bin/java");
    make("bin/mvn");
    make("app/functions/orders/src/main/java/shop/Orders.java");
  }

  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
  void make(const std::string& name, std::string_view text = "") {
    ASSERT_TRUE(os::make_directories(path(name).substr(0, path(name).rfind('/'))));
    ASSERT_TRUE(os::write_file(path(name), text, 0755));
  }
  void make_client() {
    make("home/.cache/livelambda/java/aws-lambda-java-runtime-interface-client-2.9.0/" + std::string(kClientJar),
         client_jar());
  }
  FunctionCode code(std::string function = "Orders") const {
    return {.function = std::move(function),
            .runtime = "java17",
            .handler = "shop.Orders::take",
            .source = path("app/functions/orders"),
            .app_folder = path("app")};
  }
  template <typename T>
  T run(awaitable<T> what) {
    boost::asio::io_context loop;
    std::optional<T> result;
    base::run_until_done(loop, [](awaitable<T> of, auto& into) -> awaitable<void> {
      into = co_await std::move(of);
    }(std::move(what), result));
    return std::move(*result);
  }
  // The words of each command that was run, behind run_tool's own.
  std::vector<std::string> ran(std::size_t which) const {
    const auto& command = spawner_.spawned.at(which).command;
    return {command.begin() + 4, command.end()};
  }

  os::TemporaryDirectory folder_{"java-test"};
  worker::testing::FakeSpawner spawner_;
  std::map<std::string, std::string> own_environment_{{"PATH", folder_.path() + "/bin"},
                                                      {"HOME", folder_.path() + "/home"}};
};

TEST_F(JavaApp, ReadsTheVersionOfAnyJava) {
  EXPECT_EQ(parse_java_version("openjdk version \"17.0.15\" 2025-04-15\nOpenJDK Runtime"), 17);
  EXPECT_EQ(parse_java_version("Picked up JAVA_TOOL_OPTIONS: -Xmx1g\njava version \"1.8.0_402\"\n"), 8);
  EXPECT_EQ(parse_java_version("openjdk version \"25\" 2025-09-16"), 25);
  EXPECT_EQ(parse_java_version("no java"), std::nullopt);
}

TEST_F(JavaApp, TellsOfAnotherVersionAndOfAMissingTool) {
  auto check = [&](std::string said) {
    spawner_.output = std::move(said);
    return run(make_java(spawner_, own_environment_, "/loaders")->check(code()));
  };
  EXPECT_EQ(check("openjdk version \"17.0.1\"\n"), std::string());
  EXPECT_EQ(check("openjdk version \"21.0.1\"\n"), "declared java17, runs on Java 21 here (" + path("bin/java") + ")");
  EXPECT_FALSE(check("openjdk version \"1.7.0\"\n"));
  make("app/functions/orders/build.gradle");
  auto missing = check("openjdk version \"17.0.1\"\n");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("built by Gradle"));
  make("app/gradlew");
  EXPECT_TRUE(check("openjdk version \"17.0.1\"\n")) << "the project's wrapper is enough";
}

TEST_F(JavaApp, RunsOnTheJdkThatTheProjectNamesElseOnJavaHomeElseOnPath) {
  auto found = [&] { return find_java(code(), own_environment_).program.substr(folder_.path().size() + 1); };
  EXPECT_EQ(found(), "bin/java");
  make("jdk/bin/java");
  own_environment_["JAVA_HOME"] = path("jdk");
  EXPECT_EQ(found(), "jdk/bin/java");
  make("home/.sdkman/candidates/java/21.0.2-tem/bin/java");
  make("app/.sdkmanrc", "# ours\njava=21.0.2-tem\n");
  EXPECT_EQ(found(), "home/.sdkman/candidates/java/21.0.2-tem/bin/java");
  make("app/functions/orders/.tool-versions", "java temurin-25.0.0\n");
  EXPECT_EQ(found(), "jdk/bin/java");
  EXPECT_EQ(find_java(code(), own_environment_).wanted, "temurin-25.0.0");
}

TEST_F(JavaApp, FilesOfTestsAndOfTheBuildConcernNobody) {
  EXPECT_THAT(java_inputs(code()), IsEmpty());
  make("app/functions/orders/pom.xml");
  make("app/functions/orders/src/test/java/shop/OrdersTest.java");
  make("app/functions/orders/target/classes/shop/Orders.class");
  const auto inputs = java_inputs(code());
  EXPECT_THAT(inputs, Contains(path("app/functions/orders/src/main/java/shop/")));
  EXPECT_THAT(inputs, Contains(path("app/functions/orders/pom.xml")));
  EXPECT_THAT(inputs, Contains(path("app/pom.xml"))) << "a parent's, should there be one";
  EXPECT_THAT(inputs, Not(Contains(HasSubstr("test/"))));
  EXPECT_THAT(inputs, Not(Contains(HasSubstr("target"))));
  const auto before = java_stamp(code());
  EXPECT_EQ(java_stamp(code()), before);
  make("app/functions/orders/src/main/java/shop/Orders.java", "class Orders {}");
  EXPECT_NE(java_stamp(code()), before);
}

TEST_F(JavaApp, TheClientIsFetchedOnceByMaven) {
  auto language = make_java(spawner_, own_environment_, "/loaders");
  auto missing = run(language->missing({code(), code("Other")}));
  ASSERT_TRUE(missing && missing->size() == 1);
  EXPECT_EQ(missing->at(0).folder, java_client_folder(own_environment_));
  EXPECT_THAT(missing->at(0).command, Contains(path("bin/mvn")));
  make_client();
  EXPECT_EQ(run(language->missing({code()})), std::vector<Download>{});
  own_environment_["PATH"] = "/nowhere";
  own_environment_["XDG_CACHE_HOME"] = path("other");
  EXPECT_EQ(run(make_java(spawner_, own_environment_, "/loaders")->missing({code()})), std::vector<Download>{})
      << "without Maven, the build says that it is not there";
}

TEST_F(JavaApp, AProjectIsBuiltOnceForItsFunctionsAndAnewWhenAFileChanges) {
  make("app/functions/orders/pom.xml", "<project/>");
  make_client();
  auto language = make_java(spawner_, own_environment_, "/loaders");
  ASSERT_TRUE(run(language->build(code(), path("builds/Orders"))).ok);
  ASSERT_EQ(spawner_.spawned.size(), 1U);
  EXPECT_EQ(ran(0)[0], path("bin/mvn"));
  EXPECT_THAT(ran(0), Contains(HasSubstr(":build-classpath")));
  ASSERT_TRUE(run(language->build(code("Other"), path("builds/Other"))).ok);
  EXPECT_EQ(spawner_.spawned.size(), 1U) << "the same project, the same files";
  make("app/functions/orders/src/main/java/shop/Orders.java", "class Orders {}");
  ASSERT_TRUE(run(language->build(code(), path("builds/Orders"))).ok);
  ASSERT_EQ(spawner_.spawned.size(), 2U);
  EXPECT_THAT(ran(1), ElementsAre(path("bin/mvn"), "-q", "-B", "compile", "-o")) << "the pom.xml is what it was";

  const Program program = language->program(code(), path("builds/Orders"), 0);
  EXPECT_THAT(program.task_root, HasSubstr("builds/java/"));
  const auto& command = program.command;
  const std::string& class_path = command.at(4);
  EXPECT_LT(class_path.find(kClientJar), class_path.find(program.task_root)) << class_path;
  EXPECT_EQ(command.back(), "shop.Orders::take");
  EXPECT_THAT(command, Contains(HasSubstr("NativeClient.JNI=" + path("builds/java/native/"))));
}

TEST_F(JavaApp, ClassesRunAsTheyLieThereUnlessTheClientIsNowhere) {
  make("app/functions/orders/lib/stock.jar");
  auto language = make_java(spawner_, own_environment_, "/loaders");
  auto built = run(language->build(code(), path("builds/Orders")));
  EXPECT_FALSE(built.ok);
  EXPECT_THAT(built.output, HasSubstr("livelambda start --yes"));
  make(std::string("app/functions/orders/lib/") + kClientJar, client_jar());
  EXPECT_TRUE(run(language->build(code(), path("builds/Orders"))).ok);
  EXPECT_THAT(spawner_.spawned, IsEmpty());
  EXPECT_EQ(language->program(code(), "", 0).task_root, code().source);
}

}  // namespace
}  // namespace worker

#include "worker/layers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>

#include "base/task_group.h"
#include "codec/zip.h"
#include "os/files.h"

namespace worker {
namespace {

using ::testing::HasSubstr;

class LayersOf : public ::testing::Test {
 public:
  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
  void put(const std::string& name, const std::string& text) {
    ASSERT_TRUE(os::make_directories(path(name).substr(0, path(name).rfind('/'))));
    ASSERT_TRUE(os::write_file(path(name), text));
  }
  base::Result<std::string> lay_out(std::vector<std::string> layers, std::uint64_t revision = 0) {
    base::Result<std::string> opt;
    boost::asio::io_context loop;
    auto run = [](Layers& of, FunctionCode code, std::uint64_t at,
                  base::Result<std::string>& result) -> boost::asio::awaitable<void> {
      result = co_await of.lay_out(std::move(code), at);
    };
    for (auto& layer : layers) layer = path(layer);
    base::run_until_done(loop, run(layers_, {.function = "Fn", .layers = std::move(layers)}, revision, opt));
    return opt;
  }
  std::string read(const base::Result<std::string>& opt, const std::string& name) {
    return opt ? os::read_file(*opt + "/" + name).value_or("none") : opt.error().message;
  }
  std::size_t layouts() const {
    std::size_t count = 0;
    for (const auto& of : std::filesystem::directory_iterator(path("laid"))) {
      for ([[maybe_unused]] const auto& layout : std::filesystem::directory_iterator(of)) ++count;
    }
    return count;
  }

  os::TemporaryDirectory folder_{"layers-test"};
  Layers layers_{path("laid")};
};

TEST_F(LayersOf, OneFolderAreThatFolder) {
  put("one/python/own.py", "1");
  EXPECT_EQ(lay_out({}).value_or("none"), "");
  EXPECT_EQ(lay_out({"one"}).value_or("none"), path("one"));
}

TEST_F(LayersOf, SeveralLieOverEachOther) {
  put("one/word", "first");
  put("one/deep/a", "a");
  put("one/both", "a file");
  put("two/word", "second");
  put("two/deep/b", "b");
  put("two/both/c", "c");
  ASSERT_TRUE(
      os::write_file(path("three.zip"), codec::make_zip({{"bin/tool", "#!/bin/sh\n", 0755}, {"deep/b", "zip"}})));
  auto opt = lay_out({"one", "two", "three.zip"});
  EXPECT_EQ(read(opt, "word"), "second");
  EXPECT_EQ(read(opt, "deep/a"), "a");
  EXPECT_EQ(read(opt, "deep/b"), "zip");
  EXPECT_EQ(read(opt, "both/c"), "c");
  EXPECT_EQ(std::filesystem::status(*opt + "/bin/tool").permissions(), std::filesystem::perms(0755));
  EXPECT_EQ(os::read_file(path("two/deep/b")).value_or(""), "b");
  EXPECT_EQ(read(lay_out({"two", "one"}), "word"), "first");
}

TEST_F(LayersOf, AnEditedFunctionAreLaidOutAnewAndTheOneBeforeStays) {
  put("one/word", "first");
  put("two/other", "other");
  auto first = lay_out({"one", "two"});
  EXPECT_EQ(lay_out({"one", "two"}, 1).value_or(""), *first);
  std::uint64_t revision = 1;
  for (const char* word : {"second", "third"}) {
    put("one/word", word);
    EXPECT_EQ(read(lay_out({"one", "two"}, ++revision), "word"), word);
  }
  put("one/word", "unheard of");
  auto last = lay_out({"one", "two"}, revision);
  EXPECT_EQ(read(last, "word"), "third");
  EXPECT_NE(*first, *last);
  EXPECT_EQ(layouts(), 2U);
}

TEST_F(LayersOf, WhatIsNotThereOrBrokenIsNamed) {
  put("broken.zip", "no archive");
  EXPECT_THAT(lay_out({"missing"}).error().message, HasSubstr("Fn has the layer " + path("missing")));
  EXPECT_THAT(lay_out({"broken.zip"}).error().message, HasSubstr("broken.zip is no archive"));
}

TEST(ClassPath, EndsWithTheJarsOfLayers) {
  std::vector<std::string> command = {"java", "-cp", "client.jar:/app", "Main", "-cp"};
  add_to_class_path(command, "");
  EXPECT_EQ(command[2], "client.jar:/app");
  add_to_class_path(command, "/layer");
  EXPECT_EQ(command[2], "client.jar:/app:/layer/java/lib/*");
  std::vector<std::string> without = {"node", "-cp"};
  add_to_class_path(without, "/layer");
  EXPECT_EQ(without.size(), 2U);
}

TEST(PathHere, MapsWhatLambdaHas) {
  EXPECT_EQ(path_here("/opt/wrapper", "/layers/one", "/app"), "/layers/one/wrapper");
  EXPECT_EQ(path_here("/opt/wrapper", "", "/app"), "/opt/wrapper");
  EXPECT_EQ(path_here("/var/task/wrapper.sh", "/layers/one", "/app"), "/app/wrapper.sh");
  EXPECT_EQ(path_here("./wrapper.sh", "/layers/one", "/app"), "./wrapper.sh");
}

}  // namespace
}  // namespace worker

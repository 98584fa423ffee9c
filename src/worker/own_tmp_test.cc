#include "worker/own_tmp.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "os/files.h"

namespace worker {
namespace {

using Variables = std::map<std::string, std::string>;

os::ProcessOptions process() {
  return {.command = {"/usr/bin/node", "/home/tom/loader.mjs"},
          .environment = {{"PATH", "/usr/bin"}, {"TABLE", "orders"}, {"CACHE", "/tmp/cache"}},
          .directory = "/home/tom/app"};
}
const Variables kGiven = {{"TABLE", "orders"}, {"CACHE", "/tmp/cache"}};

bool has_own(os::ProcessOptions options, const std::string& folder = "/state/tmp/F") {
  give_own_tmp(options, folder, kGiven);
  return options.private_tmp.has_value() && options.private_tmp->folder == folder;
}

TEST(OwnTmp, IsGivenToAProcessThatCanDoWithoutTheMachines) {
  EXPECT_TRUE(has_own(process())) << "what the function says of /tmp is about its own";
  EXPECT_FALSE(has_own(process(), ""));
  auto options = process();
  options.directory = "/tmp/app";
  EXPECT_FALSE(has_own(options));
  options = process();
  options.command[0] = "/tmp/node/bin/node";
  EXPECT_FALSE(has_own(options));
  options = process();
  options.environment["NODE_EXTRA_CA_CERTS"] = "/tmp/ca.pem";
  EXPECT_FALSE(has_own(options));
  options = process();
  options.environment["PATH"] = "/usr/bin:/tmp/bin";
  EXPECT_FALSE(has_own(options));
}

TEST(OwnTmp, MakesTheMachinesTmpdirNoneOfTheFunctions) {
  auto options = process();
  options.environment["TMPDIR"] = "/tmp/tom";
  give_own_tmp(options, "/state/tmp/F", kGiven);
  EXPECT_TRUE(options.private_tmp);
  EXPECT_FALSE(options.environment.contains("TMPDIR"));
}

TEST(OwnTmp, IsAFolderForEachEnvironment) {
  const os::TemporaryDirectory all("own-tmp-test");
  WorkerSpec spec{.code = {.function = "Nested/F"},
                  .environment = {{"AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/02/[$LATEST]abc"}}};
  const std::string folder = tmp_folder(all.path(), spec);
  EXPECT_TRUE(std::filesystem::is_directory(folder));
  EXPECT_EQ(tmp_folder(all.path(), spec), folder) << "the next worker of the environment finds what was written";
  spec.environment["AWS_LAMBDA_LOG_STREAM_NAME"] = "2026/01/02/[$LATEST]def";
  EXPECT_NE(tmp_folder(all.path(), spec), folder);
  EXPECT_EQ(tmp_folder("", spec), "");
  spec.code.debugged = true;
  EXPECT_EQ(tmp_folder(all.path(), spec), "");
}

}  // namespace
}  // namespace worker

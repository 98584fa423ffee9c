#include "worker/own_tmp.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

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

// What the process keeps of the machine's /tmp; nothing if that stays as a whole.
std::optional<std::vector<std::string>> kept(os::ProcessOptions options) {
  give_own_tmp(options, "/state/tmp/F", kGiven);
  if (!options.private_tmp) return std::nullopt;
  EXPECT_EQ(options.private_tmp->folder, "/state/tmp/F");
  return options.private_tmp->keeps;
}

using Kept = std::vector<std::string>;

TEST(OwnTmp, KeepsWhatTheProcessIsToldOfTheMachines) {
  const os::TemporaryDirectory place("own-tmp-test");  // in /tmp
  const std::string at = place.path();
  EXPECT_EQ(kept(process()), Kept{}) << "what the function says of /tmp is about its own";
  auto options = process();
  options.directory = at + "/app";
  EXPECT_EQ(kept(options), Kept{at});
  options = process();
  options.command[0] = at + "/node/bin/node";
  EXPECT_EQ(kept(options), Kept{at});
  options = process();
  options.command = {"/bin/sh", "-c", "exec env A=1 '" + at + "/program' --out /tmp/not-there --scratch=/tmp"};
  EXPECT_EQ(kept(options), Kept{at}) << "behind a space, in quotes";
  options = process();
  options.environment["NODE_EXTRA_CA_CERTS"] = at + "/ca.pem";
  EXPECT_EQ(kept(options), Kept{at});
  options = process();
  options.environment["PATH"] = "/usr/bin:" + at + "/bin";
  EXPECT_EQ(kept(options), Kept{at});
}

TEST(OwnTmp, KeepsWhereLinksLead) {
  const os::TemporaryDirectory place("own-tmp-test");
  const os::TemporaryDirectory elsewhere("own-tmp-test");
  const std::string app = place.path() + "/app";
  const std::string target = elsewhere.path();
  const auto kept_by_link = [&](const std::string& link, const std::string& directory) {
    std::filesystem::create_directories(std::filesystem::path(link).parent_path());
    std::filesystem::create_symlink(target, link);
    auto options = process();
    options.directory = directory;
    std::filesystem::create_directories(directory);
    auto found = kept(options);
    std::filesystem::remove(link);
    return found && std::ranges::find(*found, target) != found->end();
  };
  EXPECT_TRUE(kept_by_link(app + "/shared", app));
  EXPECT_TRUE(kept_by_link(app + "/node_modules", app));
  EXPECT_TRUE(kept_by_link(app + "/node_modules", app + "/functions/one"));
  EXPECT_TRUE(kept_by_link(app + "/node_modules/package", app + "/functions/one"));
  EXPECT_TRUE(kept_by_link(app + "/node_modules/@scope/package", app));
  EXPECT_FALSE(kept_by_link(app + "/other/shared", app));

  std::filesystem::create_directories(target + "/bin");
  std::filesystem::create_symlink("/bin/sh", target + "/bin/python");
  std::filesystem::create_symlink(target, app + "/.venv");
  auto options = process();
  options.command[0] = app + "/.venv/bin/python";
  auto found = kept(options);
  ASSERT_TRUE(found);
  EXPECT_EQ(std::ranges::count(*found, target), 1) << "the link leads on out of /tmp";
}

TEST(OwnTmp, LeavesTheMachinesToWhoNeedsAllOfIt) {
  auto options = process();
  give_own_tmp(options, "", kGiven);
  EXPECT_FALSE(options.private_tmp);
  options.directory = "/tmp";
  EXPECT_FALSE(kept(options));
  options = process();
  options.environment["PATH"] = "/usr/bin:/tmp";
  EXPECT_FALSE(kept(options));
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

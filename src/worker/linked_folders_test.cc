#include "worker/linked_folders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "os/files.h"

namespace worker {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// A repository with an app in it: /repository/apps/orders.
class LinkedFolders : public ::testing::Test {
 protected:
  LinkedFolders() {
    for (const char* folder : {"apps/orders/api", "apps/orders/jobs", "packages/shared/src", "apps/orders/node_modules",
                               "node_modules/@org", "node_modules/.store/left/node_modules/left"}) {
      fs::create_directories(root_ / folder);
    }
    functions_ = {{.function = "Api", .folder = app_ + "/api"}, {.function = "Jobs", .folder = app_ + "/jobs"}};
  }

  void link(const std::string& at, const std::string& target) {
    fs::create_directory_symlink(root_ / target, root_ / at);
  }
  std::string path(const std::string& below) const { return root_ / below; }
  std::vector<LinkedFolder> found() const { return linked_folders(app_, functions_); }
  std::set<std::string> touched(const std::string& file) const {
    return touched_functions(with_links({.paths = {path(file)}}, found()), app_, functions_);
  }

  os::TemporaryDirectory folder_{"linked-folders-test"};
  fs::path root_ = fs::canonical(folder_.path());
  std::string app_ = root_ / "apps/orders";
  std::vector<FunctionSource> functions_;
};

TEST_F(LinkedFolders, AreSeenWhereTheLinkIs) {
  link("apps/orders/api/shared", "packages/shared");
  EXPECT_THAT(found(), ElementsAre(LinkedFolder{app_ + "/api/shared", path("packages/shared")}));
  EXPECT_THAT(touched("packages/shared/src/a.mjs"), ElementsAre("Api"));
  EXPECT_THAT(touched("packages/other/a.mjs"), IsEmpty());
  link("apps/orders/shared", "packages/shared");
  EXPECT_THAT(touched("packages/shared/src/a.mjs"), ElementsAre("Api", "Jobs")) << "shared by all in the app's folder";
}

TEST_F(LinkedFolders, MayLeadToTheFolderOfAnotherFunction) {
  link("apps/orders/api/lib", "apps/orders/jobs");
  EXPECT_THAT(touched("apps/orders/jobs/a.mjs"), ElementsAre("Api", "Jobs"));
}

TEST_F(LinkedFolders, ArePackagesOfAWorkspace) {
  link("node_modules/@org/shared", "packages/shared");
  EXPECT_THAT(touched("packages/shared/src/a.mjs"), ElementsAre("Api", "Jobs"));
}

TEST_F(LinkedFolders, AreNotWhatAPackageManagerStores) {
  link("node_modules/left", "node_modules/.store/left/node_modules/left");
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(LinkedFolders, DoNotLeadBackToTheApp) {
  link("apps/orders/self", "apps/orders");
  link("apps/orders/everything", ".");
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(LinkedFolders, OfInputsAreThoseOfTheRepositoryThatNobodyWatches) {
  functions_[0].inputs = {path("packages/shared/src/a.ts"), app_ + "/api/a.ts", path("node_modules/x/x.js"),
                          path("package.json"), "/usr/lib/go/src/fmt/a.go"};
  EXPECT_THAT(folders_of_inputs(app_, functions_), IsEmpty()) << "it is in no repository";
  fs::create_directory(root_ / ".git");
  EXPECT_THAT(folders_of_inputs(app_, functions_), UnorderedElementsAre(path("packages/shared/src")));
}

}  // namespace
}  // namespace worker

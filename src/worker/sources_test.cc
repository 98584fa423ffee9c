#include "worker/sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace worker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::set<std::string> touched(std::vector<FunctionSource> functions, std::set<std::string> paths) {
  return touched_functions({.paths = std::move(paths), .overflow = false}, "/app", functions);
}

const std::vector<FunctionSource> kTwoFolders = {{"Api", "/app/api"}, {"Sns", "/app/sns"}};

TEST(Sources, AFileTouchesTheFunctionsWhoseFolderHoldsIt) {
  EXPECT_THAT(touched(kTwoFolders, {"/app/api/index.js"}), ElementsAre("Api"));
  EXPECT_THAT(touched({{"Api", "/app"}, {"Sns", "/app"}}, {"/app/api.js"}), ElementsAre("Api", "Sns"));
  EXPECT_THAT(touched({{"All", "/app"}, {"Sub", "/app/sub"}}, {"/app/sub/x.js"}), ElementsAre("All", "Sub"));
}

TEST(Sources, AFileOfNoFunctionTouchesAllOfThem) {
  EXPECT_THAT(touched(kTwoFolders, {"/app/lib/shared.js"}), ElementsAre("Api", "Sns"));
}

TEST(Sources, OfAFunctionThatWasBuiltWhatTheBuildReadCounts) {
  const std::vector<FunctionSource> functions = {{"Built", "/app", {"/app/src/a.ts", "/app/lib/deep/b.ts", "/app/go/"}},
                                                 {"Plain", "/app/plain"}};
  EXPECT_THAT(touched(functions, {"/app/src/a.ts"}), ElementsAre("Built"));
  EXPECT_THAT(touched(functions, {"/app/lib"}), ElementsAre("Built")) << "a folder that went";
  EXPECT_THAT(touched(functions, {"/app/go/new.go"}), ElementsAre("Built"));
  EXPECT_THAT(touched(functions, {"/app/src/unused.ts", "/app/go/deep/x.go"}), IsEmpty());
  EXPECT_THAT(touched(functions, {"/app/plain/x.js"}), ElementsAre("Plain"));
  EXPECT_THAT(touched(functions, {"/app/tsconfig.json"}), ElementsAre("Built"));
}

TEST(Sources, AFolderWithALongerNameIsAnother) {
  EXPECT_THAT(touched({{"Api", "/app/api"}, {"Other", "/app/api-v2"}}, {"/app/api-v2/x.js"}), ElementsAre("Other"));
}

TEST(Sources, WhatNoCodeIsLoadedFromTouchesNothing) {
  EXPECT_THAT(touched(kTwoFolders, {"/app/.git/index", "/app/.livelambda/session.json",
                                    "/app/api/node_modules/x/index.js", "/app/api/.index.js.swp", "/app/api/index.js~",
                                    "/app/api/4913", "/app/.aws-sam/build/api/x.js", "/elsewhere/x.js"}),
              IsEmpty());
}

TEST(Sources, NamesAboveTheAppFolderDoNotCount) {
  EXPECT_THAT(touched_functions({.paths = {"/home/node_modules/app/x.js"}, .overflow = false}, "/home/node_modules/app",
                                std::vector<FunctionSource>{{"Api", "/home/node_modules/app"}}),
              ElementsAre("Api"));
}

TEST(Sources, AFileOfALayerTouchesWhoeverHasIt) {
  const std::vector<FunctionSource> functions = {{"Api", "/app/api", {"/app/api/read.ts"}, {"/app/layer"}},
                                                 {"Sns", "/app/sns"},
                                                 {"Far", "/app/far", {}, {"/shared/layer", "/app/tools.zip"}}};
  EXPECT_THAT(touched(functions, {"/app/layer/nodejs/node_modules/own/index.js"}), ElementsAre("Api"));
  EXPECT_THAT(touched(functions, {"/shared/layer/python/own.py"}), ElementsAre("Far"));
  EXPECT_THAT(touched(functions, {"/app/tools.zip"}), ElementsAre("Far"));
  EXPECT_THAT(touched(functions, {"/app/layer/.own.py.swp", "/app/layers/x.py~"}), IsEmpty());
}

TEST(Sources, WatchesLayersThatAreFolders) {
  EXPECT_THAT(layers_to_watch(std::vector<FunctionSource>{{"F", "/f", {}, {"/usr", "/usr/lib", "/no/such.zip"}}}),
              ElementsAre("/usr"));
  EXPECT_FALSE(skip_in_layer("node_modules"));
}

TEST(Sources, AnOverflowTouchesAll) {
  EXPECT_THAT(touched_functions({.paths = {}, .overflow = true}, "/app", kTwoFolders), ElementsAre("Api", "Sns"));
}

TEST(Sources, WatchesOutermostFoldersOnce) {
  EXPECT_THAT(folders_to_watch("/app", kTwoFolders), ElementsAre("/app"));
  EXPECT_THAT(folders_to_watch("/app", std::vector<FunctionSource>{{"F", "/shared/f"}, {"G", "/app2"}}),
              ElementsAre("/app", "/app2", "/shared/f"));
}

}  // namespace
}  // namespace worker

#include "worker/sdk_use.h"

#include <gtest/gtest.h>

#include "os/files.h"

namespace worker {
namespace {

using Packages = std::set<std::string>;

TEST(NodeSdkImports, AreFoundInEveryForm) {
  const auto of = [](std::string_view source) { return node_sdk_imports(source, "nodejs22.x"); };
  EXPECT_EQ(of(R"(import { S3Client } from "@aws-sdk/client-s3";)"), Packages{"@aws-sdk/client-s3"});
  EXPECT_EQ(of("import {\n  S3Client,\n} from '@aws-sdk/client-s3/dist-cjs/x'"), Packages{"@aws-sdk/client-s3"});
  EXPECT_EQ(of("import '@smithy/node-http-handler'"), Packages{"@smithy/node-http-handler"});
  EXPECT_EQ(of("const x = require( \"@aws-sdk/client-sns\" )"), Packages{"@aws-sdk/client-sns"});
  EXPECT_EQ(of("await import(`@aws-sdk/client-sns`)"), Packages{"@aws-sdk/client-sns"});
  EXPECT_EQ(of("export * from '@aws-sdk/a';import b from '@aws-sdk/b'"), (Packages{"@aws-sdk/a", "@aws-sdk/b"}));
}

TEST(NodeSdkImports, AreNoTypesAndNoOtherTexts) {
  const auto of = [](std::string_view source) { return node_sdk_imports(source, "nodejs22.x"); };
  EXPECT_EQ(of("import type { S3Client } from '@aws-sdk/client-s3';"), Packages{});
  EXPECT_EQ(of("import type, { S3 } from '@aws-sdk/client-s3'"), Packages{"@aws-sdk/client-s3"});
  EXPECT_EQ(of("const text = '@aws-sdk/client-s3';"), Packages{});
  EXPECT_EQ(of("// see @aws-sdk/client-s3"), Packages{});
  EXPECT_EQ(of("import x from 'my/@aws-sdk/client-s3'; import '@aws-sdk/"), Packages{});
  EXPECT_EQ(of("@aws-sdk/x"), Packages{});
}

TEST(NodeSdkImports, AreOfTheVersionThatTheRuntimeHas) {
  const std::string_view both = "require('aws-sdk'); require('aws-sdk/clients/s3'); require('@aws-sdk/client-s3');";
  EXPECT_EQ(node_sdk_imports(both, "nodejs16.x"), Packages{"aws-sdk"});
  EXPECT_EQ(node_sdk_imports(both, "nodejs18.x"), Packages{"@aws-sdk/client-s3"});
}

TEST(NodeSdkUse, IsOfTheFunctionsOwnFiles) {
  const os::TemporaryDirectory folder("sdk-use-test");
  const auto make = [&](const std::string& name) {
    const auto path = folder.path() + "/" + name;
    ASSERT_TRUE(os::make_directories(path.substr(0, path.rfind('/'))));
    ASSERT_TRUE(os::write_file(path, "import '@aws-sdk/" + name.substr(0, name.find('/')) + "'"));
  };
  for (const char* name : {"lib/a.mts", "node_modules/x/a.js", "tests/a.js", ".git/a.js", "types/a.d.ts", "notes/a.md"})
    make(name);
  const auto use = node_sdk_use(folder.path(), "nodejs22.x");
  ASSERT_EQ(use.size(), 1u);
  EXPECT_EQ(use.at("@aws-sdk/lib"), Packages{folder.path() + "/lib"});
}

TEST(ImportsBoto3, AtTheBeginningOfAStatement) {
  for (const char* source : {"import boto3", "x = 1\n    import os, boto3\n", "from botocore.config import Config",
                             "import boto3.session as s"})
    EXPECT_TRUE(imports_boto3(source)) << source;
  for (const char* source : {"# boto3", "x = 'boto3'", "import boto3_mocks", "from my.boto3 import x", ""})
    EXPECT_FALSE(imports_boto3(source)) << source;
}

}  // namespace
}  // namespace worker

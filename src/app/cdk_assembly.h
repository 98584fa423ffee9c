// The cloud assembly that a CDK app is synthesised to (`cdk.out`), read into stacks: its manifest.json, the assemblies
// nested in it (CDK Stages), and their templates. Where a function's code comes from stands in its Metadata, written by
// runtimes/cdk/hook.cjs during the synthesis; it is taken out of the templates here, so that no path of this machine
// is deployed. Pure: the caller reads the files.
// Format: aws/aws-cdk-cli packages/@aws-cdk/cloud-assembly-schema.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/model.h"
#include "app/template_reader.h"
#include "base/result.h"

namespace app {

// A stack as the manifest has it.
struct CdkArtifact {
  std::string id;             // unique in the app
  std::string selector;       // its construct path, by which `cdk deploy` knows it
  std::string name;           // what CloudFormation calls it
  std::string folder;         // of the assembly that it stands in
  std::string template_file;  // in that folder
  std::string assets_file;    // in that folder, "" = no asset is published for it
  std::string account;        // "" = that of whoever deploys it
  std::string region;
  std::vector<std::string> depends_on;  // ids of other stacks
  std::map<std::string, std::string> tags = {};
};

using ReadFile = std::function<std::optional<std::string>(const std::string& path)>;

// What others depend on comes first. Errors: invalid_input, with the file, for an assembly without a manifest.json, or
// with one that is no such manifest.
base::Result<std::vector<CdkArtifact>> read_cdk_manifest(const std::string& folder, const ReadFile& read_file);

struct CdkAssembly {
  std::vector<Stack> stacks;  // in the artifacts' order
  // Code (entries, or folders) that is deployed, since its function is not live, and that the hook left unbuilt unless
  // it was told to build it.
  std::set<std::string> deployed_code;
};

// `options` are those of every template, with its read_file; name, id, file and called_exports are set here. What
// `pseudo` says of AWS::Region and AWS::AccountId is the session's: functions of stacks that are bound to other places
// keep their code. Errors: as read_template.
base::Result<CdkAssembly> read_cdk_assembly(const std::vector<CdkArtifact>& artifacts, const ReadOptions& options);

}  // namespace app

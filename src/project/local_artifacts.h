// Folders and files beside the template that CloudFormation can only take from S3, read as `aws cloudformation package`
// reads them: links are followed, and every file goes along but those of .git, .aws-sam and .livelambda.
#pragma once

#include <string>
#include <vector>

#include "app/model.h"
#include "base/result.h"
#include "codec/zip.h"

namespace project {

// What is uploaded for an artifact: entries to be zipped, or one file as it is.
struct ArtifactContent {
  bool zipped = false;
  std::vector<codec::ZipEntry> entries;  // by name
  std::string file;
  std::string extension;  // of a file that goes as it is: "zip", "json"
};

// Reads as much as the artifact has (up to 250 MiB), so it does not belong on a loop's thread; it may run on any, since
// it touches nothing shared. Errors: invalid_input with the template's file and line: the path is not there, a file
// cannot be read, or code is more than Lambda takes; internal for a nested template, which is a stack of its own.
base::Result<ArtifactContent> read_artifact(const app::LocalArtifact& artifact, const std::string& template_file);

}  // namespace project

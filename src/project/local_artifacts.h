// Folders and files beside the template that CloudFormation can only take from S3, read as `aws cloudformation package`
// reads them.
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
  std::vector<codec::ZipEntry> entries;
  std::string file;
  std::string extension;  // of a file that goes as it is: "zip", "json"
};

// Errors: invalid_input with the template's file and line: the path is not there, or a nested template, which needs
// packaging of its own and is not there yet.
base::Result<ArtifactContent> read_artifact(const app::LocalArtifact& artifact, const std::string& template_file);

}  // namespace project

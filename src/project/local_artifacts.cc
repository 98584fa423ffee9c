#include "project/local_artifacts.h"

#include <fmt/format.h>

#include <filesystem>

#include "os/files.h"

namespace project {
namespace {

namespace fs = std::filesystem;

// Regular files below a folder, with their permission bits; links are followed as to what they mean.
base::Result<std::vector<codec::ZipEntry>> read_folder(const fs::path& folder) {
  std::vector<codec::ZipEntry> entries;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; at != end && !error; at.increment(error)) {
    if (at->is_directory(error) && at->path().filename() == ".git") at.disable_recursion_pending();
    if (!at->is_regular_file(error)) continue;
    TRY(auto content, os::read_file(at->path().string()));
    bool executable = (at->status(error).permissions() & fs::perms::owner_exec) != fs::perms::none;
    entries.push_back({at->path().lexically_relative(folder).string(), std::move(content), executable ? 0755U : 0644U});
  }
  if (error)
    return base::fail(base::ErrorKind::local_resource, fmt::format("{}: {}", folder.string(), error.message()));
  return entries;
}

}  // namespace

base::Result<ArtifactContent> read_artifact(const app::LocalArtifact& artifact, const std::string& template_file) {
  auto refuse = [&](std::string message, std::string hint) -> base::Result<ArtifactContent> {
    return base::fail({.kind = base::ErrorKind::invalid_input,
                       .message = std::move(message),
                       .hint = std::move(hint),
                       .file = template_file,
                       .line = artifact.line});
  };
  if (artifact.kind == app::LocalArtifact::Kind::template_) {
    return refuse(fmt::format("{} is a nested template, which livelambda cannot package yet", artifact.path),
                  "Start the nested stack's folder on its own, or move its resources into the parent template.");
  }
  fs::path path = fs::path(template_file).parent_path() / artifact.path;
  std::error_code error;
  if (!fs::exists(path, error)) {
    return refuse(fmt::format("{} names {}, which is not there", artifact.logical_id, artifact.path),
                  "Build it, or mend the path.");
  }
  ArtifactContent content;
  std::string extension = path.extension().string();
  bool is_archive = extension == ".zip" || extension == ".jar";
  if (fs::is_directory(path, error)) {
    content.zipped = true;
    TRY(content.entries, read_folder(path));
    return content;
  }
  TRY(content.file, os::read_file(path.string()));
  if (artifact.kind == app::LocalArtifact::Kind::zip && !is_archive) {
    content.zipped = true;
    content.entries = {{path.filename().string(), std::move(content.file)}};
    return content;
  }
  content.extension = extension.empty() ? "bin" : extension.substr(1);
  return content;
}

}  // namespace project

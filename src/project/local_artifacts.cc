#include "project/local_artifacts.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <set>

#include "os/files.h"

namespace project {
namespace {

namespace fs = std::filesystem;

// Lambda's limit for a function with its layers, unzipped: 250 MB, which its documentation counts in powers of two.
constexpr std::uintmax_t kMaxUnzipped = std::uintmax_t{250} << 20;

// Never meant for Lambda, and some of it is secret.
bool is_left_out(const fs::path& name) {
  return name == ".git" || name == ".aws-sam" || name == ".livelambda";
}

struct FoundFile {
  fs::path path;
  std::string name;  // in the archive
  bool executable = false;
};

// Regular files below a folder. A failure is told as a sentence.
class FolderWalk {
 public:
  explicit FolderWalk(std::optional<std::uintmax_t> limit) : limit_(limit) {}

  std::optional<std::string> walk(const fs::path& folder, const std::string& prefix) {
    std::error_code error;
    fs::path real = fs::canonical(folder, error);
    if (error) return fmt::format("{}: {}", folder.string(), error.message());
    if (!above_.insert(real).second) return fmt::format("{} is a link to a folder above it", folder.string());
    for (fs::directory_iterator at(folder, error), end; at != end && !error; at.increment(error)) {
      if (is_left_out(at->path().filename())) continue;
      if (auto failure = add(*at, prefix)) return failure;
    }
    above_.erase(real);
    if (error) return fmt::format("{}: {}", folder.string(), error.message());
    return std::nullopt;
  }

  const std::vector<FoundFile>& files() const { return files_; }

 private:
  std::optional<std::string> add(const fs::directory_entry& entry, const std::string& prefix) {
    std::error_code error;
    fs::file_status status = entry.status(error);  // of what a link means
    if (error || status.type() == fs::file_type::not_found) {
      return fmt::format("{} is a link to nothing", entry.path().string());
    }
    std::string name = prefix + entry.path().filename().string();
    if (status.type() == fs::file_type::directory) return walk(entry.path(), name + "/");
    if (status.type() != fs::file_type::regular) return fmt::format("{} is no regular file", entry.path().string());
    size_ += entry.file_size(error);
    if (limit_ && size_ > *limit_) return fmt::format("its files are more than {} MiB unzipped", *limit_ >> 20);
    constexpr fs::perms kAnyExec = fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec;
    files_.push_back({entry.path(), std::move(name), (status.permissions() & kAnyExec) != fs::perms::none});
    return std::nullopt;
  }

  const std::optional<std::uintmax_t> limit_;
  std::uintmax_t size_ = 0;
  std::set<fs::path> above_;  // the folders that lead here, so that links make no circle
  std::vector<FoundFile> files_;
};

class ArtifactReader {
 public:
  ArtifactReader(const app::LocalArtifact& artifact, const std::string& template_file)
      : artifact_(artifact),
        template_file_(template_file),
        path_(fs::path(template_file).parent_path() / artifact.path) {}

  base::Result<ArtifactContent> read() const {
    if (artifact_.kind == app::LocalArtifact::Kind::template_) {
      return base::fail(base::ErrorKind::internal, fmt::format("{} is a stack of its own", artifact_.path));
    }
    std::error_code error;
    if (!fs::exists(path_, error)) {
      return refuse(fmt::format("{} names {}, which is not there", artifact_.logical_id, artifact_.path),
                    "Build it, or mend the path.");
    }
    if (fs::is_directory(path_, error)) return read_folder();
    if (!fs::is_regular_file(path_, error)) {
      return refuse(
          fmt::format("{} names {}, which is neither a file nor a folder", artifact_.logical_id, artifact_.path),
          "Name what is to be packaged.");
    }
    return read_one_file();
  }

 private:
  base::Result<ArtifactContent> read_folder() const {
    bool is_code = artifact_.type.starts_with("AWS::Lambda::") || artifact_.type.starts_with("AWS::Serverless::");
    FolderWalk folder(is_code ? std::optional(kMaxUnzipped) : std::nullopt);
    if (auto failure = folder.walk(path_, "")) {
      return refuse(fmt::format("the folder of {} cannot be packaged: {}", artifact_.logical_id, *failure),
                    "Lambda takes up to 250 MiB of readable files, with those of the layers.");
    }
    ArtifactContent content{.zipped = true};
    std::vector<FoundFile> files = folder.files();
    std::ranges::sort(files, {}, &FoundFile::name);
    for (const FoundFile& file : files) {
      auto text = os::read_file(file.path.string());
      if (!text) return unreadable(text.error());
      content.entries.push_back({file.name, std::move(*text), file.executable ? 0755U : 0644U});
    }
    return content;
  }

  base::Result<ArtifactContent> read_one_file() const {
    ArtifactContent content;
    auto text = os::read_file(path_.string());
    if (!text) return unreadable(text.error());
    std::string extension = path_.extension().string();
    bool is_archive = extension == ".zip" || extension == ".jar";
    if (artifact_.kind == app::LocalArtifact::Kind::zip && !is_archive) {
      content.zipped = true;
      content.entries = {{path_.filename().string(), std::move(*text)}};
      return content;
    }
    content.file = std::move(*text);
    content.extension = extension.empty() ? "bin" : extension.substr(1);
    return content;
  }

  tl::unexpected<base::Error> unreadable(const base::Error& error) const {
    return refuse(fmt::format("the code of {} cannot be read: {}", artifact_.logical_id, error.message),
                  "Make the file readable, or take it out of the folder.");
  }

  tl::unexpected<base::Error> refuse(std::string message, std::string hint) const {
    return base::fail(base::Error{.kind = base::ErrorKind::invalid_input,
                                  .message = std::move(message),
                                  .hint = std::move(hint),
                                  .file = template_file_,
                                  .line = artifact_.line});
  }

  const app::LocalArtifact& artifact_;
  const std::string& template_file_;
  const fs::path path_;
};

}  // namespace

base::Result<ArtifactContent> read_artifact(const app::LocalArtifact& artifact, const std::string& template_file) {
  return ArtifactReader(artifact, template_file).read();
}

}  // namespace project

#include "localcloud/lambda/code.h"

#include <fmt/format.h>

#include "codec/base64.h"
#include "codec/zip.h"
#include "localcloud/lambda/input.h"
#include "localcloud/lambda/package.h"
#include "localcloud/s3/s3.h"

namespace localcloud {

namespace {

constexpr std::size_t kMaxInline = 4 * 1024 * 1024;  // AWS::Lambda::Function Code

base::Result<std::string> read_object(const Cloud& cloud, const json::object& code) {
  std::string bucket = text_property(code, "S3Bucket");
  std::string key = text_property(code, "S3Key");
  if (bucket.empty() || key.empty()) return invalid_parameter("Please provide a source for function code.");
  auto archive = cloud.s3->get(bucket, key);
  if (!archive) {
    return invalid_parameter(fmt::format("Error occurred while GetObject. S3 Error Code: {}. S3 Error Message: {}",
                                         archive.error().code, archive.error().message));
  }
  return archive;
}

}  // namespace

base::Result<std::string> read_archive(const Cloud& cloud, const json::object& code, std::string_view owner) {
  TRY(only_members(code, owner, {"ZipFile", "S3Bucket", "S3Key"}));
  const auto* file = code.if_contains("ZipFile");
  if (file == nullptr || !file->is_string()) return read_object(cloud, code);
  if (code.contains("S3Bucket")) {
    return invalid_parameter("Please do not provide other FunctionCode parameters when providing a ZipFile.");
  }
  auto bytes = codec::base64_decode(file->get_string());
  if (!bytes) return invalid_parameter("Could not unzip uploaded file. ZipFile is not base64.");
  if (bytes->size() > kMaxDirectUpload) {
    return aws_error(
        413, "RequestEntityTooLargeException",
        fmt::format("Request must be smaller than {} bytes for the CreateFunction operation", kMaxDirectUpload));
  }
  return bytes;
}

base::Result<std::string> read_template_archive(const Cloud& cloud, const Runtimes& runtimes, const json::object& code,
                                                std::string_view runtime) {
  const auto* text = code.if_contains("ZipFile");
  if (text == nullptr) return read_archive(cloud, code, "Code");
  TRY(only_members(code, "Code", {"ZipFile"}));
  TRY(auto kind, runtime_kind(runtime));
  if (kind != RuntimeKind::nodejs && kind != RuntimeKind::python) {
    return invalid_parameter("ZipFile can only be used when Runtime is set to either of nodejs..., python...");
  }
  std::string source = text_property(code, "ZipFile");
  if (source.size() > kMaxInline) return constraint("…", "zipFile", "have length less than or equal to 4194304");
  bool python = kind == RuntimeKind::python;
  return codec::make_zip({{.name = python ? "index.py" : "index.js", .content = std::move(source)},
                          {.name = python ? "cfnresponse.py" : "cfn-response.js",
                           .content = runtimes.file(python ? "python/cfnresponse.py" : "nodejs/cfn-response.cjs")}});
}

}  // namespace localcloud

#include "app/template_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "app/artifacts.h"
#include "app/globals.h"
#include "app/parameters.h"
#include "app/references.h"

namespace app {
namespace {

namespace json = codec::json;

constexpr std::string_view kServerless = "AWS::Serverless::Function";
constexpr std::string_view kLambda = "AWS::Lambda::Function";

// Where a function's code is.
struct Code {
  enum class Place { local, s3, inline_, image, unknown };
  Place place = Place::unknown;
  std::string path = {};
};

// "./src/" → "src", "." and "./" → ".".
std::string normal_path(std::string_view text) {
  std::string path = std::filesystem::path(text).lexically_normal().generic_string();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path.empty() ? "." : path;
}

class Reader {
 public:
  Reader(codec::Document document, const ReadOptions& options)
      : document_(std::move(document)),
        options_(options),
        values_(document_.value, options.parameters),
        reserved_(reserved_functions(document_.value)) {}

  base::Result<Stack> read() {
    Stack stack;
    const auto* resources = codec::find(document_.value, "Resources");
    for (const auto& [id, resource] : resources->get_object()) {
      if (id.starts_with("Fn::")) continue;  // Fn::ForEach, Fn::Transform: only CloudFormation knows what comes of them
      std::string type = codec::find_string(resource, "Type");
      if (!resource.is_object() || type.empty()) {
        return error(pointer({"Resources", id}), fmt::format("resource {} has no Type", std::string_view(id)));
      }
      if (type != kServerless && type != kLambda) continue;
      TRY(auto function, read_function(id, resource, type == kServerless));
      stack.functions.push_back(std::move(function));
    }
    stack.name = options_.name;
    stack.template_file = options_.file;
    stack.artifacts = find_artifacts(document_, stack.functions);
    stack.document = document_;
    return stack;
  }

 private:
  base::Result<Function> read_function(std::string_view id, const json::value& resource, bool serverless) {
    json::value properties = effective_properties(document_.value, resource.get_object());
    Function function{.logical_id = std::string(id), .serverless = serverless, .line = line_of({"Resources", id})};
    function.build_method = text_or_empty(codec::find(resource, "Metadata", "BuildMethod"));
    if (const auto* timeout = codec::find(properties, "Timeout"))
      function.timeout_seconds = values_.number(*timeout).value_or(3);
    if (const auto* memory = codec::find(properties, "MemorySize"))
      function.memory_mb = values_.number(*memory).value_or(128);
    function.handler = text_or_empty(codec::find(properties, "Handler"));
    function.runtime = text_or_empty(codec::find(properties, "Runtime"));
    Code code = serverless ? serverless_code(properties) : lambda_code(properties);
    if (code.place == Code::Place::local) function.source = normal_path(code.path);
    bool transformed = codec::find(properties, "Fn::Transform") != nullptr;
    if (code.place != Code::Place::image && !transformed) {
      for (const char* needed : {"Handler", "Runtime"}) {
        const auto* value = codec::find(properties, needed);
        if (value == nullptr || value->is_null()) {
          return error(pointer({"Resources", id}), fmt::format("function {} has no {}", id, needed));
        }
      }
    }
    std::string reason =
        transformed ? "its properties come from a transform" : reason_to_stay(function, code, properties);
    function.live = reason.empty();
    if (!function.live) function.why_not = "keeps its code in AWS: " + reason;
    return function;
  }

  // Why this function cannot be live; empty if it can. Sets what only live functions have (architecture, roles).
  std::string reason_to_stay(Function& function, const Code& code, const json::value& properties) {
    switch (code.place) {
      case Code::Place::image:
        return "it is a container image";
      case Code::Place::inline_:
        return "its code stands in the template";
      case Code::Place::s3:
        return "its code is in S3, not in a folder of this app";
      case Code::Place::unknown:
        return "where its code is, is known only after deployment";
      case Code::Place::local:
        break;
    }
    if (auto found = reserved_.find(function.logical_id); found != reserved_.end()) return found->second;
    if (codec::find(properties, "DurableConfig") != nullptr)
      return "it is a durable function, which needs a managed runtime";
    if (codec::find(properties, "CapacityProviderConfig") != nullptr) return "it runs on Lambda Managed Instances";
    if (trusts_edge(codec::find(properties, "AssumeRolePolicyDocument")))
      return "it runs at CloudFront's edge (Lambda@Edge)";
    if (function.handler.empty()) return "its Handler is known only after deployment";
    if (function.runtime.empty()) return "its Runtime is known only after deployment";
    std::string language = language_of(function.runtime);
    if (std::find(options_.languages.begin(), options_.languages.end(), language) == options_.languages.end()) {
      return fmt::format("livelambda does not run {} yet", function.runtime);
    }
    if (function.source.ends_with(".zip") || function.source.ends_with(".jar")) {
      return fmt::format("its code is an archive ({}), not a folder", function.source);
    }
    if (!read_architecture(function, properties)) return "its architecture is known only after deployment";
    return reason_of_role(function, properties);
  }

  std::string reason_of_role(Function& function, const json::value& properties) {
    const auto* role = codec::find(properties, "Role");
    if (role == nullptr || role->is_null()) {
      return function.serverless ? std::string() : std::string("it has no Role");
    }
    auto roles = template_roles(document_.value, *role);
    if (!roles) {
      return "its role is not one of this template, so that a stub could not be allowed to reach the bridge";
    }
    for (const std::string& id : *roles) {
      if (trusts_edge(codec::find(document_.value, "Resources", id, "Properties", "AssumeRolePolicyDocument"))) {
        return "it runs at CloudFront's edge (Lambda@Edge)";
      }
    }
    function.roles = std::move(*roles);
    return {};
  }

  bool trusts_edge(const json::value* policy) const {
    return policy != nullptr && codec::to_text(*policy).find("edgelambda.amazonaws.com") != std::string::npos;
  }

  bool read_architecture(Function& function, const json::value& properties) const {
    const auto* list = codec::find(properties, "Architectures");
    if (list == nullptr) return true;
    const auto* architectures = list->if_array();
    if (architectures == nullptr || architectures->empty()) return false;
    auto name = values_.text(architectures->back());  // after a merge the function's own comes last
    if (!name || (*name != "x86_64" && *name != "arm64")) return false;
    function.architecture = *name == "arm64" ? Architecture::arm64 : Architecture::x86_64;
    return true;
  }

  Code serverless_code(const json::value& properties) const {
    if (codec::find_string(properties, "PackageType") == "Image" || codec::find(properties, "ImageUri") != nullptr) {
      return {Code::Place::image};
    }
    if (codec::find(properties, "InlineCode") != nullptr) return {Code::Place::inline_};
    return located_code(codec::find(properties, "CodeUri"));
  }

  Code lambda_code(const json::value& properties) const {
    const auto* code = codec::find(properties, "Code");
    if (codec::find_string(properties, "PackageType") == "Image") return {Code::Place::image};
    if (code != nullptr && code->is_object()) {
      if (code->get_object().contains("ImageUri")) return {Code::Place::image};
      if (code->get_object().contains("ZipFile")) return {Code::Place::inline_};
    }
    return located_code(code);
  }

  // A missing property means the template's own folder, as for `sam package` and `aws cloudformation package`.
  Code located_code(const json::value* uri) const {
    if (uri == nullptr || uri->is_null()) return {Code::Place::local, "."};
    if (uri->is_object() && !is_intrinsic(*uri)) return {Code::Place::s3};
    auto text = values_.text(*uri);
    if (!text || text->empty()) return {Code::Place::unknown};
    return is_local_path(*text) ? Code{Code::Place::local, *text} : Code{Code::Place::s3};
  }

  std::string text_or_empty(const json::value* value) const {
    return value == nullptr ? std::string() : values_.text(*value).value_or("");
  }

  int line_of(const std::vector<std::string_view>& keys) const { return document_.line_of(pointer(keys)); }

  tl::unexpected<base::Error> error(const std::string& at, std::string message) const {
    return base::fail(base::Error{.kind = base::ErrorKind::invalid_input,
                                  .message = std::move(message),
                                  .file = options_.file,
                                  .line = document_.line_of(at)});
  }

  const codec::Document document_;
  const ReadOptions& options_;
  const KnownValues values_;
  const std::map<std::string, std::string, std::less<>> reserved_;
};

}  // namespace

base::Result<Stack> read_template(std::string_view text, const ReadOptions& options) {
  auto document = codec::parse_yaml(text);
  if (!document) {
    base::Error error = document.error();
    error.file = options.file;
    return base::fail(std::move(error));
  }
  base::Error error{.kind = base::ErrorKind::invalid_input, .message = {}};
  error.file = options.file;
  error.line = 1;
  if (!document->value.is_object()) {
    error.message = "the template is not a mapping of sections";
    return base::fail(std::move(error));
  }
  const auto* resources = codec::find(document->value, "Resources");
  if (resources == nullptr || !resources->is_object() || resources->get_object().empty()) {
    error.message = "the template has no Resources";
    error.line = std::max(1, document->line_of("/Resources"));
    return base::fail(std::move(error));
  }
  return Reader(std::move(*document), options).read();
}

}  // namespace app

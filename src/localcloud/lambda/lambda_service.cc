#include "localcloud/lambda/lambda_service.h"

#include <fmt/format.h>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/system/system_error.hpp>

#include "base/ids.h"
#include "base/log.h"
#include "codec/json.h"
#include "localcloud/iam/iam.h"
#include "localcloud/s3/s3.h"
#include "localcloud/service.h"

namespace localcloud {

namespace {

constexpr std::size_t kMaxEvent = 1024 * 1024;  // of an asynchronous invocation; aws-facts §4

// Ends by itself on the first error; keeps nothing.
struct NullHandler {
  using error_code = boost::system::error_code;
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t, error_code&) { return true; }
  bool on_object_begin(error_code&) { return true; }
  bool on_object_end(std::size_t, error_code&) { return true; }
  bool on_string_part(json::string_view, std::size_t, error_code&) { return true; }
  bool on_string(json::string_view, std::size_t, error_code&) { return true; }
  bool on_key_part(json::string_view, std::size_t, error_code&) { return true; }
  bool on_key(json::string_view, std::size_t, error_code&) { return true; }
  bool on_number_part(json::string_view, error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, error_code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, error_code&) { return true; }
  bool on_double(double, json::string_view, error_code&) { return true; }
  bool on_bool(bool, error_code&) { return true; }
  bool on_null(error_code&) { return true; }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }
};

std::string fresh_trace_id() {
  auto hex = [](auto bytes) { return base::to_hex(bytes); };
  return fmt::format("Root=1-{:08x}-{};Parent={};Sampled=0", base::epoch_ms(std::chrono::system_clock::now()) / 1000,
                     hex(base::random_bytes<12>()), hex(base::random_bytes<8>()));
}

}  // namespace

bool is_json_text(std::string_view text) {
  json::parse_options options;
  options.max_depth = 1000;
  json::basic_parser<NullHandler> parser(options);
  boost::system::error_code error;
  std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  return !error && parser.done() && text.find_first_not_of(" \t\r\n", read) == std::string_view::npos;
}

bool matches_pattern(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t retry = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || (pattern[p] != '*' && pattern[p] == text[t]))) {
      ++p;
      ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++retry;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool statement_permits(const json::value& statement, std::string_view service, std::string_view source_arn,
                       std::string_view account_id) {
  std::string principal = codec::find_string(statement, "Principal", "Service");
  if (principal != service && codec::find_string(statement, "Principal") != "*") return false;
  if (!matches_pattern(codec::find_string(statement, "Action"), "lambda:InvokeFunction")) return false;
  if (const auto* arn = codec::find(statement, "Condition", "ArnLike", "AWS:SourceArn");
      arn != nullptr && !matches_pattern(arn->get_string(), source_arn)) {
    return false;
  }
  const auto* account = codec::find(statement, "Condition", "StringEquals", "AWS:SourceAccount");
  return account == nullptr || std::string_view(account->get_string()) == account_id;
}

json::value policy_of(const LambdaFunction& function) {
  json::object policy;
  policy["Version"] = "2012-10-17";
  policy["Id"] = "default";
  policy["Statement"] = function.statements;
  return policy;
}

std::string LambdaService::arn_of(std::string_view name) const {
  return fmt::format("arn:aws:lambda:{}:{}:function:{}", cloud_.region, cloud_.account_id, name);
}

base::Result<const LambdaFunction*> LambdaService::find(std::string_view reference) const {
  auto parsed = parse_function_reference(reference);
  bool here = (parsed.account.empty() || parsed.account == cloud_.account_id) &&
              (parsed.region.empty() || parsed.region == cloud_.region);
  bool latest = parsed.qualifier.empty() || parsed.qualifier == "$LATEST";
  auto found = functions_.find(parsed.name);
  if (!here || !latest || found == functions_.end()) {
    std::string arn = arn_of(parsed.name);
    if (!parsed.qualifier.empty()) arn += ":" + parsed.qualifier;
    return aws_error(404, "ResourceNotFoundException", "Function not found: " + arn);
  }
  return &found->second;
}

base::Result<LambdaFunction*> LambdaService::find(std::string_view reference) {
  TRY(const auto* found, std::as_const(*this).find(reference));
  return const_cast<LambdaFunction*>(found);
}

base::Result<> LambdaService::put(std::string name, FunctionVersion version, const CodeLocation& code) {
  version.name = name;
  version.arn = arn_of(name);
  version.modified = cloud_.clock->now();
  if (!cloud_.iam->assume_for_service(version.role, "lambda.amazonaws.com", name)) {
    return aws_error(400, "InvalidParameterValueException",
                     "The role defined for the function cannot be assumed by Lambda.");
  }
  auto zip = cloud_.s3->get(code.bucket, code.key);
  if (!zip) {
    return aws_error(400, "InvalidParameterValueException",
                     fmt::format("Error occurred while GetObject. S3 Error Code: {}. S3 Error Message: {}",
                                 zip.error().code, zip.error().message));
  }
  if (!version.dead_letter_arn.empty()) {
    TRY(AsyncInvocations::check_dead_letter(cloud_, version.dead_letter_arn, version.role));
  }
  TRY(version.package, Package::unpack(*zip, cloud_.work_directory + "/packages"));
  put_unpacked(std::make_shared<const FunctionVersion>(std::move(version)));
  return {};
}

void LambdaService::put_unpacked(std::shared_ptr<const FunctionVersion> version) {
  std::string name = version->name;
  functions_[name].version = std::move(version);
  pool_.retire(name);
}

void LambdaService::remove(std::string_view name) {
  auto found = functions_.find(name);
  if (found == functions_.end()) return;
  functions_.erase(found);
  async_.forget(name);
  pool_.retire(name);
}

bool LambdaService::permits(std::string_view function_arn, std::string_view service,
                            std::string_view source_arn) const {
  auto function = find(function_arn);
  if (!function) return false;
  for (const auto& statement : (*function)->statements) {
    if (statement_permits(statement, service, source_arn, cloud_.account_id)) return true;
  }
  return false;
}

base::Result<> LambdaService::check_input(const InvokeInput& input) const {
  std::size_t size = input.payload.size();
  if (input.type == InvocationType::event && size > kMaxEvent) {
    return aws_error(
        413, "RequestTooLargeException",
        fmt::format("{} byte payload is too large for the Event invocation type (limit {} bytes)", size, kMaxEvent));
  }
  if (size > kMaxPayload) {
    return aws_error(
        413, "RequestTooLargeException",
        fmt::format("Request must be smaller than {} bytes for the InvokeFunction operation", kMaxPayload));
  }
  if (!input.payload.empty() && !is_json_text(input.payload)) {
    return aws_error(400, "InvalidRequestContentException",
                     "Could not parse request body into json: Could not parse payload into json");
  }
  return {};
}

awaitable<base::Result<InvokeOutput>> LambdaService::invoke(InvokeInput input) {
  return invoke_with(std::move(input), false);
}

awaitable<base::Result<InvokeOutput>> LambdaService::invoke_with(InvokeInput input, bool wants_log_tail) {
  CO_TRY(const auto* function, std::as_const(*this).find(input.function));
  CO_TRY(check_input(input));
  if (input.payload.empty()) input.payload = "{}";
  if (input.trace_id.empty()) input.trace_id = fresh_trace_id();
  std::string request_id = base::random_uuid();
  if (input.type == InvocationType::request_response) {
    co_return co_await invoke_now(function->version, std::move(input), std::move(request_id), wants_log_tail);
  }
  InvokeOutput output;
  output.request_id = request_id;
  output.status = input.type == InvocationType::event ? 202 : 204;
  if (input.type == InvocationType::event) async_.accept(std::move(input), std::move(request_id));
  co_return output;
}

awaitable<base::Result<InvokeOutput>> LambdaService::invoke_now(std::shared_ptr<const FunctionVersion> version,
                                                                InvokeInput input, std::string request_id,
                                                                bool wants_log_tail) {
  auto invocation = std::make_shared<PendingInvocation>();
  invocation->request_id = std::move(request_id);
  invocation->payload = std::move(input.payload);
  invocation->client_context = std::move(input.client_context);
  invocation->trace_id = std::move(input.trace_id);
  invocation->wants_log_tail = wants_log_tail;
  return pool_.run(std::move(version), std::move(invocation));
}

base::Result<FunctionFacts> LambdaService::facts(std::string_view reference) const {
  TRY(auto version, version_of(reference));
  auto qualifier = parse_function_reference(reference).qualifier;
  return FunctionFacts{
      .arn = qualifier.empty() ? arn_of(version->name) : fmt::format("{}:{}", arn_of(version->name), qualifier),
      .role = version->role,
      .timeout = std::chrono::seconds(version->timeout_seconds)};
}

base::Result<std::shared_ptr<const FunctionVersion>> LambdaService::version_of(std::string_view reference) const {
  TRY(const auto* function, find(reference));
  return function->version;
}

awaitable<base::Result<InvokeOutput>> LambdaService::run_event(std::shared_ptr<const FunctionVersion> version,
                                                               InvokeInput input, std::string request_id) {
  return invoke_now(std::move(version), std::move(input), std::move(request_id), false);
}

ResourceTypes LambdaService::resource_types() {
  return lambda_resource_types(cloud_, *this);
}

std::unique_ptr<Lambda> make_lambda(Cloud& cloud) {
  return std::make_unique<LambdaService>(cloud);
}

}  // namespace localcloud

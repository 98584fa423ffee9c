#include "localcloud/lambda/lambda_service.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ids.h"
#include "localcloud/delivery.h"
#include "localcloud/iam/iam.h"
#include "localcloud/lambda/input.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

constexpr std::size_t kMaxRequest = 6 * 1024 * 1024;  // of a synchronous invocation; an answer may have 100 bytes more
constexpr std::size_t kMaxEvent = 1024 * 1024;        // of an asynchronous invocation; aws-facts §4
constexpr int kAccountConcurrency = 1000;
constexpr int kLeastUnreserved = 100;  // LDG configuration-concurrency.md

std::string fresh_trace_id() {
  auto hex = [](auto bytes) { return base::to_hex(bytes); };
  return fmt::format("Root=1-{:08x}-{};Parent={};Sampled=0", base::epoch_ms(std::chrono::system_clock::now()) / 1000,
                     hex(base::random_bytes<12>()), hex(base::random_bytes<8>()));
}

// By an alias's weights: each of them names what part of the invocations goes to another version.
std::string_view choose_version(const Alias& alias) {
  auto bytes = base::random_bytes<4>();
  double random = 0;
  for (auto byte : bytes) random = (random + byte) / 256;
  for (const auto& [version, weight] : alias.weights) {
    if (random < weight) return version;
    random -= weight;
  }
  return alias.version;
}

// Two published versions would differ in nothing but their numbers.
bool same_content(const FunctionVersion& a, const FunctionVersion& b) {
  auto content = [](const FunctionVersion& version) {
    auto text = configuration_of(version);
    for (auto name : {"FunctionArn", "Version", "LastModified", "RevisionId", "Description"}) text.erase(name);
    return text;
  };
  return content(a) == content(b);
}

}  // namespace

std::shared_ptr<const FunctionVersion> LambdaFunction::at(std::string_view qualifier) const {
  if (qualifier.empty() || qualifier == "$LATEST") return version;
  std::string number(qualifier);
  if (auto alias = aliases.find(qualifier); alias != aliases.end()) number = alias->second.version;
  if (number == "$LATEST") return version;
  for (const auto& [known, one] : published) {
    if (one->number == number) return one;
  }
  return nullptr;
}

json::value policy_of(const LambdaFunction& function, std::string_view qualifier) {
  auto found = function.policies.find(qualifier);
  if (found == function.policies.end() || found->second.statements.empty()) return nullptr;
  json::object policy;
  policy["Version"] = "2012-10-17";
  policy["Id"] = "default";
  policy["Statement"] = found->second.statements;
  return policy;
}

LambdaService::LambdaService(Cloud& cloud, std::vector<LoaderFile> loaders, std::vector<std::string> node_modules)
    : cloud_(cloud),
      runtimes_(cloud, std::move(loaders), std::move(node_modules)),
      layers_(cloud),
      pool_(cloud, runtimes_),
      async_(cloud, *this) {}

// --- Functions

std::string LambdaService::arn_of(std::string_view name) const {
  return fmt::format("arn:aws:lambda:{}:{}:function:{}", cloud_.region, cloud_.account_id, name);
}

base::Result<FunctionTarget> LambdaService::find(std::string_view reference, std::string_view qualifier) const {
  auto parsed = parse_function_reference(reference);
  if (!qualifier.empty() && !parsed.qualifier.empty() && parsed.qualifier != qualifier) {
    return invalid_parameter("The derived qualifier from the function name does not match the specified qualifier.");
  }
  if (!qualifier.empty()) parsed.qualifier = qualifier;
  FunctionTarget target{.function = nullptr, .name = parsed.name, .qualifier = {}, .arn = arn_of(parsed.name)};
  if (!parsed.qualifier.empty()) target.arn += ":" + parsed.qualifier;
  if (parsed.qualifier != "$LATEST") target.qualifier = parsed.qualifier;
  bool here = (parsed.account.empty() || parsed.account == cloud_.account_id) &&
              (parsed.region.empty() || parsed.region == cloud_.region);
  auto found = functions_.find(parsed.name);
  if (!here || found == functions_.end() || found->second->at(parsed.qualifier) == nullptr) {
    return aws_error(404, "ResourceNotFoundException", "Function not found: " + target.arn);
  }
  target.function = found->second;
  return target;
}

base::Result<FunctionTarget> LambdaService::find_url(std::string_view url_id) const {
  for (const auto& [name, function] : functions_) {
    for (const auto& [qualifier, url] : function->urls) {
      if (url.id == url_id) return find(name, qualifier);
    }
  }
  return aws_error(404, "ResourceNotFoundException", "The resource you requested does not exist.");
}

base::Result<FunctionUrl*> LambdaService::add_url(const FunctionTarget& target, const json::object& input) {
  auto& function = *target.function;
  bool alias = target.qualifier.empty() || function.aliases.contains(target.qualifier);
  if (!alias || target.arn.ends_with(":$LATEST")) {
    return constraint(target.qualifier.empty() ? "$LATEST" : target.qualifier, "qualifier",
                      "satisfy regular expression pattern: ((?!^\\d+$)^[0-9a-zA-Z-_]+$)");
  }
  if (function.urls.contains(target.qualifier)) {
    return aws_error(409, "ResourceConflictException",
                     fmt::format("Failed to create function url config for [functionArn = {}]. Error message:  "
                                 "FunctionUrlConfig exists for this Lambda function",
                                 target.arn));
  }
  FunctionUrl url;
  TRY(apply_url_input(url, input));
  url.id = fresh_url_id();
  url.created = url.modified = cloud_.clock->now();
  return &function.urls.emplace(target.qualifier, std::move(url)).first->second;
}

base::Result<std::shared_ptr<const Package>> LambdaService::unpack(std::string_view archive) const {
  return Package::unpack(archive, cloud_.work_directory + "/packages");
}

base::Result<> LambdaService::put(const std::string& name, FunctionVersion version) {
  version.name = name;
  version.arn = arn_of(name);
  version.number = "$LATEST";
  version.modified = cloud_.clock->now();
  version.revision = base::random_uuid();
  if (!cloud_.iam->assume_for_service(version.role, "lambda.amazonaws.com", name)) {
    return invalid_parameter("The role defined for the function cannot be assumed by Lambda.");
  }
  if (!version.dead_letter_arn.empty()) {
    TRY(AsyncInvocations::check_dead_letter(cloud_, version.dead_letter_arn, version.role));
  }
  TRY(version.layers, layers_.tree_of(version.layer_arns));
  std::size_t unzipped = version.package->unzipped_size() + (version.layers ? version.layers->unzipped_size() : 0);
  if (unzipped > kMaxUnzipped) {
    return invalid_parameter(fmt::format(
        "Function code combined with layers exceeds the maximum allowed size of {} bytes. The actual size is {} bytes.",
        kMaxUnzipped, unzipped));
  }
  put_unpacked(std::make_shared<const FunctionVersion>(std::move(version)));
  return {};
}

void LambdaService::put_unpacked(std::shared_ptr<const FunctionVersion> version) {
  auto& function = functions_[version->name];
  if (!function) function = std::make_shared<LambdaFunction>();
  if (function->version) pool_.retire(*function->version);
  function->version = std::move(version);
}

std::shared_ptr<const FunctionVersion> LambdaService::publish(LambdaFunction& function,
                                                              std::optional<std::string> description) {
  if (!function.published.empty()) {
    const auto& last = function.published.rbegin()->second;
    if (last->number == std::to_string(function.last_number) && same_content(*last, *function.version)) return last;
  }
  FunctionVersion version = *function.version;
  int number = ++function.last_number;
  version.number = std::to_string(number);
  version.arn += ":" + version.number;
  if (description) version.description = *description;
  version.revision = base::random_uuid();
  return function.published[number] = std::make_shared<const FunctionVersion>(std::move(version));
}

void LambdaService::remove_version(LambdaFunction& function, int number) {
  auto found = function.published.find(number);
  if (found == function.published.end()) return;
  pool_.retire(*found->second);
  function.policies.erase(found->second->number);
  function.published.erase(found);
}

void LambdaService::remove(std::string_view name) {
  auto found = functions_.find(name);
  if (found == functions_.end()) return;
  pool_.retire(*found->second->version);
  for (const auto& [number, version] : found->second->published) pool_.retire(*version);
  functions_.erase(found);
  async_.forget(name);
}

// --- Permissions

base::Result<> LambdaService::authorize(const Principal& caller, std::string_view action,
                                        const base::Result<FunctionTarget>& target, std::string_view reference) const {
  std::string arn = target ? target->arn : arn_of(parse_function_reference(reference).name);
  json::value policy = target ? policy_of(*target->function, target->qualifier) : json::value();
  return cloud_.iam->authorize(caller, action, arn, {}, policy.is_null() ? nullptr : &policy);
}

bool LambdaService::permits(std::string_view function_arn, std::string_view service,
                            std::string_view source_arn) const {
  auto target = find(function_arn);
  if (!target) return false;
  auto policy = policy_of(*target->function, target->qualifier);
  if (policy.is_null()) return false;
  OnBehalfOf sender{.service = std::string(service), .source_arn = std::string(source_arn)};
  return lets_service_in(cloud_, policy, sender, "lambda:InvokeFunction", target->arn);
}

// --- Concurrency

int LambdaService::unreserved_concurrency() const {
  int left = kAccountConcurrency;
  for (const auto& [name, function] : functions_) left -= function->reserved_concurrency.value_or(0);
  return left;
}

base::Result<> LambdaService::reserve_concurrency(LambdaFunction& function, int reserved) {
  int others = unreserved_concurrency() + function.reserved_concurrency.value_or(0);
  if (others - reserved < kLeastUnreserved) {
    return invalid_parameter(
        fmt::format("Specified ReservedConcurrentExecutions for function decreases account's "
                    "UnreservedConcurrentExecution below its minimum value of [{}].",
                    kLeastUnreserved));
  }
  function.reserved_concurrency = reserved;
  return {};
}

bool LambdaService::never_runs(std::string_view name) const {
  auto found = functions_.find(name);
  return found != functions_.end() && found->second->reserved_concurrency == 0;
}

base::Result<> LambdaService::check_capacity(const std::string& name) const {
  auto reserved = [&](std::string_view function) {
    auto found = functions_.find(function);
    return found == functions_.end() ? std::optional<int>() : found->second->reserved_concurrency;
  };
  bool full = false;
  if (auto own = reserved(name)) {
    full = pool_.busy([&](const FunctionVersion& version) { return version.name == name; }) >= *own;
  } else {
    full =
        pool_.busy([&](const FunctionVersion& version) { return !reserved(version.name); }) >= unreserved_concurrency();
  }
  if (full) return aws_error(429, "TooManyRequestsException", "Rate Exceeded.");
  return {};
}

// --- Invocations

base::Result<> LambdaService::check_input(const InvokeInput& input) const {
  std::size_t size = input.payload.size();
  if (input.type == InvocationType::event && size > kMaxEvent) {
    return aws_error(
        413, "RequestTooLargeException",
        fmt::format("{} byte payload is too large for the Event invocation type (limit {} bytes)", size, kMaxEvent));
  }
  if (size > kMaxRequest) {
    return aws_error(
        413, "RequestTooLargeException",
        fmt::format("Request must be smaller than {} bytes for the InvokeFunction operation", kMaxRequest));
  }
  if (!input.payload.empty() && !is_json_text(input.payload)) {
    return aws_error(400, "InvalidRequestContentException",
                     "Could not parse request body into json: Could not parse payload into json");
  }
  return {};
}

base::Result<LambdaService::Run> LambdaService::choose(std::string_view reference) const {
  TRY(auto target, find(reference));
  auto alias = target.function->aliases.find(target.qualifier);
  auto qualifier = alias == target.function->aliases.end() ? target.qualifier : choose_version(alias->second);
  return Run{.version = target.function->at(qualifier), .arn = target.arn};
}

awaitable<base::Result<InvokeOutput>> LambdaService::invoke(InvokeInput input) {
  return invoke_with(std::move(input), false, nullptr);
}

awaitable<base::Result<InvokeOutput>> LambdaService::invoke_with(InvokeInput input, bool wants_log_tail,
                                                                 std::shared_ptr<AnswerStream> stream) {
  CO_TRY(auto run, choose(input.function));
  CO_TRY(check_input(input));
  if (input.payload.empty()) input.payload = "{}";
  if (input.trace_id.empty()) input.trace_id = fresh_trace_id();
  std::string request_id = base::random_uuid();
  if (input.type == InvocationType::request_response) {
    co_return co_await invoke_now(std::move(run), std::move(input), std::move(request_id), wants_log_tail,
                                  std::move(stream));
  }
  InvokeOutput output;
  output.request_id = request_id;
  output.version = run.version->number;
  output.status = input.type == InvocationType::event ? 202 : 204;
  if (input.type == InvocationType::event) async_.accept(std::move(input), std::move(request_id));
  co_return output;
}

awaitable<base::Result<InvokeOutput>> LambdaService::invoke_now(Run run, InvokeInput input, std::string request_id,
                                                                bool wants_log_tail,
                                                                std::shared_ptr<AnswerStream> stream) {
  CO_TRY(check_capacity(run.version->name));
  auto invocation = std::make_shared<PendingInvocation>();
  invocation->request_id = std::move(request_id);
  invocation->function_arn = std::move(run.arn);
  invocation->payload = std::move(input.payload);
  invocation->client_context = std::move(input.client_context);
  invocation->trace_id = std::move(input.trace_id);
  invocation->wants_log_tail = wants_log_tail;
  invocation->stream = std::move(stream);
  co_return co_await pool_.run(std::move(run.version), std::move(invocation));
}

base::Result<FunctionFacts> LambdaService::facts(std::string_view reference) const {
  TRY(auto target, find(reference));
  auto version = target.function->at(target.qualifier);
  return FunctionFacts{
      .arn = target.arn, .role = version->role, .timeout = std::chrono::seconds(version->timeout_seconds)};
}

base::Result<std::shared_ptr<const FunctionVersion>> LambdaService::version_of(std::string_view reference) const {
  TRY(auto run, choose(reference));
  return run.version;
}

awaitable<base::Result<InvokeOutput>> LambdaService::run_event(std::shared_ptr<const FunctionVersion> version,
                                                               InvokeInput input, std::string request_id) {
  auto target = find(input.function);
  std::string arn = target ? target->arn : version->arn;
  co_return co_await invoke_now({.version = std::move(version), .arn = std::move(arn)}, std::move(input),
                                std::move(request_id), false, nullptr);
}

ResourceTypes LambdaService::resource_types() {
  return lambda_resource_types(*this);
}

std::unique_ptr<Lambda> make_lambda(Cloud& cloud, std::vector<LoaderFile> loaders,
                                    std::vector<std::string> node_modules) {
  return std::make_unique<LambdaService>(cloud, std::move(loaders), std::move(node_modules));
}

}  // namespace localcloud

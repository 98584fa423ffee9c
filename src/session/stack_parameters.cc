#include "session/stack_parameters.h"

namespace session {
namespace {

// A parameter that names a stub package, and which.
struct StubParameter {
  std::string_view name;
  bool arm64 = false;
  bool bridged = false;
};
constexpr StubParameter kStubs[] = {{.name = app::kStubX8664Parameter},
                                    {.name = app::kStubArm64Parameter, .arm64 = true},
                                    {.name = app::kBridgedStubX8664Parameter, .bridged = true},
                                    {.name = app::kBridgedStubArm64Parameter, .arm64 = true, .bridged = true}};

const StubParameter* find_stub(std::string_view name) {
  for (const StubParameter& stub : kStubs) {
    if (stub.name == name) return &stub;
  }
  return nullptr;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> StackParameters::of(const app::Stack& stack,
                                                                     const app::Rewritten& rewritten) {
  std::vector<std::pair<std::string, std::string>> parameters(stack.parameters.begin(), stack.parameters.end());
  for (const std::string& name : rewritten.parameters) parameters.emplace_back(name, value_of(name));
  return parameters;
}

std::vector<const deploy::Package*> StackParameters::stubs_of(const app::Rewritten& rewritten) {
  std::vector<const deploy::Package*> packages;
  for (const std::string& name : rewritten.parameters) {
    if (find_stub(name) != nullptr) packages.push_back(&stub(name));
  }
  return packages;
}

std::string StackParameters::value_of(std::string_view parameter) {
  if (parameter == app::kBucketParameter) return bridge_.bucket;
  if (parameter == app::kApiArnParameter) return bridge_.api_arn;
  if (parameter == app::kTableArnParameter) return bridge_.table_arn;
  return stub(parameter).key;
}

const deploy::Package& StackParameters::stub(std::string_view parameter) {
  auto found = stubs_.find(parameter);
  if (found != stubs_.end()) return found->second;
  const StubParameter& kind = *find_stub(parameter);
  deploy::StubConfig config{.stage = workspace_.folder().stage,
                            .app = workspace_.application().name,
                            .region = workspace_.account().region,
                            .endpoint = bridge_.url,
                            .table = bridge_.table,
                            .bridge_role = kind.bridged ? bridge_.bridge_role_arn : std::string(),
                            .ca_pem = workspace_.account().ca_pem};
  auto package = deploy::stub_package(std::string(kind.arm64 ? assets_.stub_arm64 : assets_.stub_x86_64), config);
  return stubs_.emplace(parameter, std::move(package)).first->second;
}

}  // namespace session

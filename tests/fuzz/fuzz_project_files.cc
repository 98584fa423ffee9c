// The files that a project's tools leave: livelambda.yaml, samconfig.toml, a CDK assembly, a Serverless package. The
// first byte says which; parts of one input are parted by a line "%%".
#include <map>

#include "app/cdk_assembly.h"
#include "app/samconfig.h"
#include "app/serverless_state.h"
#include "app/settings.h"
#include "fuzz.h"

namespace {

using fuzz::require;

std::string take_part(std::string_view& rest) {
  const auto cut = rest.find("\n%%\n");
  std::string part(rest.substr(0, cut));
  rest.remove_prefix(cut == std::string_view::npos ? rest.size() : cut + 4);
  return part;
}

// The manifest; then any template and nested assembly that it names.
void fuzz_assembly(std::string_view rest) {
  const std::string manifest = take_part(rest), other = take_part(rest);
  app::ReadFile read_file = [&](const std::string& path) -> std::optional<std::string> {
    if (path == "cdk.out/manifest.json") return manifest;
    return path.size() < 400 ? std::optional(other) : std::nullopt;
  };
  auto artifacts = app::read_cdk_manifest("cdk.out", read_file);
  if (!artifacts) return;
  app::ReadOptions options{.name = "app", .pseudo = {{"AWS::Region", "eu-west-1"}}, .read_file = read_file};
  auto assembly = app::read_cdk_assembly(*artifacts, options);
  if (assembly) require(assembly->stacks.size() == artifacts->size(), "each artifact is a stack");
}

void fuzz_serverless(std::string_view rest) {
  app::ServerlessPackage package{.folder = ".serverless", .service_file = "serverless.yml"};
  package.template_text = take_part(rest);
  package.state_text = take_part(rest);
  package.service_text = take_part(rest);
  (void)app::read_serverless(package, {.name = "app"}, false);
  (void)app::read_serverless(package, {.name = "app"}, true);
  auto tagged = app::with_stack_tags(package.state_text, {{"tag", "value"}});
  if (!tagged) return;
  auto again = app::with_stack_tags(*tagged, {{"tag", "value"}});
  require(again && *again == *tagged, "tags that are there change nothing");
}

void fuzz_settings(std::string_view text) {
  auto settings = app::read_settings(text);
  if (!settings) return require(settings.error().kind == base::ErrorKind::usage, "a refusal is the user's affair");
  for (const app::FunctionSettings& one : settings->functions) {
    app::is_meant(one, "Nested/Function", "app/stack/Function");
    require(one.line > 0, "settings have a line");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const char kind = static_cast<char>(input.byte());
  if (kind == 'y') fuzz_settings(input.rest());
  if (kind == 't') app::read_samconfig(input.rest());
  if (kind == 'c') fuzz_assembly(input.rest());
  if (kind == 's') fuzz_serverless(input.rest());
  return 0;
}

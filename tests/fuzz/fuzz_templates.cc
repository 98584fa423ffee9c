// Templates: read, rewritten to live, packaged, prepared for a macro. What is accepted is rewritten to the same text
// twice, and to one that is a template again. After a line "%%" follows the template nested in it as "nested.yaml".
#include "app/processing.h"
#include "app/rewrite.h"
#include "app/template_reader.h"
#include "codec/json.h"
#include "fuzz.h"

namespace {

using fuzz::require;

constexpr std::size_t kLargest = 256UL * 1024 * 1024;

app::RewriteOptions rewrite_options() {
  return {.key_of = [](const app::Stack&, const app::LocalArtifact& artifact) -> base::Result<std::string> {
            return "artifacts/" + artifact.path;
          },
          .text_of = [](const app::Stack&, const app::LocalArtifact&) -> base::Result<std::string> { return "text"; },
          .template_key = [](std::string_view text) { return "templates/" + std::to_string(text.size()); },
          .increase_timeout = true};
}

app::ReadOptions read_options(std::string_view nested) {
  return {.name = "app",
          .parameters = {{"Given", "a,b"}},
          .pseudo = {{"AWS::Region", "eu-west-1"}, {"AWS::AccountId", "123456789012"}},
          .read_file = [nested](const std::string& path) -> std::optional<std::string> {
            if (!path.ends_with("nested.yaml")) return std::nullopt;
            return std::string(nested);
          }};
}

void fuzz_rewrite(const app::Stack& stack, const app::ReadOptions& options) {
  auto first = app::rewrite_to_live(stack, rewrite_options());
  if (!first) return require(!first.error().message.empty(), "a refusal has words");
  require(first->text.size() < kLargest, "a rewritten template is bounded");
  auto second = app::rewrite_to_live(stack, rewrite_options());
  require(second && second->text == first->text, "rewriting twice gives the same");
  // Values nested to the limit may be one level deeper now.
  if (!codec::parse_json(first->text)) return;
  auto again = app::read_template(first->text, options);
  require(again.has_value(), again ? "" : "the rewritten template can be read: " + again.error().message);
}

void fuzz_processing(const app::Stack& stack) {
  app::expansions(stack.document.value);
  if (!app::needs_processing(stack)) return;
  auto sent = app::to_process(stack, rewrite_options());
  if (sent) (void)app::from_processed(codec::to_text(*sent), stack);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view whole = fuzz::Input(data, size).rest();
  const auto cut = whole.find("\n%%\n");
  const std::string_view nested = cut == std::string_view::npos ? std::string_view() : whole.substr(cut + 4);
  const app::ReadOptions options = read_options(nested);
  auto stack = app::read_template(whole.substr(0, cut), options);
  if (!stack) {
    require(!stack.error().message.empty(), "a refusal has words");
    return 0;
  }
  fuzz_rewrite(*stack, options);
  (void)app::package(*stack, rewrite_options());
  fuzz_processing(*stack);
  return 0;
}

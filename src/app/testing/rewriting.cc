#include "app/testing/rewriting.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "app/template_reader.h"

namespace app::testing {

RewriteOptions options() {
  return {.key_of = [](const Stack&, const LocalArtifact& artifact) -> base::Result<std::string> {
            return "artifacts/" + artifact.path;
          },
          .template_key = [](std::string_view text) { return fmt::format("templates/{}", text.size()); }};
}

Rewritten rewritten(std::string_view text, const RewriteOptions& with) {
  auto stack = read_template(text, {.name = "app"});
  if (!stack) {
    ADD_FAILURE() << stack.error().message;
    return {};
  }
  auto outcome = rewrite_to_live(*stack, with);
  if (!outcome) {
    ADD_FAILURE() << outcome.error().message;
    return {};
  }
  return std::move(*outcome);
}

void expect_tree(const codec::json::value& value, std::string_view yaml) {
  auto expected = codec::parse_yaml(yaml);
  ASSERT_TRUE(expected) << expected.error().message;
  EXPECT_EQ(codec::to_pretty_text(value), codec::to_pretty_text(expected->value));
}

std::vector<std::string> words_on(const Rewritten& outcome, std::string_view logical_id) {
  std::vector<std::string> words;
  for (const Diagnostic& diagnostic : outcome.diagnostics) {
    if (diagnostic.logical_id == logical_id) words.push_back(diagnostic.message);
  }
  return words;
}

}  // namespace app::testing

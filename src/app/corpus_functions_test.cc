// tests/e2e/corpus_functions.tsv: every function of ../shared/corpus/templates with what the reader says of it, for all
// languages that are planned, so that a new language changes nothing here. The table was read against the templates by
// eye; a change of it has to be. To write it anew: LIVELAMBDA_WRITE_TABLE=1 build/dev/app_test
// --gtest_filter='CorpusFunctions.*'
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/template_reader.h"

namespace app {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kPlanned = {"nodejs",     "python", "java", "dotnet",
                                           "dotnetcore", "go",     "ruby", "provided"};

fs::path repository() {
  return fs::path(__FILE__).parent_path() / "../..";
}

std::string text_of(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::string row_of(const std::string& name, const Stack& stack, const Function& function) {
  auto or_dash = [](std::string_view text) { return text.empty() ? "-" : text; };
  return fmt::format("{}\t{}\t{}\t{}\t{}\t{}\n", name, stack.path_of(function), or_dash(function.runtime),
                     or_dash(function.handler), or_dash(function.entry.empty() ? function.source : function.entry),
                     function.live ? "live" : to_string(function.why_not.reason));
}

TEST(CorpusFunctions, AreWhatTheTableSays) {
  fs::path corpus = repository() / "../shared/corpus/templates";
  if (!fs::exists(corpus)) GTEST_SKIP() << "the corpus (" << corpus << ") is not here: nothing was compared";
  std::vector<fs::path> templates;
  for (const auto& entry : fs::directory_iterator(corpus)) templates.push_back(entry.path());
  std::ranges::sort(templates);
  std::string table = "template\tfunction\truntime\thandler\tsource\tverdict\n";
  for (const auto& path : templates) {
    std::string name = path.filename();
    auto stack = read_template(text_of(path), {.name = "corpus", .file = name, .languages = kPlanned});
    ASSERT_TRUE(stack) << name << ": " << stack.error().message;
    for (const Function& function : stack->functions) table += row_of(name, *stack, function);
  }
  fs::path file = repository() / "tests/e2e/corpus_functions.tsv";
  if (std::getenv("LIVELAMBDA_WRITE_TABLE") != nullptr) std::ofstream(file, std::ios::binary) << table;
  EXPECT_EQ(table, text_of(file));
}

}  // namespace
}  // namespace app

#include "app/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "codec/json.h"

namespace app {
namespace {

namespace json = codec::json;
using testing::HasSubstr;

TEST(Settings, GiveWhatCannotBeFound) {
  auto settings = read_settings(R"(# mine
name: api-sns
template: infra/template.yaml
functions:
  Api: {source: src/api.ts, build: npm run build}
  Legacy*: {live: false}
)");
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->name, "api-sns");
  EXPECT_EQ(settings->template_file, "infra/template.yaml");
  ASSERT_EQ(settings->functions.size(), 2U);
  EXPECT_EQ(settings->functions[0].source, "src/api.ts");
  EXPECT_EQ(settings->functions[0].build, "npm run build");
  EXPECT_TRUE(settings->functions[0].live);
  EXPECT_EQ(settings->functions[0].line, 5);
  EXPECT_FALSE(settings->functions[1].live);
  EXPECT_EQ(read_settings("")->name, std::nullopt);
}

TEST(Settings, RefuseWhatTheyDoNotKnowWithItsLine) {
  struct {
    const char* text;
    const char* message;
    int line;
  } cases[] = {
      {"name: a\nregion: eu-west-1\n", "unknown setting \"region\"", 2},
      {"\nname: 7\n", "`name` has to be a string", 2},
      {"name: ''\n", "`name` has to be a string", 1},
      {"- name\n", "`key: value` lines", 1},
      {"functions: [A]\n", "`functions` has to be a mapping", 1},
      {"functions:\n  A: false\n", "`key: value` lines", 2},
      {"functions:\n  A:\n    handler: x\n", "unknown setting \"handler\"", 3},
      {"functions:\n  A:\n    live: maybe\n", "`live` has to be true or false", 3},
      {"functions:\n  A*: {source: x}\n", "\"A*\" is many functions", 2},
  };
  for (const auto& test : cases) {
    auto settings = read_settings(test.text, "dir/livelambda.yaml");
    ASSERT_FALSE(settings) << test.text;
    EXPECT_EQ(settings.error().kind, base::ErrorKind::usage);
    EXPECT_THAT(settings.error().message, HasSubstr(test.message));
    EXPECT_EQ(settings.error().file, "dir/livelambda.yaml");
    EXPECT_EQ(settings.error().line, test.line) << test.text;
  }
  EXPECT_EQ(read_settings("name: [\n").error().kind, base::ErrorKind::usage);
}

bool is_meant(const char* name, std::string_view path, std::string_view construct = "") {
  return app::is_meant(FunctionSettings{.name = name}, path, construct);
}

TEST(Settings, NameFunctionsByIdPathConstructOrPattern) {
  EXPECT_TRUE(is_meant("Api", "Api"));
  EXPECT_TRUE(is_meant("Api", "Nested/Api"));
  EXPECT_TRUE(is_meant("Nested/Api", "Nested/Api"));
  EXPECT_TRUE(is_meant("Stack/Api", "Stack/Api1234", "Stack/Api"));
  EXPECT_TRUE(is_meant("*", "Nested/Api"));
  EXPECT_TRUE(is_meant("Nested/*", "Nested/Api"));
  EXPECT_TRUE(is_meant("*A*i", "Nested/Api"));
  EXPECT_FALSE(is_meant("Api", "ApiTwo"));
  EXPECT_FALSE(is_meant("Nested", "Nested/Api"));
  EXPECT_FALSE(is_meant("Other*", "Api"));
  EXPECT_FALSE(is_meant("*b", "Api"));
}

TEST(Settings, MustNameFunctionsThatThereAre) {
  Application application{.name = "app", .stacks = {}};
  application.stacks.push_back({.functions = {{.logical_id = "GetOrders"}, {.logical_id = "PutOrders"}}});
  application.stacks[0].nested.push_back({.id = "Nested", .functions = {{.logical_id = "Fn"}}});
  auto check = [&](const char* text) { return check_functions(*read_settings(text, "l.yaml"), application); };
  EXPECT_TRUE(check("functions: {GetOrders: {live: false}, Nested/Fn: {live: false}, 'Put*': {live: false}}"));
  auto checked = check("functions:\n  GetOrder: {live: false}\n");
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().kind, base::ErrorKind::usage);
  EXPECT_THAT(checked.error().message, HasSubstr("\"GetOrder\""));
  EXPECT_THAT(checked.error().hint, HasSubstr("nearest names: GetOrders, PutOrders"));
  EXPECT_EQ(checked.error().file, "l.yaml");
  EXPECT_EQ(checked.error().line, 2);
}

// The schema says of each setting what the reader takes, and forbids what it refuses.
class Schema : public testing::Test {
 protected:
  void SetUp() override {
    auto path = std::filesystem::path(__FILE__).parent_path() / "../../docs/livelambda.schema.json";
    std::ifstream stream(path);
    std::ostringstream text;
    text << stream.rdbuf();
    auto parsed = codec::parse_json(text.str());
    ASSERT_TRUE(parsed) << path;
    schema_ = std::move(*parsed);
  }

  // A value of the schema's type, and one of another.
  static std::pair<std::string, std::string> examples(const json::value& property) {
    std::string type = codec::find_string(property, "type");
    if (type == "boolean") return {"false", "text"};
    if (type == "object") return {"{}", "text"};
    return {"text", "[]"};
  }

  static void expect_agrees(const json::value& schema, const std::string& before, const std::string& names) {
    EXPECT_EQ(*codec::find(schema, "additionalProperties"), json::value(false));
    std::vector<std::string> keys;
    for (const auto& [key, property] : codec::find(schema, "properties")->get_object()) {
      keys.emplace_back(key);
      auto [right, wrong] = examples(property);
      EXPECT_TRUE(read_settings(fmt::format("{}{}: {}\n", before, keys.back(), right))) << keys.back();
      EXPECT_FALSE(read_settings(fmt::format("{}{}: {}\n", before, keys.back(), wrong))) << keys.back();
      EXPECT_FALSE(codec::find_string(property, "description").empty()) << keys.back();
    }
    auto unknown = read_settings(before + "no-such-setting: 1\n");
    EXPECT_EQ(unknown.error().hint, fmt::format("{}: {}.", names, fmt::join(keys, ", ")));
  }

  json::value schema_;
};

TEST_F(Schema, AgreesWithTheReader) {
  expect_agrees(schema_, "", "The settings are");
  const auto* function = codec::find(schema_, "properties", "functions", "additionalProperties");
  ASSERT_NE(function, nullptr);
  expect_agrees(*function, "functions:\n  Fn:\n    ", "A function's settings are");
}

}  // namespace
}  // namespace app

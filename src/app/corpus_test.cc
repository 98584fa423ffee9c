// Every template of ../shared/corpus/templates through reader and rewrite, compared with an account of what may change
// that shares no code with the rewrite but the merging of globals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>

#include "app/globals.h"
#include "app/rewrite.h"
#include "app/template_reader.h"

namespace app {
namespace {

namespace json = codec::json;
namespace fs = std::filesystem;

fs::path corpus_folder() {
  for (fs::path root = fs::path(__FILE__).parent_path(); root.has_relative_path(); root = root.parent_path()) {
    if (fs::exists(root / "shared/corpus/templates")) return root / "shared/corpus/templates";
  }
  return "../shared/corpus/templates";
}

std::string read_file(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

json::object without(json::object object, const std::set<std::string>& keys) {
  for (const std::string& key : keys) object.stable_erase(key);
  return object;
}

const json::object& member_object(const json::object& object, std::string_view key) {
  static const json::object kEmpty;
  const auto* member = object.if_contains(key);
  return member == nullptr || !member->is_object() ? kEmpty : member->get_object();
}

json::array as_list(const json::value* value) {
  if (value == nullptr) return {};
  return value->is_array() ? value->get_array() : json::array({*value});
}

void expect_live(const Function& function, const json::object& before, const json::object& after,
                 const json::object& had, const json::object& has) {
  const std::set<std::string> gone = {"InlineCode",
                                      "Layers",
                                      "SnapStart",
                                      "CodeSigningConfigArn",
                                      "ProvisionedConcurrencyConfig",
                                      "RuntimeManagementConfig",
                                      "DeploymentPreference",
                                      "SourceKMSKeyArn"};
  for (const std::string& key : gone) EXPECT_FALSE(has.contains(key)) << key;
  std::set<std::string> changed = gone;
  changed.insert({"Runtime", "CodeUri", "Code", "Policies"});
  if (function.response_stream) {
    EXPECT_EQ(codec::find_string(has, "Environment", "Variables", kStreamedUrlVariable), "1");
    changed.insert("Environment");
  }
  EXPECT_EQ(without(had, changed), without(has, changed));
  EXPECT_EQ(has.at("Runtime"), "provided.al2023");
  std::string stub = function.outside_role.empty() ? "LiveLambdaStub" : "LiveLambdaBridgedStub";
  stub += function.architecture == Architecture::arm64 ? "Arm64" : "X8664";
  const auto& code = has.at(function.serverless ? "CodeUri" : "Code").as_object();
  EXPECT_EQ(code.size(), 2U);
  EXPECT_EQ(code.at(function.serverless ? "Key" : "S3Key"), (json::object{{"Ref", stub}}));
  auto policies = as_list(has.if_contains("Policies"));
  auto depends = as_list(after.if_contains("DependsOn"));
  if (function.roles.empty() && function.outside_role.empty()) {
    EXPECT_THAT(codec::to_text(policies.back()), testing::HasSubstr("execute-api:ManageConnections"));
    policies.pop_back();
  }
  for (const auto& role : function.roles) {
    EXPECT_EQ(depends.back(), json::value("LiveLambda" + role));
    depends.pop_back();
  }
  EXPECT_EQ(policies, as_list(had.if_contains("Policies")));
  EXPECT_EQ(depends, as_list(before.if_contains("DependsOn")));
  const std::set<std::string> apart = {"Properties", "DependsOn", "Metadata", "IgnoreGlobals"};
  EXPECT_EQ(without(before, apart), without(after, apart));
  const std::set<std::string> build = {"BuildMethod", "BuildProperties"};
  EXPECT_EQ(without(member_object(before, "Metadata"), build), member_object(after, "Metadata"));
}

void expect_only_live_functions_changed(const Stack& stack, const Rewritten& rewritten) {
  json::value before = stack.document.value;
  for (const auto& artifact : stack.artifacts) {
    std::size_t slash = artifact.pointer.rfind('/');
    auto& owner = before.at_pointer(artifact.pointer.substr(0, slash)).as_object();
    if (artifact.pointer.ends_with("/SchemaUri")) {
      owner.stable_erase("SchemaUri");
      owner["SchemaInline"] = "schema";
    } else {
      owner[artifact.pointer.substr(slash + 1)] = rewritten.document.at_pointer(artifact.pointer);
    }
  }
  const auto& after = rewritten.document;
  const auto& old_resources = before.at("Resources").as_object();
  const auto& new_resources = after.at("Resources").as_object();
  for (const auto& [id, resource] : old_resources) {
    SCOPED_TRACE(std::string(id));
    ASSERT_TRUE(new_resources.contains(id));
    const auto* function = stack.function(std::string_view(id));
    if (function == nullptr) {
      EXPECT_EQ(resource, new_resources.at(id));
      continue;
    }
    const auto& old_function = resource.as_object();
    const auto& new_function = new_resources.at(id).as_object();
    auto had = effective_properties(before, old_function);
    auto has = effective_properties(after, new_function);
    if (function->live) {
      expect_live(*function, old_function, new_function, had, has);
    } else {
      EXPECT_EQ(had, has);
      EXPECT_EQ(without(old_function, {"Properties"}), without(new_function, {"Properties"}));
    }
  }
  for (const auto& [id, resource] : new_resources) {
    if (!old_resources.contains(id)) {
      EXPECT_EQ(codec::find_string(resource, "Type"), "AWS::IAM::RolePolicy") << std::string(id);
    }
  }
  const auto& old_root = before.as_object();
  EXPECT_EQ(without(old_root, {"Resources", "Globals", "Parameters"}),
            without(after.as_object(), {"Resources", "Globals", "Parameters"}));
  EXPECT_EQ(without(member_object(old_root, "Globals"), {"Function"}),
            without(member_object(after.as_object(), "Globals"), {"Function"}));
  auto parameters = member_object(after.as_object(), "Parameters");
  for (const auto& name : rewritten.parameters) EXPECT_EQ(parameters.stable_erase(name), 1U) << name;
  EXPECT_EQ(member_object(old_root, "Parameters"), parameters);
}

// What reading may answer for real templates: each with its reason.
const std::map<std::string, std::string>& known_errors() {
  static const std::map<std::string, std::string> kErrors = {};
  return kErrors;
}

class Corpus : public testing::TestWithParam<std::vector<std::string>> {};

TEST_P(Corpus, IsReadAndRewrittenAndOnlyLiveFunctionsChange) {
  if (!fs::exists(corpus_folder()))
    GTEST_SKIP() << "the corpus (" << corpus_folder() << ") is not here: nothing was compared";
  int templates = 0;
  int functions = 0;
  int live = 0;
  std::map<std::string, int> reasons;
  RewriteOptions options{
      .key_of = [](const Stack&, const LocalArtifact& artifact) -> base::Result<std::string> { return artifact.path; },
      .text_of = [](const Stack&, const LocalArtifact&) -> base::Result<std::string> { return "schema"; },
      .template_key = [](std::string_view) { return "key"; }};
  for (const auto& entry : fs::directory_iterator(corpus_folder())) {
    std::string name = entry.path().filename();
    SCOPED_TRACE(name);
    ++templates;
    auto stack = read_template(read_file(entry.path()), {.name = "corpus", .file = name, .languages = GetParam()});
    if (!stack) {
      auto known = known_errors().find(name);
      std::string said = known == known_errors().end() ? "" : known->second;
      EXPECT_EQ(stack.error().message, said);
      EXPECT_GT(stack.error().line, 0);
      continue;
    }
    EXPECT_FALSE(known_errors().contains(name));
    bool nested = std::ranges::any_of(
        stack->artifacts, [](const auto& artifact) { return artifact.kind == LocalArtifact::Kind::template_; });
    for (const Function& function : stack->functions) {
      ++functions;
      live += function.live ? 1 : 0;
      if (!function.live) ++reasons[to_string(function.why_not)];
      EXPECT_GT(function.line, 0);
    }
    auto rewritten = rewrite_to_live(*stack, options);
    EXPECT_EQ(rewritten.has_value(), !nested) << (rewritten ? "" : rewritten.error().message);
    if (rewritten) expect_only_live_functions_changed(*stack, *rewritten);
  }
  std::cout << templates << " templates, " << functions << " functions, " << live << " live\n";
  for (const auto& [reason, count] : reasons) std::cout << "  " << count << " " << reason << "\n";
  EXPECT_GT(templates, 100);
  EXPECT_GT(live, 50);
}

// What the worker runs today, and what it may run one day: more functions for the rewrite to show itself on.
INSTANTIATE_TEST_SUITE_P(Languages, Corpus,
                         testing::Values(std::vector<std::string>{"nodejs"},
                                         std::vector<std::string>{"nodejs", "python", "java", "dotnet", "go",
                                                                  "provided"}),
                         [](const auto& info) { return info.index == 0 ? "Today" : "All"; });

}  // namespace
}  // namespace app

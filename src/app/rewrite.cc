#include "app/rewrite.h"

#include <fmt/format.h>

#include "app/artifacts.h"
#include "app/globals.h"
#include "app/network.h"
#include "app/processing.h"
#include "app/references.h"
#include "app/rewrite_draft.h"
#include "app/rewrite_functions.h"
#include "app/rewrite_locations.h"
#include "app/rewrite_publications.h"
#include "app/rewrite_roles.h"
#include "app/rewrite_timeouts.h"

namespace app {
namespace {

namespace json = codec::json;

constexpr std::string_view kParameters[] = {kBucketParameter,           kStubX8664Parameter,        kStubArm64Parameter,
                                            kBridgedStubX8664Parameter, kBridgedStubArm64Parameter, kApiArnParameter,
                                            kTableArnParameter};

base::Result<void> check_names(const Draft& draft) {
  for (std::string_view name : kParameters) {
    for (const char* section : {"Parameters", "Resources"}) {
      if (codec::find(draft.source(), section, name) == nullptr) continue;
      return draft.error(pointer({section, name}), fmt::format("the name {} is livelambda's own", name),
                         "Give it another name.");
    }
  }
  return {};
}

void make_functions_live(Draft& draft) {
  BridgeGrants grants(draft);
  for (const Function& function : draft.stack().functions) {
    if (!function.live) continue;
    const auto* resource = codec::find(draft.source(), "Resources", function.logical_id);
    const json::value had = effective_properties(draft.source(), resource->get_object());
    put_stub(draft, function, had);
    grants.grant(function, had);
  }
}

// Functions that are not in the template as it was read.
void explain_what_is_not_here(Draft& draft) {
  for (const Expansion& expansion : expansions(draft.source())) {
    if (expansion.macro.empty()) {
      draft.note(expansion.id, "is expanded by CloudFormation alone: functions that come of it keep their code in AWS");
      continue;
    }
    draft.note("",
               fmt::format("is given to the macro {} as it is rewritten: functions that it adds keep their code in AWS",
                           expansion.macro));
  }
}

const Stack* nested_stack(const Stack& parent, std::string_view logical_id) {
  std::string id = parent.id.empty() ? std::string(logical_id) : fmt::format("{}/{}", parent.id, logical_id);
  for (const Stack& nested : parent.nested) {
    if (nested.id == id) return &nested;
  }
  return nullptr;
}

// The nested stack gets its template's new place, and the parameters that only its root is given.
base::Result<void> put_nested(Draft& draft, const LocalArtifact& artifact, Rewritten nested) {
  draft.parameter(kBucketParameter);
  put_location(draft.document(), artifact, nested.key);
  if (!nested.parameters.empty()) {
    auto& given = draft.properties(artifact.logical_id)["Parameters"];
    if (given.is_null()) given.emplace_object();
    if (!given.is_object() || is_intrinsic(given)) {
      return draft.error(pointer({"Resources", artifact.logical_id, "Properties", "Parameters"}),
                         fmt::format("the Parameters of {} are no mapping", artifact.logical_id),
                         "livelambda hands parameters of its own down to nested stacks: write them as a mapping.");
    }
    for (const std::string& name : nested.parameters) given.get_object()[name] = draft.parameter(name);
  }
  draft.add_nested(std::move(nested));
  return {};
}

// CloudFormation takes only what is in S3, and what a loop makes of a path is known when it is too late.
base::Result<> check_loops(const Draft& draft) {
  for (const LocalArtifact& artifact : find_paths(draft.stack().document)) {
    std::string_view at = artifact.pointer;
    if (!at.starts_with("/Resources/Fn::ForEach::")) continue;
    at = at.substr(0, at.find('/', std::string_view("/Resources/").size()));
    return draft.error(std::string(at),
                       fmt::format("{} names {} on this machine, and only CloudFormation can expand it",
                                   at.substr(at.rfind('/') + 1), artifact.path),
                       "Let its collection be known before deployment (a list, or a parameter with a value), or write "
                       "what it makes without the loop.");
  }
  return {};
}

base::Result<Rewritten> rewrite(const Stack& stack, const RewriteOptions& options, bool live) {
  Draft draft(stack);
  TRY(check_names(draft));
  NewNames names;
  if (!live) TRY(check_loops(draft));
  if (live) {
    make_functions_live(draft);
    if (options.increase_timeout) increase_timeouts(draft);
    names = adapt_publications(draft);
    explain_what_is_not_here(draft);
    explain_networks(draft);
  }
  for (const LocalArtifact& artifact : stack.artifacts) {
    if (artifact.kind == LocalArtifact::Kind::template_) {
      const Stack* child = nested_stack(stack, artifact.logical_id);
      if (child == nullptr) {
        return draft.error(artifact.pointer, fmt::format("the nested template {} was not read", artifact.path));
      }
      TRY(auto nested, rewrite(*child, options, live));
      nested.key = options.template_key(nested.text);
      TRY(put_nested(draft, artifact, std::move(nested)));
    } else if (artifact.type == "AWS::Serverless::GraphQLApi" && artifact.pointer.ends_with("/SchemaUri")) {
      TRY(auto text, options.text_of(stack, artifact));
      put_text(draft.document(), artifact, text);
    } else {
      TRY(auto key, options.key_of(stack, artifact));
      draft.parameter(kBucketParameter);
      put_location(draft.document(), artifact, key);
    }
  }
  rename_resources(draft.document(), names);
  return draft.take();
}

}  // namespace

base::Result<Rewritten> rewrite_to_live(const Stack& stack, const RewriteOptions& options) {
  return rewrite(stack, options, true);
}

base::Result<Rewritten> package(const Stack& stack, const RewriteOptions& options) {
  return rewrite(stack, options, false);
}

}  // namespace app

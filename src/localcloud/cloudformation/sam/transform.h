// One run of the SAM transform, shared by the files that make resources of one kind each. Internal to sam/.
//
// Functions come first: their events add routes to the definitions of APIs and notifications to buckets, in
// Context::resources. APIs come after them.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "localcloud/cloudformation/sam/values.h"

namespace localcloud::sam {

// A resource of CloudFormation that SAM makes.
struct Made {
  std::string id, type;
  json::object properties = {};  // null members are left out
  json::object attributes = {};  // what stands beside Type and Properties
  json::value depends_on = nullptr;
};

// The usage plan that several APIs have together, as it grows (CreateUsagePlan: SHARED).
struct SharedUsagePlan {
  json::array depends_on, stages, stage_keys;
  std::vector<std::string> conditions;
  bool any_without_condition = false;
  std::string deletion_policy, replace_policy;
};

struct Context {
  json::object resources;                                  // as declared, with Globals and implicit APIs
  json::object conditions;                                 // of the template
  json::object parameters;                                 // values, with AWS::Region and AWS::Partition
  std::int64_t now = 0;                                    // seconds; only an AlwaysDeploy looks at it
  std::map<std::string, std::string> function_names = {};  // by API: of the functions behind it, one after the other
  SharedUsagePlan usage_plan = {};
};

// What stands beside Type and Properties. For the resource of the same name: Condition, DeletionPolicy,
// UpdateReplacePolicy, UpdatePolicy, Metadata. For those made from it: the first three.
json::object own_attributes(const json::object& resource);
json::object passed_on_attributes(const json::object& resource);
json::value depends_on(const json::object& resource);

// Tags as a function and its role have them, with SAM's own. Errors: a reserved key.
base::Result<json::array> function_tags(std::string_view id, const json::object& properties);
// PropagateTags: onto every resource in `made` that can have tags.
void propagate_tags(std::vector<Made>& made, const json::object& tags);

base::Result<std::vector<Made>> make_function(Context& context, const std::string& id, const json::object& resource);
base::Result<std::vector<Made>> make_rest_api(Context& context, const std::string& id, const json::object& resource);
base::Result<std::vector<Made>> make_http_api(Context& context, const std::string& id, const json::object& resource);
base::Result<std::vector<Made>> make_simple_table(const std::string& id, const json::object& resource);
base::Result<std::vector<Made>> make_layer_version(Context& context, const std::string& id,
                                                   const json::object& resource);
base::Result<std::vector<Made>> make_application(const std::string& id, const json::object& resource);

// usage_plan.cc. `plan`: Auth.UsagePlan. Gives plan, key, and the key's place in the plan; nothing for NONE.
base::Result<std::vector<Made>> make_usage_plan(Context& context, const std::string& api_id, const json::value& plan,
                                                const std::string& stage_id, const json::object& passed_on);

// Of an authorizer's function. `partition`: as SAM writes it for the API's kind.
Made authorizer_permission(std::string id, const json::value& function, std::string_view partition,
                           std::string_view api_id, const json::object& passed_on);

}  // namespace localcloud::sam

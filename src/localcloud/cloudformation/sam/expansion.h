// One run of the SAM transform: the resources as they come to be. Internal to sam/.
//
// Functions come first, since their events add routes to APIs; APIs after them.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace localcloud::sam {

namespace json = boost::json;

// "Resource with id [X] is invalid. " follows from where it is caught.
tl::unexpected<base::Error> invalid(std::string message);

json::object ref_to(std::string_view logical_id);                               // {"Ref": …}
json::object get_att(std::string_view logical_id, std::string_view attribute);  // {"Fn::GetAtt": […]}
json::object sub(std::string_view text);                                        // {"Fn::Sub": "…"}
json::object sub(std::string_view text, json::object variables);                // {"Fn::Sub": ["…", {…}]}
json::object if_condition(std::string_view condition, json::value value);       // {"Fn::If": [c, value, NoValue]}
json::array tag_list(const json::object& tags);                                 // [{"Key","Value"}]
json::object object_at(const json::object& object, std::string_view key);       // {} if absent or no object
std::string string_at(const json::object& object, std::string_view key);        // "" if absent or no string

// Names the first key that is not allowed.
base::Result<> only_keys(const json::object& object, const std::set<std::string_view>& allowed,
                         std::string_view of_what);

struct Api {
  bool http = false;  // else REST
  bool implicit = false;
  bool managed = false;  // SAM writes the body; else it is the user's
  json::object properties;
  json::object attributes;  // what stands beside Type and Properties
  json::object body;
  std::map<std::string, std::set<std::string>> path_conditions = {};  // of the functions behind a path; "" = none
};

class Expansion {
 public:
  // `resources`: with Globals merged in. `globals`: for implicit APIs.
  Expansion(const json::object& resources, json::object globals) : source_(resources), globals_(std::move(globals)) {}
  base::Result<json::object> run();

 private:
  base::Result<> expand(const std::string& id, const json::object& resource);
  base::Result<> add(std::string_view id, std::string_view type, json::object properties,
                     const json::object& attributes = {});

  // function.cc
  base::Result<> function(const std::string& id, const json::object& resource);
  base::Result<> function_role(const std::string& id, const json::object& properties, const json::object& passed_on);
  base::Result<> function_url(const std::string& id, const json::object& config, const json::object& passed_on);

  // events.cc
  base::Result<> events(const std::string& id, const json::object& declared, const json::object& passed_on);
  base::Result<> sns_event(const std::string& function, const std::string& id, const json::object& properties,
                           const json::object& passed_on);
  base::Result<> api_event(const std::string& function, const std::string& event, const json::object& properties,
                           const json::object& passed_on, bool http);
  base::Result<> add_route(Api& api, const std::string& function, const json::object& event, const std::string& path,
                           const std::string& method, const std::string& condition);
  base::Result<> permit(const std::string& id, const std::string& function, std::string_view principal,
                        json::value source_arn, const json::object& passed_on);

  // apis.cc
  base::Result<> read_apis();
  base::Result<std::string> api_for(const json::object& event, bool http, const json::object& passed_on);
  base::Result<> http_api(const std::string& id, Api& api);
  base::Result<> rest_api(const std::string& id, Api& api);
  base::Result<> wrap_conditions(Api& api);

  base::Result<> simple_table(const std::string& id, const json::object& resource);

  const json::object& source_;
  json::object globals_;
  json::object out_;
  std::map<std::string, Api> apis_;
};

// attributes.cc: what stands beside Type and Properties. All of it for the resource of the same name; Condition,
// DeletionPolicy and UpdateReplacePolicy also for those that are made from it.
json::object own_attributes(const json::object& resource);
json::object passed_on_attributes(const json::object& resource);

// policies.cc: the "Policies" property of a function.
struct RolePolicies {
  json::array managed_arns;
  json::array inline_policies;  // {"PolicyName", "PolicyDocument"}
};
base::Result<RolePolicies> read_policies(const std::string& role_id, const json::value& policies);
base::Result<json::value> managed_policy_arn(std::string_view name);

// policy_templates.cc: a policy template's document for its parameters. Nothing if there is no template of that name.
std::optional<base::Result<json::object>> policy_template(std::string_view name, const json::object& parameters);

// globals.cc: each serverless resource with the Globals of its kind merged in. Errors: sections and keys SAM does not
// know.
base::Result<json::object> merge_globals(const json::object& resources, const json::value* globals);

}  // namespace localcloud::sam

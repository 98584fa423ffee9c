#include "app/network.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <optional>
#include <set>

#include "app/globals.h"
#include "app/parameters.h"
#include "app/references.h"

namespace app {
namespace {

namespace json = codec::json;

constexpr const char* kVpc = "AWS::EC2::VPC";
constexpr const char* kSubnet = "AWS::EC2::Subnet";
constexpr const char* kRouteTable = "AWS::EC2::RouteTable";
constexpr const char* kAssociation = "AWS::EC2::SubnetRouteTableAssociation";
constexpr const char* kRoute = "AWS::EC2::Route";
constexpr const char* kEndpoint = "AWS::EC2::VPCEndpoint";

struct Resource {
  std::string id;
  const json::value* properties = nullptr;
};

// Where traffic to the internet goes from a subnet.
enum class Way { out, none, internet_gateway, unknown };

// The resources of EC2 in a template, and how they refer to each other.
class Network {
 public:
  Network(const json::value& document, const KnownValues& values) : values_(values) {
    for (const auto& [id, resource] : document.get_object().at("Resources").get_object()) {
      if (id.starts_with("Fn::")) has_more_ = true;
      std::string condition = codec::find_string(resource, "Condition");
      if (!condition.empty() && values_.condition(condition) == false) continue;
      std::string type = codec::find_string(resource, "Type");
      if (!type.starts_with("AWS::EC2::")) continue;
      types_.emplace(id, type);
      resources_[std::move(type)].push_back({std::string(id), codec::find(resource, "Properties")});
    }
  }

  // What a property names: the logical id of a resource of this type, or a text of another place; "" if it is not
  // known.
  std::string named(const json::value* value, const char* type) const {
    value = values_.chosen(value);
    if (value == nullptr) return {};
    if (!is_intrinsic(*value)) return values_.text(*value).value_or("");
    auto names = references_in(*value);
    if (names.size() != 1) return {};
    auto found = types_.find(*names.begin());
    return found != types_.end() && found->second == type ? found->first : values_.text(*value).value_or("");
  }

  bool has(const std::string& id) const { return types_.contains(id); }

  Way way_of(const std::string& subnet) const {
    if (has_more_) return Way::unknown;
    std::string table;
    for (const Resource& association : of_type(kAssociation)) {
      std::string whose = property(association, "SubnetId", kSubnet);
      if (whose.empty()) return Way::unknown;
      if (whose != subnet) continue;
      table = property(association, "RouteTableId", kRouteTable);
      return has(table) ? way_by(table) : Way::unknown;
    }
    return has(vpc_of(subnet)) ? Way::none : Way::unknown;  // the main route table: nothing leaves a new VPC
  }

  std::string vpc_of(const std::string& subnet) const {
    for (const Resource& one : of_type(kSubnet)) {
      if (one.id == subnet) return property(one, "VpcId", kVpc);
    }
    return {};
  }

  // The execute-api endpoint of a VPC that has private DNS; "" if there is none.
  std::string private_endpoint(const std::string& vpc) const {
    for (const Resource& endpoint : of_type(kEndpoint)) {
      if (vpc.empty() || property(endpoint, "VpcId", kVpc) != vpc) continue;
      const auto* service = codec::find(*endpoint.properties, "ServiceName");
      const auto* has_dns = codec::find(*endpoint.properties, "PrivateDnsEnabled");
      if (service == nullptr || has_dns == nullptr || values_.text(*has_dns) != "true") continue;
      if (values_.pattern(*service).value_or("").ends_with(".execute-api")) return endpoint.id;
    }
    return {};
  }

 private:
  std::vector<Resource> of_type(const char* type) const {
    auto found = resources_.find(type);
    return found == resources_.end() ? std::vector<Resource>() : found->second;
  }

  std::string property(const Resource& resource, const char* name, const char* type) const {
    return resource.properties == nullptr ? std::string() : named(codec::find(*resource.properties, name), type);
  }

  Way way_by(const std::string& table) const {
    Way way = Way::none;
    for (const Resource& route : of_type(kRoute)) {
      std::string whose = property(route, "RouteTableId", kRouteTable);
      if (whose.empty()) return Way::unknown;
      if (whose != table || codec::find(*route.properties, "DestinationIpv6CidrBlock") != nullptr) continue;
      const auto* destination = codec::find(*route.properties, "DestinationCidrBlock");
      auto text = destination == nullptr ? std::nullopt : values_.text(*destination);
      if (!text) return Way::unknown;
      if (*text != "0.0.0.0/0") continue;
      std::string gateway = property(route, "GatewayId", "AWS::EC2::InternetGateway");
      if (!has(gateway) && !gateway.starts_with("igw-")) return Way::out;
      way = Way::internet_gateway;
    }
    return way;
  }

  const KnownValues& values_;
  std::map<std::string, std::string, std::less<>> types_;  // of those that are in the stage, by logical id
  std::map<std::string, std::vector<Resource>, std::less<>> resources_;
  bool has_more_ = false;  // loops and transforms make resources
};

KnownValues known_values(const Stack& stack) {
  return {stack.document.value, {stack.parameters.begin(), stack.parameters.end()}, {}};
}

class Explanation {
 public:
  explicit Explanation(Draft& draft)
      : draft_(draft), values_(known_values(draft.stack())), network_(draft.source(), values_) {}

  void explain(const Function& function) {
    const json::value config = vpc_config(function);
    const auto* subnets = values_.chosen(codec::find(config, "SubnetIds"));
    if (subnets == nullptr || (subnets->is_array() && subnets->get_array().empty())) return;
    std::set<std::string> without, by_gateway;
    std::string endpoint;
    bool all_are_without = true;
    bool known = subnets->is_array();
    for (const auto& element : known ? subnets->get_array() : json::array()) {
      std::string subnet = network_.named(&element, kSubnet);
      Way way = network_.has(subnet) ? network_.way_of(subnet) : Way::unknown;
      if (way == Way::none) without.insert(subnet);
      if (way == Way::internet_gateway) by_gateway.insert(subnet);
      all_are_without = all_are_without && (way == Way::none || way == Way::internet_gateway);
      known = known && way != Way::unknown;
      if (endpoint.empty()) endpoint = network_.private_endpoint(network_.vpc_of(subnet));
    }
    const char* how_much = all_are_without ? "does not reach this machine" : "does not always reach this machine";
    if (!without.empty()) {
      draft_.note(function, fmt::format("{}: no route leads from {} to the internet (docs/vpc.md)", how_much,
                                        fmt::join(without, ", ")));
    }
    if (!by_gateway.empty()) {
      draft_.note(function, fmt::format("{}: the route of {} to the internet is an internet gateway, which needs a "
                                        "public address, and functions have none (docs/vpc.md)",
                                        how_much, fmt::join(by_gateway, ", ")));
    }
    if (!endpoint.empty()) {
      draft_.note(function, fmt::format("does not reach this machine: {}, an execute-api endpoint with private DNS in "
                                        "its VPC, answers 403 for public APIs (docs/vpc.md)",
                                        endpoint));
    }
    if (!known && without.empty() && by_gateway.empty() && endpoint.empty()) unknown_.push_back(function.logical_id);
  }

  void explain_unknown() {
    if (unknown_.empty()) return;
    draft_.note("",
                fmt::format("whether {} {} the internet from {} VPC, as live functions must, is not in the template "
                            "(docs/vpc.md)",
                            fmt::join(unknown_, ", "), unknown_.size() == 1 ? "reaches" : "reach",
                            unknown_.size() == 1 ? "its" : "their"));
  }

 private:
  // With what Globals say of it.
  json::value vpc_config(const Function& function) const {
    const auto& resource = codec::find(draft_.source(), "Resources", function.logical_id)->get_object();
    const auto* own = codec::find(draft_.source(), "Resources", function.logical_id, "Properties", "VpcConfig");
    const auto* globals = function.serverless ? function_globals(draft_.source()) : nullptr;
    const auto* global =
        globals != nullptr && takes_global(resource, "VpcConfig") ? globals->if_contains("VpcConfig") : nullptr;
    const auto* config = values_.chosen(own);
    if (global == nullptr) return config == nullptr ? json::value() : *config;
    return config == nullptr ? *global : merge_global(*global, *config);
  }

  Draft& draft_;
  const KnownValues values_;
  const Network network_;
  std::vector<std::string> unknown_;
};

}  // namespace

void explain_networks(Draft& draft) {
  Explanation explanation(draft);
  for (const Function& function : draft.stack().functions) {
    if (function.live) explanation.explain(function);
  }
  explanation.explain_unknown();
}

}  // namespace app

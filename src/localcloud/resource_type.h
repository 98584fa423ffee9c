// One type of CloudFormation resource, as the stack engine sees it. Each service brings its own types; the engine knows
// none.
//
// Every property is one of three: it works, it is accepted without effect (listed here, reported once as a stack
// event), or it fails the stack by name, because the type does not list it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace localcloud {

using boost::asio::awaitable;
namespace json = boost::json;

struct ResourceRequest {
  std::string stack_name;
  std::string stack_id;
  std::string logical_id;
  std::string type = {};                    // as the template names it ("Custom::Thing")
  std::string physical_id;                  // empty on create
  json::object properties;                  // every intrinsic function resolved
  json::object old_properties;              // on update
  std::map<std::string, std::string> tags;  // the stack's own
  bool rolling_back = false;                // an update that sets back, a removal of what a failed operation made
  // For a creation that may fail half-way: what has this physical id by now is removed with the stack.
  std::function<void(std::string physical_id)> initiated = {};
};

struct ResourceState {
  std::string physical_id;  // what Ref gives, unless `ref` is set
  std::string ref = {};
  json::object attributes = {};  // Fn::GetAtt; "A.B" attributes have the key "A.B"
};

class ResourceType {
 public:
  virtual ~ResourceType() = default;
  virtual std::string_view name() const = 0;                    // "AWS::SNS::Topic"
  virtual const std::set<std::string_view>& works() const = 0;  // top-level properties that have their effect
  virtual const std::set<std::string_view>& accepted() const;   // top-level properties without effect; default: none
  // Top-level properties whose change needs a replacement.
  virtual const std::set<std::string_view>& replaces() const = 0;

  virtual awaitable<base::Result<ResourceState>> create(ResourceRequest request) = 0;
  virtual awaitable<base::Result<ResourceState>> update(ResourceRequest request) = 0;
  virtual awaitable<base::Result<void>> remove(ResourceRequest request) = 0;
};

using ResourceTypes = std::vector<std::unique_ptr<ResourceType>>;

// The physical name CloudFormation gives where the template names none: "<stack>-<logicalId>-<12 random characters>",
// cut so that it has at most `max` characters.
std::string generated_name(std::string_view stack_name, std::string_view logical_id, std::size_t max);

}  // namespace localcloud

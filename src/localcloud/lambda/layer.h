// Layers and their versions, which never change: what PublishLayerVersion makes and functions are put together from.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "localcloud/cloud.h"
#include "localcloud/lambda/package.h"

namespace localcloud {

namespace json = boost::json;

struct LayerVersion {
  std::string layer_arn;
  std::string arn;  // layer_arn and ":1"
  int number = 0;
  std::string description;
  std::string license;
  std::vector<std::string> runtimes;
  std::vector<std::string> architectures;
  base::WallTime created{};
  std::shared_ptr<const Package> package;
  std::string location;         // the URL of its archive, which nobody can guess; AWS's ends after ten minutes
  json::array statements = {};  // of its resource policy
  std::string policy_revision = {};
};

class LayerStore {
 public:
  explicit LayerStore(Cloud& cloud) : cloud_(cloud) {}

  // `input`: the members of PublishLayerVersion. Errors: as Lambda words them.
  base::Result<const LayerVersion*> publish(std::string_view name, const json::object& input, std::string_view archive);

  // By the layer's name or ARN. Errors: ResourceNotFoundException 404.
  base::Result<LayerVersion*> find(std::string_view layer, int number);
  // By the ARN of a version. Errors: InvalidParameterValueException, ResourceNotFoundException; of another account or
  // Region: refused by name, because nothing here is shared with them.
  base::Result<LayerVersion*> find_arn(std::string_view arn);
  // Functions that have it keep it. One that is not there is no error.
  void remove(std::string_view layer, int number);

  using Versions = std::map<int, LayerVersion>;
  const std::map<std::string, Versions, std::less<>>& all() const { return layers_; }

  std::string arn_of(std::string_view name) const;

  // The layers of a function, laid over each other; null for none. Errors:
  // InvalidParameterValueException.
  base::Result<std::shared_ptr<const LayerTree>> tree_of(const std::vector<std::string>& arns);

 private:
  Cloud& cloud_;
  std::map<std::string, Versions, std::less<>> layers_;  // versions that were deleted leave their number unused
  std::map<std::string, int, std::less<>> last_number_;
};

// AddLayerVersionPermission: the statement, now in the version's policy. Errors: ValidationException for another action
// than lambda:GetLayerVersion, ResourceConflictException 409 if there is one of that id.
base::Result<json::object> add_layer_statement(LayerVersion& version, const json::object& input, std::string_view id);

// The file of an archive by the last part of its location; "" if that is none.
std::string layer_archive(const Cloud& cloud, std::string_view name);

// GetLayerVersion's answer; `with_content`: with the content and its place.
json::object layer_answer(const LayerVersion& version, bool with_content);

// The name in "name" or "arn:aws:lambda:region:account:layer:name".
std::string layer_name(std::string_view layer);

}  // namespace localcloud

// What can be known of a template's values before it is deployed: literals, and Ref, Fn::Sub and Fn::FindInMap over
// parameters whose value or default is known.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "codec/json.h"

namespace app {

class KnownValues {
 public:
  // `document` outlives this. `given` wins over the parameters' defaults.
  KnownValues(const codec::json::value& document, const std::map<std::string, std::string>& given);

  // Nothing for what only CloudFormation knows: pseudo parameters, attributes, conditions, SSM parameters.
  std::optional<std::string> text(const codec::json::value& value) const;
  std::optional<int> number(const codec::json::value& value) const;

 private:
  std::optional<std::string> substituted(std::string_view pattern) const;

  const codec::json::value& document_;
  std::map<std::string, std::string, std::less<>> parameters_;
};

}  // namespace app

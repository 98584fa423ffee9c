// What can be known of a template's values before it is deployed: literals, and the intrinsic functions (Ref, Fn::Sub,
// Fn::Join, Fn::Select, Fn::Split, Fn::FindInMap, Fn::If) over parameters, mappings, conditions and pseudo parameters
// as far as these are known. What only CloudFormation knows (attributes, exports, SSM parameters) stays unknown, and
// makes unknown what is made of it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/json.h"

namespace app {

class KnownValues {
 public:
  // A parameter's value as it was given: nothing for one that is given, but is known only after deployment.
  using Given = std::map<std::string, std::optional<std::string>>;

  // `document` outlives this. `given` wins over the parameters' defaults. `pseudo`: "AWS::Region" → its value.
  KnownValues(const codec::json::value& document, const Given& given, const std::map<std::string, std::string>& pseudo);

  std::optional<std::string> text(const codec::json::value& value) const;
  std::optional<int> number(const codec::json::value& value) const;

  // A text whose unknown pseudo parameters stay in it as Fn::Sub spells them: "arn:${AWS::Partition}:iam::…".
  std::optional<std::string> pattern(const codec::json::value& value) const;

  // The elements of a list of scalars.
  std::optional<std::vector<std::string>> list(const codec::json::value& value) const;

  // As a nested stack is given it: a list becomes "a,b".
  std::optional<std::string> parameter(const codec::json::value& value) const;

  // The branch that Fn::If chooses, where the conditions are known, or the value itself. nullptr for nullptr, null and
  // AWS::NoValue.
  const codec::json::value* chosen(const codec::json::value* value) const;

  // Nothing if it is not known; a condition that is not declared is not known.
  std::optional<bool> condition(std::string_view name) const;

 private:
  enum class Pseudo { known_only, keep };

  void read_parameters(const Given& given);
  std::optional<bool> decide(const std::string& name);
  std::optional<bool> decide(const codec::json::value& expression);
  std::optional<bool> decide_all(const codec::json::value& list, bool decisive);

  std::optional<codec::json::value> evaluate(const codec::json::value& value, Pseudo pseudo) const;
  std::optional<codec::json::value> reference(std::string_view name, Pseudo pseudo) const;
  std::optional<codec::json::value> substituted(const codec::json::value& argument, Pseudo pseudo) const;
  std::optional<codec::json::value> joined(const codec::json::array& arguments, Pseudo pseudo) const;
  std::optional<codec::json::value> selected(const codec::json::array& arguments, Pseudo pseudo) const;
  std::optional<codec::json::value> split(const codec::json::array& arguments) const;
  std::optional<codec::json::value> found_in_map(const codec::json::array& arguments, Pseudo pseudo) const;

  const codec::json::value& document_;
  std::map<std::string, codec::json::value, std::less<>> names_;  // parameters and pseudo parameters
  std::map<std::string, std::optional<bool>, std::less<>> conditions_;
};

}  // namespace app

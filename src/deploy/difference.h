// What a deployment would change, as values and as lines to read. Two sources, joined: the templates, which have the
// values before and after, and a change set (StackDeployer::preview), which knows what CloudFormation makes of them:
// resources that a transform adds, and what is replaced. Without credentials the templates alone are compared.
//
// Left out is what is livelambda's own: everything named LiveLambda…, and that others wait for it. Pure.
#pragma once

#include <string>
#include <vector>

#include "aws/cloudformation.h"
#include "codec/json.h"

namespace deploy {

struct Difference {
  enum class Kind { added, removed, changed };
  enum class Replacement { unknown, no, perhaps, yes };
  // Where it differs, as a path with dots: "Properties.Timeout". The values are JSON, "" where there is none or where
  // only a change set told of it.
  struct Detail {
    std::string path;
    std::string before = {};
    std::string after = {};
  };

  Kind kind = Kind::changed;
  std::string section;  // "Resources", "Outputs", "Parameters", "Transform", …
  std::string name;     // the logical id, of a nested stack "Nested/LogicalId"; "" for a section without names
  std::string type = {};
  std::vector<Detail> details = {};  // of what changed
  Replacement replacement = Replacement::unknown;
};

// Resources first, then the other sections, in the order of the templates.
std::vector<Difference> template_difference(const codec::json::value& deployed, const codec::json::value& wanted);

// As the change set says; its word on replacements is kept.
std::vector<Difference> change_set_difference(const std::vector<aws::ResourceChange>& changes);

// The change set decides which resources differ; the templates lend their values, and everything but resources.
std::vector<Difference> join_differences(std::vector<Difference> of_change_set, std::vector<Difference> of_templates);

// "~ Fn (AWS::Lambda::Function), replaced" and a line for each detail: "    Properties.Timeout: 3 → 10".
std::vector<std::string> difference_lines(const Difference& difference);
std::vector<std::string> difference_lines(const std::vector<Difference>& differences);

}  // namespace deploy

// What a stack was last deployed from, kept in the stack itself, so that a start with nothing to deploy is ready after
// reading: an output `LiveLambdaTemplate` with "live:" or "real:" and a SHA-256 over the template, the names and values
// of its parameters, and that word.
//
// An output, not a tag: CloudFormation hands a stack's tags down to its resources, and one tag that differs updates
// every resource that has tags, replaces some (and fails where a replacement has a name of its own:
// aws-cloudformation/cloudformation-coverage-roadmap#538; aws/aws-sam-cli#7050), and hides what really changes in the
// change set. An output touches nothing, is rolled back with the stack, and is read by the same DescribeStacks.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace deploy {

inline constexpr const char* kMarkOutput = "LiveLambdaTemplate";

enum class Content {
  live,  // stubs in place of the functions that can be live
  real,  // the app with its own code
};

struct MarkedTemplate {
  std::string text;  // with the output
  std::string mark;  // its value
};

// Pure. A template with a value for a parameter that is NoEcho gets no hash, since it would let readers try values out:
// such a stack is compared by CloudFormation each time. `text` is JSON; errors: internal if it is not.
base::Result<MarkedTemplate> mark_template(const std::string& text,
                                           const std::vector<std::pair<std::string, std::string>>& parameters,
                                           Content content);

// Whether a mark says that exactly this is deployed: equal, and with a hash.
bool same_template(const std::string& deployed, const std::string& wanted);

// Takes the mark out of a stack's outputs, for which it is noise. "" if there is none.
std::string take_mark(std::map<std::string, std::string>& outputs);

// What a mark says is deployed; live for a stack of the time before marks.
Content content_of(const std::string& mark);

}  // namespace deploy

// Other logical ids for resources of a template, with every reference to them: Ref, Fn::GetAtt, Fn::Sub, DependsOn.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "codec/json.h"

namespace app {

using NewNames = std::map<std::string, std::string, std::less<>>;

// Resources keep their places. What Fn::Sub's own map defines is no reference.
void rename_resources(codec::json::value& document, const NewNames& names);

}  // namespace app

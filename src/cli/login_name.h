// Who is at this machine: the default for the name of a stage.
#pragma once

#include <map>
#include <string>

namespace cli {

std::string login_name(const std::map<std::string, std::string>& environment);

}  // namespace cli

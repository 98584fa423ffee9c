// What can be done about a resource that CloudFormation could not make, by the reason that it gives.
#pragma once

#include <string>
#include <string_view>

namespace deploy {

// A sentence for every reason: of one that is not known, that the stack was rolled back.
std::string failure_hint(std::string_view reason);

}  // namespace deploy

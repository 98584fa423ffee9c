// The files that the build put inside the program (cmake/Products.cmake).
#pragma once

#include "session/assets.h"

namespace cli {

session::Assets embedded_assets();

}  // namespace cli

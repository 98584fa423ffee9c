// Serverless Framework apps.
#pragma once

#include "project/toolchain.h"

namespace project {

std::unique_ptr<Toolchain> make_serverless_app(Workplace workplace);

}  // namespace project

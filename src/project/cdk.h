// CDK apps.
#pragma once

#include "project/toolchain.h"

namespace project {

std::unique_ptr<Toolchain> make_cdk_app(Workplace workplace);

}  // namespace project

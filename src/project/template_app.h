// Apps that are a SAM or CloudFormation template. livelambda deploys them by change sets of its own.
#pragma once

#include "project/toolchain.h"

namespace project {

std::unique_ptr<Toolchain> make_template_app(Workplace workplace);

}  // namespace project

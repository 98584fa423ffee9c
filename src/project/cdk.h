// CDK apps. They are synthesised by the project's own `cdk synth`, with `-c stage=STAGE` and LIVELAMBDA_STAGE, into
// `.livelambda/cdk.out/STAGE`; live functions are neither bundled nor copied (runtimes/cdk/hook.cjs). Both ways of
// deploying are the project's own `cdk deploy`.
#pragma once

#include <string>

#include "project/toolchain.h"

namespace project {

std::unique_ptr<Toolchain> make_cdk_app(Workplace workplace);

// How an app whose stacks have the same names on every stage is mended: two lines in its own language.
std::string cdk_stage_lines(const AppFolder& folder);

}  // namespace project

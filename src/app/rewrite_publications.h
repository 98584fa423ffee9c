// AWS::Lambda::Version and AWS::Lambda::Alias resources of live functions: they publish and name the stub.
//
// From versions go CodeSha256, RuntimePolicy and provisioned concurrency, from aliases provisioned concurrency and
// traffic shifting, which a deployment would wait for. Serverless Framework and CDK put a hash of the code into a
// version's logical id, so that another version is published with other code. The stub is the same code: CloudFormation
// would fail to publish it twice. Such a version gets an id without the hash, and a description that changes, which
// replaces the version, exactly when the stub or what a version keeps of the live function's properties does.
#pragma once

#include "app/rewrite_draft.h"
#include "app/rewrite_renaming.h"

namespace app {

// After the functions' own properties have changed. Returns the new ids of versions; they are still to be put into the
// document.
NewNames adapt_publications(Draft& draft);

}  // namespace app

// What a CDK app leaves in its templates about itself: construct paths, assets, and the functions of its own.
#pragma once

#include <string>
#include <string_view>

#include "codec/json.h"

namespace app {

// aws:cdk:path of a resource without its last "/Resource": "MyStack/Api"; "" if there is none.
std::string construct_path(const codec::json::value& resource);

// The asset that this property of a resource is made from ("Code", "TemplateURL"), as aws:asset:path has it: relative
// to the template's folder, or absolute; "" if there is none.
std::string asset_path(const codec::json::value& resource, std::string_view property);

// Whether the function is one of CDK's own: the provider framework, and the handlers of aws/aws-cdk
// packages/@aws-cdk/custom-resource-handlers/README.md, known by the ids that CDK gives them.
bool is_cdk_helper(std::string_view logical_id, std::string_view construct_path, std::string_view handler);

}  // namespace app

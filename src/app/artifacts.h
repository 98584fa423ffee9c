// What `aws cloudformation package` and `sam package` upload and put a location in the place of, as one table: resource
// types, their properties, and the form in which each takes the location.
#pragma once

#include <vector>

#include "app/model.h"
#include "app/rewrite.h"

namespace app {

// Local paths of everything but functions, and of the functions given that are not live. In the template's order.
std::vector<LocalArtifact> find_artifacts(const codec::Document& document, const std::vector<Function>& functions);

// Replaces the artifact's path by the location, in the form that its property takes.
void put_location(codec::json::value& document, const LocalArtifact& artifact, const S3Location& location);

// A path on this machine, rather than a URL or an S3 URI.
bool is_local_path(std::string_view text);

}  // namespace app

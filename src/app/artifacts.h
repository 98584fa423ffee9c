// What `aws cloudformation package` and `sam package` upload and put a location in the place of, as one table of
// resource types and their properties. The form of each location: app/rewrite_locations.h.
#pragma once

#include <vector>

#include "app/model.h"

namespace app {

// Local paths of everything but functions, and of the functions given that are not live. In the template's order.
std::vector<LocalArtifact> find_artifacts(const codec::Document& document, const std::vector<Function>& functions);

// Every local path: those of all functions and of Globals.Function, and what is within loops, where paths may have
// places for the loops' elements.
std::vector<LocalArtifact> find_paths(const codec::Document& document);

// A path on this machine, rather than a URL or an S3 URI.
bool is_local_path(std::string_view text);

}  // namespace app

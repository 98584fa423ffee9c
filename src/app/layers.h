// What a function's Layers name: layer versions of its template, or of a template that it is nested in (given to it by
// a parameter), or somebody else's by ARN. What is known only after deployment (exports, attributes of other stacks)
// has a name and no more.
#pragma once

#include <vector>

#include "app/model.h"
#include "app/template_tree.h"

namespace app {

// In the order of `layers`, the value of a function's property in the template of `node`.
std::vector<Layer> read_layers(const TemplateNode& node, const codec::json::value& layers);

}  // namespace app

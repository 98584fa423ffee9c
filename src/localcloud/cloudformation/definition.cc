#include "localcloud/cloudformation/definition.h"

#include <fmt/format.h>

#include <algorithm>

#include "codec/json.h"
#include "localcloud/cloudformation/capabilities.h"
#include "localcloud/cloudformation/graph.h"
#include "localcloud/cloudformation/sam/sam.h"
#include "localcloud/cloudformation/scope.h"
#include "localcloud/service.h"

namespace localcloud {

base::Result<ProcessedTemplate> process_template(std::string text) {
  TRY(auto document, parse_template(text));
  ProcessedTemplate result;
  TRY(result.transforms, read_transforms(document));
  result.original = std::move(text);
  result.processed = result.original;
  for (const auto& name : result.transforms) {
    if (name == kSamTransform) {
      TRY(document, expand_sam(document));
    } else if (name != "AWS::LanguageExtensions") {
      return aws_error(400, std::string(kTransformFailed),
                       fmt::format("The transform {} is not implemented by the local cloud", name));
    }
  }
  if (!result.transforms.empty()) {
    document.erase("Transform");
    result.processed = json::serialize(document);
  }
  TRY(result.declared, read_template(std::move(document)));
  return result;
}

base::Result<StackDefinition> build_definition(const Cloud& cloud, const Stack& stack, DefinitionInput input) {
  TRY(auto processed, process_template(std::move(input.template_text)));
  StackDefinition definition;
  definition.original_template = std::move(processed.original);
  definition.processed_template = std::move(processed.processed);
  definition.declared = std::move(processed.declared);
  TRY(definition.parameters,
      resolve_parameters(definition.declared, input.parameters, stack.definition.parameters.texts));
  TRY(check_capabilities(definition.declared, input.capabilities,
                         !processed.transforms.empty() && !input.by_change_set));
  definition.tags = std::move(input.tags);
  definition.capabilities = std::move(input.capabilities);
  definition.notification_arns = std::move(input.notification_arns);
  definition.role_arn = std::move(input.role_arn);
  definition.without_effect = std::move(input.without_effect);
  TRY(definition.conditions, definition_conditions(cloud, stack, definition));
  TRY(creation_order(definition.declared, definition.conditions));
  return definition;
}

}  // namespace localcloud

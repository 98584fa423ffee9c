// Where things are in S3, in the form in which each property takes it: the debug stack's bucket by its parameter, the
// key literally.
#pragma once

#include <string>
#include <string_view>

#include "app/model.h"
#include "codec/json.h"

namespace app {

// Replaces the artifact's path by the place of its upload.
void put_location(codec::json::value& document, const LocalArtifact& artifact, std::string_view key);

// The schema of an AWS::Serverless::GraphQLApi goes into the template itself: SchemaInline instead of SchemaUri.
void put_text(codec::json::value& document, const LocalArtifact& artifact, std::string_view text);

}  // namespace app

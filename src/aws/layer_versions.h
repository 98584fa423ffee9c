// Lambda's layer versions, as far as one has to be read: anybody's that the caller may read, by ARN.
#pragma once

#include <string>

#include "aws/client.h"

namespace aws {

struct LayerVersion {
  std::string arn;
  std::string location;  // a presigned URL of its archive, for ten minutes
  std::string sha256;    // of the archive, in hexadecimal
};

// GetLayerVersionByArn, which needs lambda:GetLayerVersion. Errors: as call().
awaitable<base::Result<LayerVersion>> get_layer_version(ClientConfig config, std::string arn);

// The archive, held against its hash. Errors: connect, transport; service (a status, or another content).
awaitable<base::Result<std::string>> download(ClientConfig config, LayerVersion version);

}  // namespace aws

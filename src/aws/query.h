// The query protocol: form-encoded parameters in, XML out (CloudFormation, STS).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "aws/client.h"
#include "aws/xml.h"

namespace aws {

struct QueryCall {
  std::string service;  // "cloudformation"
  std::string version;  // "2010-05-15"
  std::string action;
  std::vector<std::pair<std::string, std::string>> parameters = {};
  CallOptions options = {};
};

// The <ActionResult> element (empty for actions that answer without one).
awaitable<base::Result<XmlNode>> call_query(ClientConfig config, QueryCall query);

}  // namespace aws

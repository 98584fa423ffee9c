// Which route of an HTTP or REST API serves a request. The most specific one: fixed segments before {parameters}, these
// before {greedy+} ones, the method before ANY, and $default last (AGW-guide http-api-develop-routes.md).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "localcloud/apigateway/gateway_model.h"

namespace localcloud {

struct RouteMatch {
  const Route* route = nullptr;
  std::map<std::string, std::string> path_parameters;
};

// `path` without the stage, as on the wire. HTTP APIs decode it before they match, so that %2F parts segments, and mind
// a final slash; REST APIs decode each parameter, and do not.
std::optional<RouteMatch> match_route(const Definition& definition, GatewayKind kind, std::string_view method,
                                      std::string_view path);

// What a WebSocket's text selects: the string at `route_selection` in its JSON, "" if there is none.
std::string select_route_key(std::string_view route_selection, std::string_view text);

const Route* route_by_key(const Definition& definition, std::string_view key);

}  // namespace localcloud

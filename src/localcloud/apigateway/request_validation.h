// What a REST API demands of a request before its integration sees it: parameters that must be there, a body that fits
// a model (AGW-guide api-gateway-method-request-validation.md). Pure.
#pragma once

#include <optional>

#include "localcloud/apigateway/failure.h"
#include "localcloud/apigateway/gateway_model.h"

namespace localcloud {

// nullopt: nothing is wrong.
std::optional<Failure> validate_request(const Definition& definition, const Route& route, const MappingSources& sources,
                                        const net::Request& request);

}  // namespace localcloud

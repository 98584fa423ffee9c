// IAM and STS: roles with their policies, temporary credentials, and the decision whether a caller may do what it asks.
#pragma once

#include <boost/json.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "localcloud/cloud.h"
#include "localcloud/iam/condition_context.h"
#include "localcloud/identity.h"
#include "localcloud/resource_type.h"
#include "localcloud/service.h"

namespace localcloud {

class Iam : public Service {
 public:
  // Errors: AccessDenied / AccessDeniedException 403 in AWS's wording: "User: ARN is not authorized to perform: ACTION
  // on resource: RESOURCE because no identity-based policy allows the ACTION action". `resource_policy`: of the
  // resource, or null.
  virtual base::Result<> authorize(const Principal& caller, std::string_view action, std::string_view resource,
                                   const ConditionContext& context = {},
                                   const json::value* resource_policy = nullptr) const = 0;

  virtual const Credentials& root_credentials() const = 0;
  // The key's owner and secret. Errors: UnrecognizedClientException / InvalidClientTokenId 403, ExpiredTokenException.
  virtual base::Result<std::pair<Principal, Credentials>> find_key(std::string_view access_key_id,
                                                                   std::string_view session_token) const = 0;
  // Temporary credentials of a role for a service that runs on its behalf (Lambda): trust policy checked for `service`
  // ("lambda.amazonaws.com"). Errors: the service's own wording is up to the caller.
  virtual base::Result<Credentials> assume_for_service(std::string_view role_arn, std::string_view service,
                                                       std::string_view session_name) = 0;
  // As assume_for_service(), for a service that acts as the role itself and needs no keys: nothing of it is kept.
  virtual base::Result<Principal> principal_for_service(std::string_view role_arn, std::string_view service,
                                                        std::string_view session_name) {
    TRY(auto credentials, assume_for_service(role_arn, service, session_name));
    TRY(auto found, find_key(credentials.access_key_id, credentials.session_token));
    return std::move(found.first);
  }
  virtual ResourceTypes resource_types() = 0;
};

// `root`: the root user's key; made fresh if it is empty.
std::unique_ptr<Iam> make_iam(Cloud& cloud, Credentials root = {});

// Verifies AWS Signature Version 4 in headers or query of a request as it came over the wire (local code of its own,
// not aws/). The date is checked against the machine's clock (±5 minutes; a presigned query its own expiry). Errors:
// MissingAuthenticationToken, IncompleteSignature, SignatureDoesNotMatch, InvalidSignatureException, RequestExpired, …
// with AWS's status. An unsigned payload is accepted only for s3.
struct VerifiedCaller {
  Principal principal;
  std::string service;
  std::string region;
};
base::Result<VerifiedCaller> check_signature(const Iam& iam, const net::Request& request, std::string_view host);

}  // namespace localcloud

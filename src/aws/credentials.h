// Where a client's keys come from: asked before each signature, since keys are renewed in a long session.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>

#include "aws/sigv4.h"
#include "base/clock.h"
#include "base/result.h"

namespace aws {

using boost::asio::awaitable;

class CredentialsProvider {
 public:
  virtual ~CredentialsProvider() = default;
  // Errors: credentials, with the command that mends it.
  virtual awaitable<base::Result<Credentials>> get() = 0;
};

// Keys that never change.
std::shared_ptr<CredentialsProvider> fixed_credentials(Credentials credentials);

// Keys as a source issues them, for a while or for ever.
struct IssuedCredentials {
  Credentials keys;
  std::optional<base::WallTime> expires = {};
};

// One way to keys: a role, an SSO session, a process, a metadata service. Every fetch() asks anew.
class CredentialsSource {
 public:
  virtual ~CredentialsSource() = default;
  virtual awaitable<base::Result<IssuedCredentials>> fetch() = 0;
};

}  // namespace aws

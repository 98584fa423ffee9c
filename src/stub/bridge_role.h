// The keys of a stub whose function has a role that is not the app's to change: the debug stack's bridge role, assumed
// with the function's own keys, opens the way to the bridge and to nothing else. The session still gets the function's
// own keys.
//
// The role is assumed when keys are first asked for, and again 5 minutes before they expire; whoever asks meanwhile
// waits for the same request. Keys that are still good are not given up because a renewal failed.
#pragma once

#include <optional>
#include <string>

#include "aws/client.h"
#include "base/notifier.h"

namespace stub {

class BridgeRole final : public aws::CredentialsProvider {
 public:
  // `own` calls STS with the function's own keys.
  BridgeRole(aws::ClientConfig own, std::string role_arn, std::string session_name);

  // Errors: as of aws::assume_role.
  boost::asio::awaitable<base::Result<aws::Credentials>> get() override;

 private:
  boost::asio::awaitable<void> ask();
  bool good_for(std::chrono::seconds left) const;

  const aws::ClientConfig own_;
  const std::string role_arn_;
  const std::string session_name_;
  std::optional<aws::IssuedCredentials> keys_;
  // One request at a time. `outcome_` is what the last one said; empty while it runs, or if it was given up.
  bool asking_ = false;
  std::optional<base::Result<>> outcome_;
  base::Notifier asked_;
};

}  // namespace stub

// Who calls: what a verified signature proves, and the credentials that make such signatures.
#pragma once

#include <string>

#include "base/clock.h"

namespace localcloud {

struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  // empty for the long-lived root key
  base::WallTime expires_at = base::WallTime::max();
};

struct Principal {
  std::string arn;        // "arn:aws:iam::ACCOUNT:root" or "arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION"
  std::string user_id;    // "ACCOUNT" or "AROA…:SESSION"
  std::string role_name;  // of an assumed role; empty for root
  std::string access_key_id;
  bool is_root = false;  // root is allowed everything
};

// Whose right it is that one service's event reaches another's resource: a service that acts for one of its resources
// (the policy of what it reaches decides, with aws:SourceArn), or a principal of the account (IAM decides).
struct OnBehalfOf {
  std::string service = {};     // "sns.amazonaws.com"; empty: `caller` decides
  std::string source_arn = {};  // of the service's resource
  Principal caller = {};
};

}  // namespace localcloud

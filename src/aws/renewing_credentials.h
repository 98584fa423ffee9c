// Keys that renew themselves: in the background from five minutes before they expire, so that no request waits for it;
// one renewal at a time; the old ones stay in use while renewals fail and they are still good.
#pragma once

#include "aws/credentials.h"

namespace aws {

struct CredentialsName {
  std::string source;  // "profile work": for messages
  std::string mend;    // the hint when they have expired: "Run `aws sso login`."
};

// `clock` outlives it. Nothing is asked of `source` before the first get().
std::shared_ptr<CredentialsProvider> renewing_credentials(std::unique_ptr<CredentialsSource> source,
                                                          const base::Clock& clock, CredentialsName name);

// A source of keys that are known, perhaps with an end that is known too.
std::unique_ptr<CredentialsSource> known_credentials(IssuedCredentials issued);

}  // namespace aws

// What a TLS peer trusts and who it is. One context per process and role; cheap to share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace net {

class TlsContext {
 public:
  virtual ~TlsContext() = default;
};

// The context of clients: TLS 1.2 or later, host names verified, always. It trusts `ca_pem` alone if given (the
// contents of LIVELAMBDA_CA_FILE), else Amazon's roots, which are embedded, and beside them, unless `embedded_only`,
// the system's bundle.
base::Result<std::shared_ptr<TlsContext>> make_client_tls(std::string ca_pem, bool embedded_only);

// The context of a server (the local cloud with --tls). Errors: invalid_input.
base::Result<std::shared_ptr<TlsContext>> make_server_tls(std::string certificate_chain_pem, std::string key_pem);

// A CA and a certificate for the given names and addresses ("localhost", "127.0.0.1", "*.localhost"), signed by it;
// ECDSA P-256, valid from a day ago for `days`. For the local cloud and for tests.
struct Authority {
  std::string certificate_pem;
  std::string key_pem;
};
Authority make_authority(std::string common_name, int days);
Authority issue_certificate(const Authority& authority, std::vector<std::string> names, int days);

}  // namespace net

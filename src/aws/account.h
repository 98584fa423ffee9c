// Whose credentials and which region a session uses, and how it reaches AWS: command line, environment and shared files
// in the order of the AWS SDKs and Tools Reference Guide, read as the aws CLI reads them.
//
//   CO_TRY(auto account, co_await aws::find_account(options, with));
//   aws::ClientConfig config = aws::client_config(account, clock);
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "aws/client.h"
#include "aws/run_program.h"

namespace aws {

struct AccountOptions {
  std::string profile = {};                        // --profile: wins over keys in the environment; "" = none given
  std::string region = {};                         // --region
  std::map<std::string, std::string> environment;  // AWS_*, HTTPS_PROXY, LIVELAMBDA_CA_FILE, HOME, …
};

using ReadFile = std::function<std::optional<std::string>(const std::string& path)>;
using WriteFile = std::function<base::Result<>(const std::string& path, std::string_view text)>;

// Who can be asked for the code of an MFA device.
class PromptForMfa {
 public:
  virtual ~PromptForMfa() = default;
  // `serial` names the device. Errors: credentials (nobody answers: no terminal).
  virtual awaitable<base::Result<std::string>> ask(std::string serial) = 0;
};

// What an account works with, also when it renews keys later: all of it outlives the Account.
struct AccountSurroundings {
  const base::Clock& clock;
  RunProgram& programs;
  PromptForMfa* mfa = nullptr;  // null: nobody can be asked
  ReadFile read_file;           // a file's text, or nothing if it is not there or cannot be read
  WriteFile write_file;         // writes a private file (0600), and its folder: renewed SSO tokens, keys of roles
  std::function<base::Result<std::shared_ptr<net::TlsContext>>(std::string ca_pem)> make_tls;
  // `tls` and `proxies` may be null.
  std::function<std::shared_ptr<net::HttpClient>(std::shared_ptr<net::TlsContext> tls,
                                                 std::shared_ptr<const net::Proxies> proxies)>
      make_http;
};

struct Account {
  std::shared_ptr<CredentialsProvider> credentials;  // renews itself; has given keys once
  std::string region;
  std::string source;                                 // "the environment", "profile work", …: for messages
  std::string profile;                                // the one that was named; "" if none was
  std::map<std::string, std::string> endpoints = {};  // as in ClientConfig
  EndpointVariant variant = {};
  int attempts = 3;
  std::string ca_pem;                           // of LIVELAMBDA_CA_FILE; "" = none: what stubs trust too
  std::shared_ptr<net::TlsContext> tls;         // trusts what the user said; for WebSockets
  std::shared_ptr<const net::Proxies> proxies;  // may be null
  std::shared_ptr<net::HttpClient> http;
};

// Errors: credentials (none, expired, no region) with the command that mends it; usage (a broken setting).
awaitable<base::Result<Account>> find_account(AccountOptions options, AccountSurroundings with);

// The account as its clients want it; it outlives them.
ClientConfig client_config(const Account& account, const base::Clock& clock);

}  // namespace aws

// The package that stands in for a function's code: the stub as `bootstrap`, and what it has to know as
// `livelambda.json`. Its configuration is in the package, not in the environment, which is the function's own (4 KB for
// all of it).
#pragma once

#include <string>

#include "deploy/package.h"

namespace deploy {

struct StubConfig {
  std::string stage;
  std::string app;
  std::string region;
  std::string endpoint;          // the WebSocket API, as the debug stack's output Url
  std::string table;             // the table's name
  std::string bridge_role = {};  // ARN that the stub assumes for the bridge; "" if the function's role may use it
  std::string ca_pem = {};       // certificates to trust instead of Amazon's (LIVELAMBDA_CA_FILE); "" for none
};

// livelambda.json: {"version":1,"stage","app","region","endpoint","table"}, "bridgeRole" if there is one and, if there
// are certificates, "caFile":"ca.pem", a path relative to the package. One package serves every function of an
// architecture, another one those with roles outside of the app.
Package stub_package(std::string bootstrap, const StubConfig& config);

}  // namespace deploy

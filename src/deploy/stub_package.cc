#include "deploy/stub_package.h"

#include "codec/json.h"

namespace deploy {

Package stub_package(std::string bootstrap, const StubConfig& config) {
  codec::json::object text{{"version", 1},
                           {"stage", config.stage},
                           {"app", config.app},
                           {"region", config.region},
                           {"endpoint", config.endpoint},
                           {"table", config.table}};
  std::vector<codec::ZipEntry> entries;
  entries.push_back({.name = "bootstrap", .content = std::move(bootstrap), .mode = 0755});
  if (!config.bridge_role.empty()) text["bridgeRole"] = config.bridge_role;
  if (!config.ca_pem.empty()) {
    text["caFile"] = "ca.pem";
    entries.push_back({.name = "ca.pem", .content = config.ca_pem});
  }
  entries.push_back({.name = "livelambda.json", .content = codec::to_text(text)});
  return make_package("stubs", std::move(entries));
}

}  // namespace deploy

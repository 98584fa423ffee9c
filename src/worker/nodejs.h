// Node.js: the one that the project asks for (find_node.h), 20 or later, runs runtimes/nodejs. TypeScript, and what
// asks for esbuild, is bundled by the esbuild of its project; plain JavaScript runs as it lies there.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "os/spawner.h"
#include "worker/language.h"

namespace worker {

// `own_environment` is the developer's, `loader_folder` holds bootstrap.mjs. The spawner outlives the result.
std::unique_ptr<Language> make_nodejs(boost::asio::any_io_executor executor, os::Spawner& spawner,
                                      std::map<std::string, std::string> own_environment, std::string loader_folder);

struct NodeVersion {
  int major = 0;
  int minor = 0;
};

// 20.20 of "v20.20.2\n"; nothing if it is no such text.
std::optional<NodeVersion> parse_node_version(std::string_view version);

}  // namespace worker

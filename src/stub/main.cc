// bootstrap: stands in for a Lambda function in AWS and sends its invocations to the developer's session.
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

#include "base/clock.h"
#include "base/task_group.h"
#include "net/resolver_setup.h"
#include "net/tls.h"
#include "stub/config.h"
#include "stub/driver.h"

namespace {

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

stub::Environment own_environment() {
  stub::Environment environment;
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    std::string_view text = *entry;
    std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

// The folder of the package: where the executable lies, unless Lambda says it.
std::string package_folder(const stub::Environment& environment) {
  auto root = environment.find("LAMBDA_TASK_ROOT");
  if (root != environment.end() && !root->second.empty()) return root->second;
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string();
}

base::Result<> run() {
  stub::Environment environment = own_environment();
  std::string package = package_folder(environment);
  auto json = read_file(package + "/livelambda.json");
  if (!json) return base::fail(base::ErrorKind::not_found, package + "/livelambda.json is not there");
  TRY(auto config, stub::read_config(*json, package, environment));
  std::string ca_pem;
  if (!config.ca_file.empty()) {
    auto pem = read_file(config.ca_file);
    if (!pem) return base::fail(base::ErrorKind::not_found, config.ca_file + " is not there");
    ca_pem = std::move(*pem);
  }
  TRY(auto tls, net::make_client_tls(std::move(ca_pem), true));
  base::SystemClock clock;
  boost::asio::io_context loop(1);
  stub::Driver driver(loop.get_executor(), std::move(config), std::move(tls), clock);
  base::run_until_done(loop, driver.run());
  return {};
}

}  // namespace

int main() {
  // A fifth of the way to the first connection: a configuration nobody wrote for us, and old names of ciphers.
  OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ADD_ALL_CIPHERS, nullptr);
  net::look_names_up_without_modules();
  try {
    auto outcome = run();
    if (outcome) return 0;
    fmt::print(stderr, "livelambda: {}\n", outcome.error().message);
  } catch (const std::exception& error) {
    fmt::print(stderr, "livelambda: internal error: {}\n", error.what());
  }
  return 1;
}

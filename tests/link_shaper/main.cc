// The link shaper: see README.md beside it.
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "link.h"
#include "measure.h"

namespace {

using namespace link_shaper;

struct Arguments {
  bool hold = false;
  int measure = 0;
  std::string a, b;  // NAMESPACE=ADDRESS
  std::vector<std::string> rename;
  std::uint64_t seed = 1;
  std::string device = "link0";
};

base::Result<std::pair<std::string, std::string>> split(const std::string& text) {
  auto equals = text.find('=');
  if (equals == text.npos) {
    return base::fail(base::ErrorKind::usage, fmt::format("'{}' has no '='", text));
  }
  return std::pair(text.substr(0, equals), text.substr(equals + 1));
}

base::Result<Tun> open_end(const std::string& end, const std::string& device) {
  TRY(auto named, split(end));
  return Tun::open({.network_namespace = named.first, .device = device, .address = named.second});
}

// A host without a name: its namespaces last as long as this process, which lasts as long as its stdin.
base::Result<> hold_host() {
  if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return base::fail(base::ErrorKind::local_resource, fmt::format("no namespaces: {}", std::strerror(errno)));
  }
  TRY(set_loopback_up());
  fmt::print("ready\n");
  std::fflush(stdout);
  char ignored[64];
  while (::read(STDIN_FILENO, ignored, sizeof ignored) > 0) {
  }
  return {};
}

base::Result<> join_hosts(const Arguments& arguments) {
  std::vector<Renaming> renamings;
  for (const std::string& pair : arguments.rename) {
    TRY(auto names, split(pair));
    TRY(auto elsewhere, parse_ipv4(names.first));
    TRY(auto here, parse_ipv4(names.second));
    renamings.push_back({.elsewhere = elsewhere, .here = here});
  }
  TRY(auto a, open_end(arguments.a, arguments.device + "a"));
  TRY(auto b, open_end(arguments.b, arguments.device + "b"));
  Link link(std::move(a), std::move(b), std::move(renamings), arguments.seed);
  fmt::print("ready\n");
  std::fflush(stdout);
  return run(link, STDIN_FILENO);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Joins two network namespaces by a link that delays, loses, reorders, limits and cuts.", "link_shaper");
  Arguments arguments;
  app.add_flag("--hold", arguments.hold, "Be a host: new network and mount namespaces, until stdin ends");
  app.add_option("--measure", arguments.measure, "Print what the shaper itself adds, measured by this many round trips")
      ->type_name("N");
  app.add_option("--a", arguments.a, "Host a: FILE of its network namespace, and its address")
      ->type_name("FILE=ADDRESS");
  app.add_option("--b", arguments.b, "Host b")->type_name("FILE=ADDRESS");
  app.add_option("--rename", arguments.rename, "What is the first address elsewhere is the second at host b")
      ->type_name("ADDRESS=ADDRESS");
  app.add_option("--seed", arguments.seed, "Of losses, jitter and reordering")->capture_default_str();
  app.add_option("--device", arguments.device, "Name of the devices, less their last letter")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  ::prctl(PR_SET_TIMERSLACK, 1UL);  // nanosecond: the loop's timeouts are the link's delays
  auto done = arguments.hold ? hold_host() : arguments.measure > 0 ? measure(arguments.measure) : join_hosts(arguments);
  if (done) return 0;
  fmt::print(stderr, "link_shaper: {}\n", done.error().message);
  return 1;
}

// The command line as a value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"

namespace cli {

struct StartCommand {
  std::optional<std::string> stage;
  std::string app_dir = ".";
  bool local = false;
  bool json = false;
  bool verbose = false;
};

struct LocalCommand {
  std::uint16_t port = 0;
  bool json = false;
  bool tls = false;
  std::string certificate_file;
  std::string key_file;
  bool test_clock = false;
  std::string record_websockets;
  bool end_when_unused = false;
  bool verbose = false;
};

// Text to print and leave with status 0: --help, --version.
struct PrintCommand {
  std::string text;
};

using Command = std::variant<StartCommand, LocalCommand, PrintCommand>;

// Errors: usage, with the closest thing that would have worked in the hint.
base::Result<Command> parse_arguments(const std::vector<std::string>& arguments);

}  // namespace cli

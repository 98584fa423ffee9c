// Functions that are a program of their own: they speak the Runtime API by the client that is compiled in, and run as
// processes. OS-only runtimes (provided.*) in Go, Rust, C++ and anything else, and whatever livelambda.yaml has a `run`
// command for. How a program comes about, the first that fits:
//
//   `run` of livelambda.yaml                     that command, by sh, in the function's folder; after `build`, if any
//   `build` of livelambda.yaml                   that command, in the app's folder, then `bootstrap` in the function's
//   BuildMethod makefile                         `make build-<function>`, as SAM does it, with ARTIFACTS_DIR
//   Cargo.toml                                   `cargo build`, as a debug build
//   go.mod here or above                         `go build`
//   `bootstrap`                                  as it is
#pragma once

#include <map>
#include <memory>
#include <string>

#include "os/spawner.h"
#include "worker/language.h"

namespace worker {

// `own_environment` is the developer's. The spawner outlives the result.
std::unique_ptr<Language> make_executable(os::Spawner& spawner, std::map<std::string, std::string> own_environment);

// What a build of Cargo with JSON messages made: {binary's name, path}, and all else that it said.
struct CargoOutput {
  std::map<std::string, std::string> binaries;
  std::string text;
};
CargoOutput parse_cargo_output(std::string_view output);

}  // namespace worker

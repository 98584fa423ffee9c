// Result<T>: a value or an Error. Every outcome that a caller can expect (a stack that is missing, a template that does
// not parse, a worker that crashed) travels this way; exceptions are for broken assumptions and mid-stream I/O.
//
//   Result<Template> read_template(std::string_view text) {
//     TRY(auto tree, parse_yaml(text));      // returns the error from here
//     TRY(check(tree));                      // Result<void>
//     return Template{std::move(tree)};
//   }
//
// In a coroutine the same is CO_TRY. These are the only macros of the project.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace base {

// What went wrong, as far as a caller decides by it. The exit status of the program follows from it
// (cli/exit_status.h).
enum class ErrorKind {
  internal,        // a bug, or something nobody expected
  usage,           // command line or configuration
  invalid_input,   // a template, a document, a message that does not parse or breaks a rule
  build,           // the user's code does not build or load
  not_found,       // a file, a resource
  credentials,     // none, expired, or no region
  permission,      // AccessDenied
  deployment,      // a stack failed
  displaced,       // another session took over
  local_resource,  // a port in use, a full disk, no file descriptor
  connect,         // no connection could be made: certainly nothing was sent
  transport,       // the connection broke or timed out after something may have been sent
  service,         // a service answered with an error; see `code` and `status`
};

struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string message;    // one sentence, no full stop, no secrets
  std::string hint = {};  // what the user can do next; may be empty
  std::string file = {};  // where, if a file is to blame
  int line = 0;           // 1-based; 0 = unknown
  std::string code = {};  // the service's own code, e.g. "ConditionalCheckFailedException"
  int status = 0;         // HTTP status, if a service answered
};

template <typename T = void>
using Result = tl::expected<T, Error>;

// "internal", "usage", …: the spelling used in --json.
std::string_view to_string(ErrorKind kind);

// For `return fail(ErrorKind::usage, "…", "…")` in any function that returns a Result.
inline tl::unexpected<Error> fail(ErrorKind kind, std::string message, std::string hint = {}) {
  return tl::unexpected<Error>(Error{.kind = kind, .message = std::move(message), .hint = std::move(hint)});
}
inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace base

#define LL_CONCAT2(a, b) a##b
#define LL_CONCAT(a, b) LL_CONCAT2(a, b)
#define LL_PICK(_1, _2, name, ...) name
#define LL_TRY_VOID(ret, var, expr)                            \
  if (auto var = (expr); !var) {                               \
    ret tl::unexpected<::base::Error>(std::move(var).error()); \
  }
#define LL_TRY_VALUE(ret, var, decl, expr)                     \
  auto var = (expr);                                           \
  if (!var) {                                                  \
    ret tl::unexpected<::base::Error>(std::move(var).error()); \
  }                                                            \
  decl = std::move(*var)
#define LL_TRY1(expr) LL_TRY_VOID(return, LL_CONCAT(ll_result_, __LINE__), expr)
#define LL_TRY2(decl, expr) LL_TRY_VALUE(return, LL_CONCAT(ll_result_, __LINE__), decl, expr)
#define LL_CO_TRY1(expr) LL_TRY_VOID(co_return, LL_CONCAT(ll_result_, __LINE__), expr)
#define LL_CO_TRY2(decl, expr) LL_TRY_VALUE(co_return, LL_CONCAT(ll_result_, __LINE__), decl, expr)
#define TRY(...) LL_PICK(__VA_ARGS__, LL_TRY2, LL_TRY1, )(__VA_ARGS__)
#define CO_TRY(...) LL_PICK(__VA_ARGS__, LL_CO_TRY2, LL_CO_TRY1, )(__VA_ARGS__)

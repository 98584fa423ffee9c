// The rules of Lambda's Extensions API for one execution environment: who may call what when, what a wrong call is
// answered, and whom the next invocation waits for. Pure; the server is endpoint.h, the processes are worker's.
// Follows the developer guide ("Extensions API") and, for states and words, AWS's runtime interface emulator.
//
//   started ──register──► registered ──next──► ready ──event──► running ──next──► ready
//                             └──init/error, exit/error──► failed
//
// External extensions are programs, announced by expect(); whoever else registers is internal, a part of the runtime's
// own process: no SHUTDOWN events, and no registration after the runtime has asked for its first event.
#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"
#include "runtime_api/invocation.h"

namespace runtime_api {

// What an extension is told of its function when it registers.
struct FunctionIdentity {
  std::string name;
  std::string version;
  std::string handler;
  std::string account;  // told to those that ask for it
};

class Extensions {
 public:
  static constexpr std::size_t kMost = 10;

  void describe(FunctionIdentity function) { function_ = std::move(function); }
  // An external extension was started; `name` is its file's.
  void expect(std::string name);
  // Its process has ended: nothing waits for it any more.
  void gone(std::string_view name);
  void close_registration() { closed_ = true; }

  net::Response register_one(const net::Request& request);
  // Of the extension that the request names: empty if it may wait for its next event, which makes it ready.
  std::optional<net::Response> next(const net::Request& request);
  // The event for it, once there is one.
  std::optional<net::Response> take_event(const net::Request& request);
  // init/error and exit/error.
  net::Response fail(const net::Request& request, bool in_init);

  // Everyone that was started has registered: the runtime may start.
  bool all_registered() const;
  // Everyone that has registered waits for an event: the runtime may have its own.
  bool all_ready() const;
  bool any() const { return !extensions_.empty(); }
  bool has_external() const;

  // To those that subscribed to it.
  void invoke(const InvocationEvent& event);
  void shut_down(std::string_view reason, base::WallTime deadline);
  bool awaits_shutdown(std::string_view name) const;  // it has registered, and subscribed to SHUTDOWN
  // What it told of itself by init/error or exit/error, as Lambda calls it: "Extension.InitError"; "" if nothing.
  std::string failure_of(std::string_view name) const;

 private:
  enum class State { started, registered, ready, running, init_error, exit_error };
  struct Extension {
    std::string name;
    std::string id;
    bool external = false;
    State state = State::started;
    std::set<std::string, std::less<>> events = {};
    std::optional<std::string> pending = {};  // the event to give, as JSON
  };

  Extension* find(const net::Request& request);
  const Extension* named(std::string_view name) const;
  std::optional<net::Response> unknown(const net::Request& request);
  static std::string_view name_of(State state);
  static net::Response refuse(const Extension& extension, State target, std::string_view called);
  net::Response registered(const Extension& extension, std::string_view features) const;

  FunctionIdentity function_;
  std::list<Extension> extensions_;
  bool closed_ = false;
};

}  // namespace runtime_api

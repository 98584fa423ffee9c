#include "net/beast_stream.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/prepend.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <optional>

#include "net/frame_meter.h"
#include "net/tls_context.h"

namespace net {

using TlsStream = asio::ssl::stream<tcp::socket&>;

struct Stream::Impl {
  explicit Impl(tcp::socket connected) : socket(std::move(connected)) {}

  void observe(const void* data, std::size_t size) {
    if (meter) meter->feed({static_cast<const std::uint8_t*>(data), size});
  }

  tcp::socket socket;
  std::shared_ptr<TlsContext> context;
  std::optional<TlsStream> tls;
  std::string unread;
  std::optional<FrameMeter> meter;
};

namespace detail {

// A handler that holds the connection while its operation is under way.
struct KeepingHandler {
  std::shared_ptr<Stream::Impl> impl;
  const void* read_into;  // null for a write
  Stream::IoHandler handler;

  void operator()(error_code error, std::size_t size) {
    if (read_into != nullptr && size > 0) impl->observe(read_into, size);
    std::move(handler)(error, size);
  }
};

}  // namespace detail
}  // namespace net

// The executor, allocator and cancellation slot of a KeepingHandler are those of the handler inside.
template <template <typename, typename> class Associator, typename Default>
struct boost::asio::associator<Associator, net::detail::KeepingHandler, Default>
    : Associator<net::Stream::IoHandler, Default> {
  using Inner = Associator<net::Stream::IoHandler, Default>;
  static typename Inner::type get(const net::detail::KeepingHandler& keeping) noexcept {
    return Inner::get(keeping.handler);
  }
  static auto get(const net::detail::KeepingHandler& keeping, const Default& fallback) noexcept
      -> decltype(Inner::get(keeping.handler, fallback)) {
    return Inner::get(keeping.handler, fallback);
  }
};

namespace net {

Stream::Stream(tcp::socket socket) : impl_(std::make_shared<Impl>(std::move(socket))) {}

Stream::executor_type Stream::get_executor() {
  return impl_->socket.get_executor();
}

tcp::socket& Stream::socket() {
  return impl_->socket;
}

bool Stream::secure() const {
  return impl_->tls.has_value();
}

void Stream::close() {
  error_code ignored;
  impl_->socket.close(ignored);
}

bool Stream::idle_and_open() {
  if (!impl_->socket.is_open() || !impl_->unread.empty()) return false;
  char byte = 0;
  ssize_t got = ::recv(impl_->socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void Stream::unread(std::string bytes) {
  impl_->unread.insert(0, bytes);
}

void Stream::measure_frames() {
  impl_->meter.emplace();
}

std::size_t Stream::take_largest_frame() {
  return impl_->meter ? impl_->meter->take_largest() : 0;
}

void Stream::start_read(asio::mutable_buffer into, IoHandler handler) {
  detail::KeepingHandler keeping{impl_, into.data(), std::move(handler)};
  if (!impl_->unread.empty() && into.size() > 0) {
    std::size_t size = asio::buffer_copy(into, asio::buffer(impl_->unread));
    impl_->unread.erase(0, size);
    asio::post(get_executor(), asio::prepend(std::move(keeping), error_code(), size));
  } else if (impl_->tls) {
    impl_->tls->async_read_some(into, std::move(keeping));
  } else {
    impl_->socket.async_read_some(into, std::move(keeping));
  }
}

void Stream::start_write(std::vector<asio::const_buffer> from, IoHandler handler) {
  detail::KeepingHandler keeping{impl_, nullptr, std::move(handler)};
  if (impl_->tls) {
    impl_->tls->async_write_some(from, std::move(keeping));
  } else {
    impl_->socket.async_write_some(from, std::move(keeping));
  }
}

namespace {

constexpr auto kLinger = std::chrono::seconds(1);

// Reads and drops what still comes, below TLS, until the peer closes or the time has passed. Then tells `done`.
class Drain : public std::enable_shared_from_this<Drain> {
 public:
  Drain(Stream stream, Stream::WaitHandler done)
      : stream_(std::move(stream)), deadline_(stream_, kLinger), done_(std::move(done)) {}

  void run() {
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    read();
  }

 private:
  void read() {
    stream_.socket().async_read_some(asio::buffer(dropped_),
                                     [self = shared_from_this()](error_code error, std::size_t) {
                                       if (!error) return self->read();
                                       self->stream_.close();
                                       std::move(self->done_)(error_code());
                                     });
  }

  Stream stream_;
  Deadline deadline_;
  Stream::WaitHandler done_;
  std::array<char, 16 * 1024> dropped_{};
};

awaitable<base::Result<>> handshake(TlsStream& tls, asio::ssl::stream_base::handshake_type role) {
  error_code error;
  co_await tls.async_handshake(role, asio::redirect_error(asio::use_awaitable, error));
  if (!error) co_return base::Result<>();
  co_await checkpoint();
  if (long verdict = SSL_get_verify_result(tls.native_handle()); verdict != X509_V_OK) {
    std::string reason = X509_verify_cert_error_string(verdict);
    co_return base::fail(base::ErrorKind::connect, "TLS failed: the peer's certificate is refused: " + reason,
                         "LIVELAMBDA_CA_FILE names the PEM file of the authority to trust, if it is one of your own.");
  }
  co_return base::fail(base::ErrorKind::connect, "TLS failed: " + error.message());
}

}  // namespace

void Stream::start_teardown(WaitHandler handler) {
  std::make_shared<Drain>(*this, std::move(handler))->run();
}

awaitable<base::Result<>> Stream::start_client_tls(std::shared_ptr<TlsContext> tls, std::string host) {
  auto impl = impl_;
  impl->context = tls;
  impl->tls.emplace(impl->socket, ssl_context(*tls));
  SSL* native = impl->tls->native_handle();
  error_code not_an_address;
  asio::ip::make_address(host, not_an_address);
  bool named = not_an_address.failed();
  int set = named ? SSL_set_tlsext_host_name(native, host.c_str()) == 1 && SSL_set1_host(native, host.c_str()) == 1
                  : X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(native), host.c_str());
  if (set != 1) co_return base::fail(base::ErrorKind::connect, "TLS cannot check the name " + host);
  SSL_set_hostflags(native, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  SSL_set_verify(native, SSL_VERIFY_PEER, nullptr);
  co_return co_await handshake(*impl->tls, asio::ssl::stream_base::client);
}

awaitable<base::Result<>> Stream::start_server_tls(std::shared_ptr<TlsContext> tls) {
  auto impl = impl_;
  impl->context = tls;
  impl->tls.emplace(impl->socket, ssl_context(*tls));
  co_return co_await handshake(*impl->tls, asio::ssl::stream_base::server);
}

awaitable<void> Stream::linger() {
  Stream self = *this;
  Deadline deadline(self, kLinger);
  error_code ignored;
  if (self.impl_->tls && self.impl_->socket.is_open()) {
    // Writes close_notify, then waits for the peer's; a peer that sends anything else ends the wait.
    co_await self.impl_->tls->async_shutdown(asio::redirect_error(asio::use_awaitable, ignored));
  }
  self.impl_->socket.shutdown(tcp::socket::shutdown_send, ignored);
  std::vector<char> dropped(16 * 1024);
  error_code error;
  while (!error) {
    co_await self.impl_->socket.async_read_some(asio::buffer(dropped),
                                                asio::redirect_error(asio::use_awaitable, error));
  }
  self.close();
}

struct Deadline::State {
  explicit State(Stream& of) : timer(of.get_executor()), stream(of.impl_) {}
  asio::steady_timer timer;
  std::weak_ptr<Stream::Impl> stream;
  bool passed = false;
  bool over = false;  // the Deadline is gone
};

Deadline::Deadline(Stream& stream, std::chrono::milliseconds after) : state_(std::make_shared<State>(stream)) {
  if (after.count() == 0) return;
  state_->timer.expires_after(after);
  state_->timer.async_wait([state = state_](error_code error) {
    if (error || state->over) return;
    state->passed = true;
    error_code ignored;
    if (auto impl = state->stream.lock()) impl->socket.close(ignored);
  });
}

Deadline::~Deadline() {
  state_->over = true;
  state_->timer.cancel();
}

bool Deadline::passed() const {
  return state_->passed;
}

awaitable<void> checkpoint() {
  co_return;
}

void prepare_socket(tcp::socket& socket) {
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
}

}  // namespace net

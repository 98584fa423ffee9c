#include "net/http_client.h"

#include <fmt/format.h>

#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <map>
#include <optional>
#include <vector>

#include "net/beast_stream.h"
#include "net/http_wire.h"

namespace net {
namespace {

namespace http = boost::beast::http;
using Parser = http::response_parser<http::string_body>;

constexpr std::uint32_t kMaxHead = 64 * 1024;
constexpr std::size_t kMaxIdle = 64;  // kept connections of one origin

struct Connection {
  explicit Connection(Stream opened) : stream(std::move(opened)) { make_room(buffer); }
  Stream stream;
  boost::beast::flat_buffer buffer;
};

// The kept connections. Shared with every send under way, which may outlive the client.
struct Pool {
  std::shared_ptr<Connection> take(const std::string& origin) {
    auto& kept = idle[origin];
    while (!kept.empty()) {
      auto connection = std::move(kept.back());
      kept.pop_back();
      if (connection->buffer.size() == 0 && connection->stream.idle_and_open()) return connection;
    }
    return nullptr;
  }

  void keep(const std::string& origin, std::shared_ptr<Connection> connection) {
    if (!closed && idle[origin].size() < kMaxIdle) idle[origin].push_back(std::move(connection));
  }

  std::optional<Proxy> proxy_of(const Url& url) const {
    const Proxy* proxy = proxies ? proxies->proxy_of(url) : nullptr;
    return proxy == nullptr ? std::nullopt : std::optional(*proxy);
  }

  std::shared_ptr<TlsContext> tls;
  std::shared_ptr<const Proxies> proxies;
  std::map<std::string, std::vector<std::shared_ptr<Connection>>> idle;
  bool closed = false;
};

// A request as it goes on the wire, perhaps twice.
struct Outgoing {
  std::string head;
  std::string body;
  bool to_head = false;
  bool last = false;  // it says that the connection ends
  SendOptions options;
};

struct Attempt {
  base::Result<Response> response;
  bool nothing_came = false;  // the connection broke before any byte of an answer
  bool reusable = false;
};

// Reads the answer, past any 1xx. The parser is the caller's: it tells how far the answer came.
awaitable<error_code> read_answer(Connection& connection, std::optional<Parser>& parser, const Outgoing& outgoing) {
  error_code error;
  do {
    parser.emplace();
    parser->header_limit(kMaxHead);
    parser->body_limit(outgoing.options.max_body);
    parser->skip(outgoing.to_head);
    co_await http::async_read_header(connection.stream, connection.buffer, *parser,
                                     asio::redirect_error(asio::use_awaitable, error));
    if (!error && parser->get().result_int() < 100) error = http::error::bad_status;
    if (error || parser->is_done()) continue;
    make_room(connection.buffer, parser->content_length());
    co_await http::async_read(connection.stream, connection.buffer, *parser,
                              asio::redirect_error(asio::use_awaitable, error));
  } while (!error && parser->get().result_int() < 200 && parser->get().result_int() != 101);
  co_return error;
}

awaitable<Attempt> attempt(std::shared_ptr<Connection> connection, std::shared_ptr<const Outgoing> outgoing,
                           std::string origin) {
  Deadline deadline(connection->stream, outgoing->options.timeout);
  std::array<asio::const_buffer, 2> parts{asio::buffer(outgoing->head), asio::buffer(outgoing->body)};
  error_code write_error;
  co_await asio::async_write(connection->stream, parts, asio::redirect_error(asio::use_awaitable, write_error));
  // Even if the request could not be sent whole there may be an answer that says why (413).
  std::optional<Parser> parser;
  error_code error = co_await read_answer(*connection, parser, *outgoing);
  if (error) {
    connection->stream.close();
    co_await checkpoint();
    std::string what = write_error ? write_error.message() : error.message();
    if (error == http::error::body_limit) what = fmt::format("it is longer than {} bytes", outgoing->options.max_body);
    if (deadline.passed()) what = fmt::format("none within {} ms", outgoing->options.timeout.count());
    bool nothing = !deadline.passed() && connection->buffer.size() == 0 && !parser->got_some();
    co_return Attempt{base::fail(base::ErrorKind::transport, fmt::format("no answer from {}: {}", origin, what)),
                      nothing};
  }
  bool reusable = !write_error && parser->keep_alive() && !outgoing->last && parser->get().result_int() != 101;
  auto message = parser->release();
  Response response{static_cast<int>(message.result_int()), to_headers(message.base()), std::move(message.body())};
  co_return Attempt{std::move(response), false, reusable};
}

// As a proxy wants a plain request: with the whole URL (RFC 9112 §3.2.2).
void address_to_proxy(Request& request, const Url& url, const Proxy& proxy) {
  request.target = fmt::format("http://{}{}", url.authority(), request.target == "/" ? url.target : request.target);
  if (!proxy.authorization.empty()) request.headers.set("Proxy-Authorization", proxy.authorization);
}

awaitable<base::Result<Response>> send_by(std::shared_ptr<Pool> pool, Url url, Request request, SendOptions options) {
  auto outgoing = std::make_shared<Outgoing>();
  std::optional<Proxy> proxy = pool->proxy_of(url);
  if (proxy && url.scheme == "http") address_to_proxy(request, url, *proxy);
  CO_TRY(outgoing->head, request_head(url, request));
  outgoing->body = std::move(request.body);
  outgoing->to_head = request.method == "HEAD";
  outgoing->last = connection_has(request.headers, "close");
  outgoing->options = options;
  const std::string origin = url.origin();

  auto connection = options.fresh_connection ? nullptr : pool->take(origin);
  for (bool kept = connection != nullptr;; kept = false) {
    if (!connection) {
      CO_TRY(auto stream, co_await open_stream(url, options.connect_timeout, pool->tls, proxy));
      connection = std::make_shared<Connection>(std::move(stream));
    }
    Attempt result = co_await attempt(connection, outgoing, origin);
    if (result.reusable) pool->keep(origin, connection);
    if (!kept || !result.nothing_came || !options.repeatable) co_return std::move(result.response);
    connection = nullptr;
  }
}

class BeastHttpClient final : public HttpClient {
 public:
  BeastHttpClient(std::shared_ptr<TlsContext> tls, std::shared_ptr<const Proxies> proxies)
      : pool_(std::make_shared<Pool>()) {
    pool_->tls = std::move(tls);
    pool_->proxies = std::move(proxies);
  }
  ~BeastHttpClient() override {
    pool_->closed = true;
    pool_->idle.clear();
  }
  BeastHttpClient(const BeastHttpClient&) = delete;
  BeastHttpClient& operator=(const BeastHttpClient&) = delete;

  awaitable<base::Result<Response>> send(Url url, Request request, SendOptions options) override {
    return send_by(pool_, std::move(url), std::move(request), options);
  }
  void close_idle() override { pool_->idle.clear(); }

 private:
  std::shared_ptr<Pool> pool_;
};

}  // namespace

// Sockets live on the executor of the coroutine that sends; there is one loop.
std::unique_ptr<HttpClient> make_http_client(boost::asio::any_io_executor, std::shared_ptr<TlsContext> tls,
                                             std::shared_ptr<const Proxies> proxies) {
  return std::make_unique<BeastHttpClient>(std::move(tls), std::move(proxies));
}

}  // namespace net

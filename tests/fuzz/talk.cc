#include "talk.h"

#include <openssl/sha.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/error_code.hpp>

#include "codec/base64.h"

namespace fuzz {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// 127.1.0.1, 127.1.0.2, …
asio::ip::address_v4 next_address() {
  static std::uint32_t last = 0;
  last = (last + 1) % 65'000;
  return asio::ip::address_v4(0x7f010001U + last);
}

// What goes wrong is the peer's right.
awaitable<std::string> exchange(std::shared_ptr<tcp::socket> socket, std::string bytes) {
  error_code error;
  co_await asio::async_write(*socket, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, error));
  socket->shutdown(tcp::socket::shutdown_send, error);
  std::string heard;
  co_await asio::async_read(*socket, asio::dynamic_buffer(heard), asio::redirect_error(asio::use_awaitable, error));
  co_return heard;
}

std::string accept_key(std::string_view request) {  // RFC 6455 §4.2.2
  static constexpr std::string_view kName = "Sec-WebSocket-Key: ";
  auto at = request.find(kName);
  if (at == std::string_view::npos) return {};
  std::string key(request.substr(at + kName.size()));
  key = key.substr(0, key.find('\r')) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest.data());
  return codec::base64_encode(digest);
}

}  // namespace

awaitable<std::string> talk(std::uint16_t port, std::string bytes) {
  auto socket = std::make_shared<tcp::socket>(co_await asio::this_coro::executor, tcp::endpoint(next_address(), 0));
  co_await socket->async_connect({asio::ip::address_v4::loopback(), port}, asio::use_awaitable);
  co_return co_await exchange(socket, std::move(bytes));
}

awaitable<void> answer(tcp::acceptor acceptor, std::string bytes) {
  auto socket = std::make_shared<tcp::socket>(co_await acceptor.async_accept(asio::use_awaitable));
  std::string request;
  error_code error;
  co_await asio::async_read_until(*socket, asio::dynamic_buffer(request), "\r\n\r\n",
                                  asio::redirect_error(asio::use_awaitable, error));
  static constexpr std::string_view kMark = "{accept}";
  if (auto at = bytes.find(kMark); at != std::string::npos) bytes.replace(at, kMark.size(), accept_key(request));
  co_await exchange(socket, std::move(bytes));
}

}  // namespace fuzz

// The bytes of an input as one side of a connection to the product's servers and clients, over loopback.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>

namespace fuzz {

using boost::asio::awaitable;
using boost::asio::ip::tcp;

// Connects, sends the bytes, says that no more will come, and reads to the end. From an address of its own each time,
// so that thousands of connections a second do not use up the ports of one.
awaitable<std::string> talk(std::uint16_t port, std::string bytes);

// Sends the bytes to whoever connects, says that no more will come, and reads to the end. In `bytes`, "{accept}" is
// what the client's WebSocket handshake wants to hear.
awaitable<void> answer(tcp::acceptor acceptor, std::string bytes);

}  // namespace fuzz

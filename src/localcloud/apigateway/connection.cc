#include "localcloud/apigateway/connection.h"

#include <algorithm>

namespace localcloud {

namespace {
// AWS names no number; 429 LimitExceededException says "the WebSocket client side buffer is full" (aws-facts §1).
constexpr std::size_t kMaxWaiting = 16 * 1024 * 1024;
}  // namespace

bool Connection::send(std::string text) {
  if (text.size() > kMaxFrame && large_messages == LargeMessages::refused) {
    close(kTooBig, "Message too long");
    return true;
  }
  if (waiting_bytes_ + text.size() > kMaxWaiting) return false;
  waiting_bytes_ += text.size();
  waiting_.push_back(std::move(text));
  changed_.notify_all();
  return true;
}

void Connection::close(std::uint16_t code, std::string reason) {
  if (ended_) return;
  ended_ = true;
  close_code_ = code;
  close_reason_ = std::move(reason);
  changed_.notify_all();
}

void Connection::cut() {
  ended_ = true;
  if (socket) socket->abort();
  changed_.notify_all();
}

awaitable<void> Connection::write() {
  while (!ended_) {
    if (waiting_.empty()) {
      co_await changed_.wait();
      continue;
    }
    std::string text = std::move(waiting_.front());
    waiting_.pop_front();
    std::size_t size = text.size();
    bool cut = size > kMaxFrame && large_messages == LargeMessages::continued;
    auto sent = cut ? co_await socket->send_fragmented(std::move(text), kMaxFrame)
                    : co_await socket->send_text(std::move(text));
    waiting_bytes_ -= size;
    if (!sent) break;
  }
  ended_ = true;
  if (close_code_ != 0) co_await socket->close(close_code_, close_reason_);
  socket->abort();
}

void Connections::add(std::shared_ptr<Connection> connection) {
  std::string id = connection->id;
  open_[id] = std::move(connection);
}

void Connections::remove(std::string_view id) {
  if (auto found = open_.find(id); found != open_.end()) open_.erase(found);
}

std::shared_ptr<Connection> Connections::find(std::string_view api_id, std::string_view stage,
                                              std::string_view id) const {
  auto found = open_.find(id);
  if (found == open_.end() || !found->second->open()) return nullptr;
  return found->second->api_id == api_id && found->second->stage == stage ? found->second : nullptr;
}

std::size_t Connections::cut_all() {
  std::size_t count = 0;
  auto all = open_;
  for (const auto& [id, connection] : all) {
    if (!connection->open()) continue;
    connection->cut();
    ++count;
  }
  return count;
}

void Connections::close_all(std::string_view api_id) {
  auto all = open_;
  for (const auto& [id, connection] : all) {
    if (connection->api_id == api_id) connection->close(1001, "Going away");
  }
}

// "R0oXAdfD0kwCH6w=": base64 (with '-' and '_') of eleven bytes.
bool Connections::well_formed(std::string_view id) {
  if (id.size() < 12 || id.size() > 64 || id.size() % 4 != 0) return false;
  while (id.ends_with('=')) id.remove_suffix(1);
  return std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

}  // namespace localcloud

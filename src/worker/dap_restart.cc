#include "worker/dap_restart.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <utility>

#include "codec/json.h"

namespace worker {

namespace {

constexpr std::string_view kLength = "Content-Length: ";
constexpr std::string_view kEndOfHead = "\r\n\r\n";
constexpr std::size_t kMostHead = 1024;

std::optional<std::size_t> length_of(std::string_view head) {
  const auto begin = head.find(kLength);
  if (begin == std::string_view::npos) return std::nullopt;
  head.remove_prefix(begin + kLength.size());
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(head.data(), head.data() + head.size(), length);
  return error == std::errc() && *end == '\r' ? std::optional(length) : std::nullopt;
}

std::string with_restart(std::string_view message, std::string_view body) {
  auto parsed = codec::parse_json(body);
  if (!parsed || codec::find_string(*parsed, "event") != "terminated") return std::string(message);
  auto& event = parsed->as_object();
  auto& told = event["body"];
  if (!told.is_object()) told.emplace_object();
  told.get_object()["restart"] = true;
  const std::string text = codec::to_text(*parsed);
  return fmt::format("{}{}{}{}", kLength, text.size(), kEndOfHead, text);
}

}  // namespace

std::string DapRestart::pass(std::string_view bytes, bool restarts) {
  pending_ += bytes;
  std::string passed;
  while (!is_no_dap_ && !pending_.empty()) {
    const auto head = pending_.find(kEndOfHead);
    if (head == std::string::npos && pending_.size() < kMostHead) return passed;
    const auto length =
        head == std::string::npos ? std::nullopt : length_of(std::string_view(pending_).substr(0, head + 2));
    is_no_dap_ = !length;
    if (is_no_dap_) break;
    const auto begin = head + kEndOfHead.size();
    if (pending_.size() - begin < *length) return passed;
    const auto message = std::string_view(pending_).substr(0, begin + *length);
    passed += restarts ? with_restart(message, message.substr(begin)) : std::string(message);
    pending_.erase(0, begin + *length);
  }
  return passed + std::exchange(pending_, {});
}

}  // namespace worker

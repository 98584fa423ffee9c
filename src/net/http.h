// HTTP messages as values. Header names compare without case; their order is kept; repeated names are kept.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace net {

class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}

  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  void set(std::string_view name, std::string value);  // replaces every field of that name
  void remove(std::string_view name);
  std::optional<std::string_view> get(std::string_view name) const;  // the first of that name
  std::string get_or(std::string_view name, std::string_view fallback) const;
  bool has(std::string_view name) const { return get(name).has_value(); }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  std::size_t size() const { return fields_.size(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

bool same_name(std::string_view a, std::string_view b);  // ASCII, without case

struct Request {
  std::string method = "GET";
  std::string target = "/";  // path and query as on the wire
  Headers headers;           // Host and Content-Length are filled in by the client if absent
  std::string body;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
};

}  // namespace net

#include "localcloud/apigateway/route_match.h"

#include "codec/json.h"
#include "net/url.h"

namespace localcloud {

namespace {

std::vector<std::string> cut(std::string_view path, char at) {
  std::vector<std::string> parts;
  for (;;) {
    std::size_t next = path.find(at);
    parts.emplace_back(path.substr(0, next));
    if (next == std::string_view::npos) return parts;
    path.remove_prefix(next + 1);
  }
}

// "/a/b" → {"a","b"}; "/" → {}; a final slash gives a last, empty segment.
std::vector<std::string> segments_of(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.empty()) return {};
  return cut(path, '/');
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}
bool is_greedy(std::string_view segment) {
  return is_parameter(segment) && segment[segment.size() - 2] == '+';
}

// One letter for each segment: '0' fixed, '1' parameter, '2' greedy. The lower text is the more specific route.
struct Candidate {
  std::string rank;
  RouteMatch match;
};

std::optional<Candidate> try_route(const Route& route, const std::vector<std::string>& segments, bool decode) {
  auto value = [decode](const std::string& text) { return decode ? net::percent_decode(text) : text; };
  Candidate candidate{.rank = {}, .match = {.route = &route, .path_parameters = {}}};
  auto wanted = segments_of(route.path);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (is_greedy(wanted[i])) {
      if (i >= segments.size()) return std::nullopt;
      std::string rest = value(segments[i]);
      for (std::size_t j = i + 1; j < segments.size(); ++j) rest += "/" + value(segments[j]);
      if (rest.empty()) return std::nullopt;
      candidate.match.path_parameters[wanted[i].substr(1, wanted[i].size() - 3)] = std::move(rest);
      candidate.rank += '2';
      return candidate;
    }
    if (i >= segments.size()) return std::nullopt;
    if (is_parameter(wanted[i])) {
      if (segments[i].empty()) return std::nullopt;
      candidate.match.path_parameters[wanted[i].substr(1, wanted[i].size() - 2)] = value(segments[i]);
      candidate.rank += '1';
    } else if (wanted[i] == segments[i] || (decode && wanted[i] == value(segments[i]))) {
      candidate.rank += '0';
    } else {
      return std::nullopt;
    }
  }
  if (segments.size() != wanted.size()) return std::nullopt;
  return candidate;
}

}  // namespace

std::optional<RouteMatch> match_route(const Definition& definition, GatewayKind kind, std::string_view method,
                                      std::string_view path) {
  bool rest = kind == GatewayKind::rest;
  auto segments = segments_of(rest ? std::string(path) : net::percent_decode(path));
  if (rest && !segments.empty() && segments.back().empty()) segments.pop_back();
  std::optional<Candidate> best;
  const Route* fallback = nullptr;
  for (const auto& [id, route] : definition.routes) {
    if (route.key == "$default") {
      fallback = &route;
      continue;
    }
    if (route.method != method && route.method != "ANY") continue;
    auto candidate = try_route(route, segments, rest);
    if (!candidate) continue;
    candidate->rank += route.method == "ANY" ? 'B' : 'A';
    if (!best || candidate->rank < best->rank) best = std::move(candidate);
  }
  if (best) return std::move(best->match);
  if (fallback != nullptr) return RouteMatch{.route = fallback, .path_parameters = {}};
  return std::nullopt;
}

std::string select_route_key(std::string_view route_selection, std::string_view text) {
  auto body = codec::parse_json(text);
  if (!body) return {};
  const codec::json::value* value = &*body;
  for (const auto& key : cut(route_selection, '.')) {
    value = codec::find(*value, key);
    if (value == nullptr) return {};
  }
  if (value->is_string()) return std::string(value->get_string());
  return value->is_primitive() && !value->is_null() ? codec::to_text(*value) : std::string();
}

const Route* route_by_key(const Definition& definition, std::string_view key) {
  for (const auto& [id, route] : definition.routes) {
    if (route.key == key) return &route;
  }
  return nullptr;
}

}  // namespace localcloud

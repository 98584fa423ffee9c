#include "app/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "app/references.h"
#include "codec/yaml.h"

namespace app {
namespace {

namespace json = codec::json;

// One key of a mapping of the settings.
template <typename T>
struct Key {
  std::string_view name;
  std::string_view what;                                // "a string"
  bool (*read)(const json::value& value, T& settings);  // false if the value is not `what`
};

bool read_text(const json::value& value, std::string& text) {
  if (!value.is_string() || value.get_string().empty()) return false;
  text = std::string(value.get_string());
  return true;
}

constexpr Key<FunctionSettings> kFunctionKeys[] = {
    {"live", "true or false",
     [](const json::value& value, FunctionSettings& function) {
       if (!value.is_bool()) return false;
       function.live = value.get_bool();
       return true;
     }},
    {"source", "a folder or a file",
     [](const json::value& value, FunctionSettings& function) { return read_text(value, function.source); }},
    {"build", "a command",
     [](const json::value& value, FunctionSettings& function) { return read_text(value, function.build); }},
    {"run", "a command",
     [](const json::value& value, FunctionSettings& function) { return read_text(value, function.run); }},
};

constexpr Key<Settings> kKeys[] = {
    {"name", "a string",
     [](const json::value& value, Settings& settings) { return read_text(value, settings.name.emplace()); }},
    {"template", "a file",
     [](const json::value& value, Settings& settings) { return read_text(value, settings.template_file.emplace()); }},
    {"functions", "a mapping of functions to their settings",
     [](const json::value& value, Settings&) { return value.is_object(); }},  // its members: see read_functions
};

class SettingsReader {
 public:
  SettingsReader(const codec::Document& document, std::string_view file) : document_(document), file_(file) {}

  base::Result<Settings> read() const {
    Settings settings{.file = std::string(file_)};
    if (document_.value.is_null()) return settings;  // empty, or nothing but comments
    TRY(read_keys(document_.value, "", kKeys, "The settings are", settings));
    const auto* functions = codec::find(document_.value, "functions");
    if (functions == nullptr) return settings;
    for (const auto& [name, value] : functions->get_object()) {
      std::string at = pointer({"functions", name});
      FunctionSettings function{.name = std::string(name), .line = document_.line_of(at)};
      TRY(read_keys(value, at, kFunctionKeys, "A function's settings are", function));
      const bool is_of_one = !function.source.empty() || !function.build.empty() || !function.run.empty();
      if (function.name.find('*') != std::string::npos && is_of_one) {
        return error(
            at, fmt::format("\"{}\" is many functions, which have no source, build or run in common", function.name),
            "Name one function, or only say `live: false`.");
      }
      settings.functions.push_back(std::move(function));
    }
    return settings;
  }

 private:
  template <typename T>
  base::Result<> read_keys(const json::value& value, const std::string& at, const auto& keys, std::string_view what,
                           T& settings) const {
    const auto* object = value.if_object();
    if (object == nullptr) return error(at, "the settings have to be `key: value` lines", {});
    for (const auto& [name, member] : *object) {
      auto key = std::ranges::find(keys, std::string_view(name), &Key<T>::name);
      std::string here = at + pointer({name});
      if (key == std::end(keys)) {
        std::vector<std::string_view> names;
        for (const auto& known : keys) names.push_back(known.name);
        return error(here, fmt::format("unknown setting \"{}\"", std::string_view(name)),
                     fmt::format("{}: {}.", what, fmt::join(names, ", ")));
      }
      if (!key->read(member, settings)) return error(here, fmt::format("`{}` has to be {}", key->name, key->what), {});
    }
    return {};
  }

  tl::unexpected<base::Error> error(std::string_view at, std::string message, std::string hint) const {
    return base::fail(base::Error{.kind = base::ErrorKind::usage,
                                  .message = std::move(message),
                                  .hint = std::move(hint),
                                  .file = std::string(file_),
                                  .line = std::max(1, document_.line_of(at))});
  }

  const codec::Document& document_;
  std::string_view file_;
};

// '*' is any run of characters, '/' included.
bool matches(std::string_view pattern, std::string_view text) {
  std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  if (!text.starts_with(pattern.substr(0, star))) return false;
  pattern.remove_prefix(star + 1);
  text.remove_prefix(star);
  while (!matches(pattern, text)) {
    if (text.empty()) return false;
    text.remove_prefix(1);
  }
  return true;
}

// Levenshtein's.
std::size_t distance(std::string_view one, std::string_view other) {
  std::vector<std::size_t> row(other.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < one.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < other.size(); ++j) {
      std::size_t changed = diagonal + (one[i] == other[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

struct Name {
  std::string path;
  std::string construct_path;
};

void collect_names(const std::vector<Stack>& stacks, std::vector<Name>& names) {
  for (const Stack& stack : stacks) {
    for (const Function& function : stack.functions) {
      names.push_back({stack.path_of(function), function.construct_path});
    }
    collect_names(stack.nested, names);
  }
}

std::string nearest_names(std::string_view wanted, const std::vector<Name>& names) {
  if (names.empty()) return "The app has no functions.";
  std::vector<std::pair<std::size_t, std::string_view>> ranked;
  for (const Name& name : names) {
    ranked.emplace_back(distance(wanted, name.path), name.path);
    if (!name.construct_path.empty()) ranked.emplace_back(distance(wanted, name.construct_path), name.construct_path);
  }
  std::ranges::sort(ranked);
  std::vector<std::string_view> nearest;
  for (const auto& [far, name] : ranked) {
    if (nearest.size() < 3) nearest.push_back(name);
  }
  return fmt::format("The nearest names: {}. `livelambda functions` lists all.", fmt::join(nearest, ", "));
}

}  // namespace

base::Result<Settings> read_settings(std::string_view text, std::string_view file) {
  auto document = codec::parse_yaml(text);
  if (!document) {
    base::Error error = document.error();
    error.kind = base::ErrorKind::usage;
    error.file = file;
    return base::fail(std::move(error));
  }
  return SettingsReader(*document, file).read();
}

bool is_meant(const FunctionSettings& settings, std::string_view path, std::string_view construct_path) {
  std::string_view logical_id = path.substr(path.rfind('/') + 1);
  return matches(settings.name, path) || settings.name == logical_id ||
         (!construct_path.empty() && matches(settings.name, construct_path));
}

base::Result<void> check_functions(const Settings& settings, const Application& application) {
  std::vector<Name> names;
  collect_names(application.stacks, names);
  for (const FunctionSettings& function : settings.functions) {
    auto is_named = [&function](const Name& name) { return is_meant(function, name.path, name.construct_path); };
    if (std::ranges::any_of(names, is_named)) continue;
    return base::fail(base::Error{.kind = base::ErrorKind::usage,
                                  .message = fmt::format("the app has no function \"{}\"", function.name),
                                  .hint = nearest_names(function.name, names),
                                  .file = settings.file,
                                  .line = function.line});
  }
  return {};
}

}  // namespace app

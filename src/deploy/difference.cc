#include "deploy/difference.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace deploy {
namespace {

namespace json = codec::json;
using Kind = Difference::Kind;
using Replacement = Difference::Replacement;

constexpr std::size_t kLongestValue = 100;  // bytes of a value in a line

// Logical ids, parameters and outputs that the rewrite and the deployment bring in.
bool is_ours(std::string_view name) {
  std::size_t last = name.rfind('/');
  return name.substr(last == std::string_view::npos ? 0 : last + 1).starts_with("LiveLambda");
}

// A resource with DependsOn as a list, and nothing of ours in it.
json::value comparable(const json::value& item) {
  if (!item.is_object()) return item;
  json::object result = item.get_object();
  json::value* waits = result.if_contains("DependsOn");
  if (waits == nullptr) return result;
  json::array kept;
  for (const json::value& one : waits->is_array() ? waits->get_array() : json::array({*waits})) {
    if (!one.is_string() || !is_ours(one.get_string())) kept.push_back(one);
  }
  if (kept.empty()) {
    result.erase("DependsOn");
  } else {
    *waits = std::move(kept);
  }
  return result;
}

std::string joined(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

// Goes as deep as both sides are of the same shape.
class Comparison {
 public:
  static std::vector<Difference::Detail> details(const json::value& before, const json::value& after) {
    Comparison comparison;
    comparison.compare({}, &before, &after);
    return std::move(comparison.found_);
  }

 private:
  void compare(const std::string& path, const json::value* before, const json::value* after) {
    if (before != nullptr && after != nullptr) {
      if (*before == *after) return;
      if (before->is_object() && after->is_object())
        return compare_objects(path, before->get_object(), after->get_object());
      if (before->is_array() && after->is_array()) return compare_arrays(path, before->get_array(), after->get_array());
    }
    found_.push_back({path, text(before), text(after)});
  }

  void compare_objects(const std::string& path, const json::object& before, const json::object& after) {
    for (const auto& [key, value] : before) compare(joined(path, key), &value, after.if_contains(key));
    for (const auto& [key, value] : after) {
      if (!before.contains(key)) compare(joined(path, key), nullptr, &value);
    }
  }

  void compare_arrays(const std::string& path, const json::array& before, const json::array& after) {
    for (std::size_t i = 0; i < std::max(before.size(), after.size()); ++i) {
      compare(fmt::format("{}[{}]", path, i), before.if_contains(i), after.if_contains(i));
    }
  }

  static std::string text(const json::value* value) {
    return value == nullptr ? std::string() : codec::to_text(*value);
  }

  std::vector<Difference::Detail> found_;
};

const json::object* names_in(const json::value* section) {
  return section == nullptr ? nullptr : section->if_object();
}

class TemplateComparison {
 public:
  TemplateComparison(const json::value& deployed, const json::value& wanted) : deployed_(deployed), wanted_(wanted) {}

  std::vector<Difference> run() {
    compare_section("Resources");
    for (const json::value* document : {&deployed_, &wanted_}) {
      if (!document->is_object()) continue;
      for (const auto& [section, value] : document->get_object()) compare_section(std::string(section));
    }
    return std::move(found_);
  }

 private:
  void compare_section(const std::string& section) {
    if (!compared_.insert(section).second) return;
    const json::value* before = codec::find(deployed_, section);
    const json::value* after = codec::find(wanted_, section);
    const json::object* old_names = names_in(before);
    const json::object* new_names = names_in(after);
    if (old_names == nullptr && new_names == nullptr) {
      if ((before == nullptr) != (after == nullptr) || (before != nullptr && *before != *after)) {
        found_.push_back({.kind = before == nullptr  ? Kind::added
                                  : after == nullptr ? Kind::removed
                                                     : Kind::changed,
                          .section = section,
                          .name = {},
                          .details = {}});
        if (before != nullptr && after != nullptr) found_.back().details = Comparison::details(*before, *after);
      }
      return;
    }
    static const json::object kEmpty;
    compare_names(section, old_names == nullptr ? kEmpty : *old_names, new_names == nullptr ? kEmpty : *new_names);
  }

  void compare_names(const std::string& section, const json::object& before, const json::object& after) {
    for (const auto& [name, value] : before) {
      const json::value* now = after.if_contains(name);
      if (is_ours(name)) continue;
      if (now == nullptr) {
        add(Kind::removed, section, name, value);
      } else if (auto details = Comparison::details(comparable(value), comparable(*now)); !details.empty()) {
        add(Kind::changed, section, name, *now);
        found_.back().details = std::move(details);
      }
    }
    for (const auto& [name, value] : after) {
      if (!before.contains(name) && !is_ours(name)) add(Kind::added, section, name, value);
    }
  }

  void add(Kind kind, const std::string& section, std::string_view name, const json::value& value) {
    found_.push_back({.kind = kind,
                      .section = section,
                      .name = std::string(name),
                      .type = section == "Resources" ? codec::find_string(value, "Type") : std::string()});
  }

  const json::value& deployed_;
  const json::value& wanted_;
  std::set<std::string> compared_;
  std::vector<Difference> found_;
};

Kind kind_of(std::string_view action) {
  if (action == "Add" || action == "Import") return Kind::added;
  return action == "Remove" ? Kind::removed : Kind::changed;
}

Replacement replacement_of(std::string_view text) {
  if (text == "True") return Replacement::yes;
  if (text == "Conditional") return Replacement::perhaps;
  return text == "False" ? Replacement::no : Replacement::unknown;
}

std::string shortened(std::string text) {
  if (text.size() <= kLongestValue) return text;
  std::size_t end = kLongestValue;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;  // not inside of a character
  return text.substr(0, end) + "…";
}

}  // namespace

std::vector<Difference> template_difference(const json::value& deployed, const json::value& wanted) {
  return TemplateComparison(deployed, wanted).run();
}

std::vector<Difference> change_set_difference(const std::vector<aws::ResourceChange>& changes) {
  std::vector<Difference> found;
  for (const aws::ResourceChange& change : changes) {
    if (is_ours(change.logical_id)) continue;
    Difference difference{.kind = kind_of(change.action),
                          .section = "Resources",
                          .name = change.logical_id,
                          .type = change.type,
                          .replacement = replacement_of(change.replacement)};
    std::set<std::string> told;  // a property has a detail for each reason
    for (const auto& detail : change.details) {
      std::string path = detail.name.empty() ? detail.attribute : fmt::format("{}.{}", detail.attribute, detail.name);
      if (told.insert(path).second) difference.details.push_back({.path = std::move(path)});
    }
    found.push_back(std::move(difference));
  }
  return found;
}

std::vector<Difference> join_differences(std::vector<Difference> of_change_set, std::vector<Difference> of_templates) {
  for (Difference& difference : of_change_set) {
    auto same = std::find_if(of_templates.begin(), of_templates.end(), [&](const Difference& other) {
      return other.section == "Resources" && other.name == difference.name;
    });
    if (same != of_templates.end() && !same->details.empty()) difference.details = same->details;
  }
  for (Difference& difference : of_templates) {
    if (difference.section != "Resources") of_change_set.push_back(std::move(difference));
  }
  return of_change_set;
}

std::vector<std::string> difference_lines(const Difference& difference) {
  constexpr char kSigns[] = {'+', '-', '~'};
  std::string name = difference.section;
  if (difference.section == "Resources") {
    name = difference.name;
  } else if (!difference.name.empty()) {
    name += "." + difference.name;
  }
  std::string line = fmt::format("{} {}", kSigns[static_cast<int>(difference.kind)], name);
  if (!difference.type.empty()) line += fmt::format(" ({})", difference.type);
  if (difference.replacement == Replacement::yes) line += ", replaced";
  if (difference.replacement == Replacement::perhaps) line += ", perhaps replaced";
  std::vector<std::string> lines = {std::move(line)};
  for (const Difference::Detail& detail : difference.details) {
    std::string text = "    " + detail.path;
    if (!detail.path.empty() && (!detail.before.empty() || !detail.after.empty())) text += ": ";
    if (detail.before.empty() && !detail.after.empty()) {
      text += "+ " + shortened(detail.after);
    } else if (detail.after.empty() && !detail.before.empty()) {
      text += "- " + shortened(detail.before);
    } else if (!detail.before.empty()) {
      text += fmt::format("{} → {}", shortened(detail.before), shortened(detail.after));
    }
    lines.push_back(std::move(text));
  }
  return lines;
}

std::vector<std::string> difference_lines(const std::vector<Difference>& differences) {
  std::vector<std::string> lines;
  for (const Difference& difference : differences)
    std::ranges::move(difference_lines(difference), std::back_inserter(lines));
  return lines;
}

}  // namespace deploy

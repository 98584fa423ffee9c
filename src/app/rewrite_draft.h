// What the passes of the rewrite share: the template as it becomes, beside the one that was read, and what it gains on
// the way. References into the template stay good until take().
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/model.h"
#include "app/rewrite.h"
#include "base/result.h"
#include "codec/json.h"

namespace app {

class Draft {
 public:
  // `stack` outlives this.
  explicit Draft(const Stack& stack);

  const Stack& stack() const { return stack_; }
  const codec::json::value& source() const { return stack_.document.value; }
  codec::json::value& document() { return document_; }

  // Resources that the source has. Properties are made if they are missing.
  codec::json::object& resources();
  codec::json::object& resource(std::string_view logical_id);
  codec::json::object& properties(std::string_view logical_id);

  // Declares one of livelambda's parameters: {"Ref": name}.
  codec::json::object parameter(std::string_view name);
  // Adds a resource; its logical id is `wanted`, with what makes it unique.
  std::string add_resource(std::string wanted, codec::json::object resource);
  void note(std::string_view logical_id, std::string message);
  void note(const Function& function, std::string message) { note(function.logical_id, std::move(message)); }
  void need_bridge_role(const std::string& outside_role);
  void add_nested(Rewritten nested);

  // ErrorKind::invalid_input at the line of a JSON pointer of the source.
  tl::unexpected<base::Error> error(const std::string& at, std::string message, std::string hint = {}) const;

  // The outcome; the draft is spent.
  Rewritten take();

 private:
  const Stack& stack_;
  codec::json::value document_;
  codec::json::object added_;
  Rewritten outcome_;
};

// {"Ref": name}
codec::json::object reference(std::string_view name);

// A list with one more element; a single value counts as a list of one.
codec::json::array with_element(const codec::json::value* list, codec::json::value element);

}  // namespace app

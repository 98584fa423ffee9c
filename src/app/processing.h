// Templates that only CloudFormation can expand: macros of the user's own, Fn::ForEach over what is not known before
// deployment, Fn::Transform where functions may come of it. The template goes there with a mark in the place of every
// path on this machine, through which macros, loops (`./${Name}`) and SAM carry it; what comes back names paths again,
// and is read and rewritten as any other template.
//
// Pure: who asks CloudFormation is the caller. Templates nested in such a one are read as they stand.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/model.h"
#include "app/rewrite.h"
#include "base/result.h"
#include "codec/json.h"

namespace app {

// What of a template functions may come of that are not in it yet.
struct Expansion {
  std::string id;     // of the resource that stands for others: "Fn::ForEach::Queues", "Fn::Transform"; else ""
  std::string macro;  // which is given the whole template; else ""
};
std::vector<Expansion> expansions(const codec::json::value& document);

// Whether the stack itself has any of that, or a function whose properties come of a transform.
bool needs_processing(const Stack& stack);

// Whether it has loops which may make functions or nested stacks: of what these are made on this machine,
// CloudFormation is given it only once they are expanded. (What a macro is given may name what was uploaded.)
bool has_open_loops(const Stack& stack);

// What CloudFormation is given; it declares LiveLambdaBucket. Of `options`, key_of is asked for what AWS::Include
// reads, and text_of. Errors: theirs.
base::Result<codec::json::value> to_process(const Stack& stack, const RewriteOptions& options);

// What came back, with paths on this machine, to be read in the place of `stack`. Errors: invalid_input if it is no
// template.
base::Result<std::string> from_processed(std::string_view text, const Stack& stack);

}  // namespace app

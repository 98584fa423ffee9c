// Code that stands in templates, written to where a session's workers load it: each function's text as `index.js` or
// `index.py` in its own folder, beside the cfn-response module, as CloudFormation makes an archive of it. Files are
// replaced atomically, and only if they change.
#pragma once

#include <set>
#include <string>

#include "app/model.h"
#include "base/result.h"
#include "session/assets.h"

namespace session {

// The paths (Stack::path_of) of the live functions whose files are other ones than before. Errors: local_resource.
base::Result<std::set<std::string>> write_inline_code(const app::Application& application, const Assets& assets);

}  // namespace session

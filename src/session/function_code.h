// From an app's function to the code that its workers run: paths relative to its template become absolute.
#pragma once

#include <string>

#include "app/model.h"
#include "worker/function_code.h"

namespace session {

worker::FunctionCode function_code(const app::Stack& stack, const app::Function& function,
                                   const std::string& app_folder);

}  // namespace session

// Which files a CDK app is made of: those whose edit may change what it synthesises.
#pragma once

#include <string>
#include <vector>

#include "app/model.h"
#include "project/app_folder.h"

namespace project {

// Absolute. `loaded`: files that a synthesis in Node.js loaded; without the app's own entry file among them (an app of
// ES modules, or in another language) it is every file of the app's language in its folder, but for the folders of
// functions. cdk.json and cdk.context.json are always among them.
std::vector<std::string> cdk_sources(const AppFolder& folder, const std::vector<std::string>& loaded,
                                     const std::vector<app::Stack>& stacks);

// The app's language, as the file name's ending of what cdk.json's `app` runs: "ts", "js", "py", …; "" if its command
// names no file.
std::string cdk_language(const AppFolder& folder);

}  // namespace project

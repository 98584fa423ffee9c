// Which parts of an AWS SDK the files of a function import: read as text, so that nothing has to be started or built to
// know it. What is imported by a name that is put together is not seen, nor what the function's packages import.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace worker {

// The packages of a JavaScript or TypeScript source that Lambda brings along for the runtime: "@aws-sdk/client-s3",
// "@smithy/…"; "aws-sdk" for nodejs16.x and older. Imports of types alone do not count.
std::set<std::string> node_sdk_imports(std::string_view source, std::string_view runtime);

// Of all sources below a folder: each package, and the folders of the files that import it.
std::map<std::string, std::set<std::string>> node_sdk_use(const std::string& folder, std::string_view runtime);

// Whether a Python source imports boto3 or botocore.
bool imports_boto3(std::string_view source);

// Whether any source below a folder does.
bool uses_boto3(const std::string& folder);

}  // namespace worker

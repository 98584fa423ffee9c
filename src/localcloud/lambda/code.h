// Where a function's or a layer's code comes from: bytes in the request, text in a template, an object in S3.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "localcloud/cloud.h"
#include "localcloud/lambda/runtimes.h"

namespace localcloud {

namespace json = boost::json;

// The archive that the members of a request name: ZipFile (base64 of an archive), or S3Bucket and S3Key. `owner` is
// what refusals call the object ("Code"). Errors: InvalidParameterValueException; another form by its name.
base::Result<std::string> read_archive(const Cloud& cloud, const json::object& code, std::string_view owner);

// The same for Code of AWS::Lambda::Function, whose ZipFile is the text of one source file: it becomes index.js or
// index.py, beside the cfn-response module, as CloudFormation does it.
base::Result<std::string> read_template_archive(const Cloud& cloud, const Runtimes& runtimes, const json::object& code,
                                                std::string_view runtime);

}  // namespace localcloud

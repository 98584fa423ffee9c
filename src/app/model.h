// An application as one value: what the template says about its functions, as far as livelambda needs to know.
// The template itself stays with it, so that the rewrite (app/rewrite.h) can change it and errors can name lines.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "codec/json.h"
#include "codec/yaml.h"

namespace app {

enum class Architecture { x86_64, arm64 };

// Lambda's own spelling: "x86_64", "arm64".
std::string_view to_string(Architecture architecture);

// "nodejs" of "nodejs22.x", "python" of "python3.13", "provided" of "provided.al2023"; runtimes are an open set.
std::string language_of(std::string_view runtime);

struct Function {
  std::string logical_id;
  bool serverless = false;   // AWS::Serverless::Function; else AWS::Lambda::Function
  std::string runtime = {};  // "" for an image, or if it is not known before deployment
  std::string handler = {};
  // The folder or file with its code, relative to the template's folder, "." for that folder itself; "" if the code is
  // not on this machine (S3, inline, image).
  std::string source = {};
  std::string build_method = {};  // Metadata.BuildMethod, e.g. "esbuild"; "" if none
  Architecture architecture = Architecture::x86_64;
  int timeout_seconds = 3;  // Lambda's defaults, if the template says nothing that can be resolved
  int memory_mb = 128;
  bool live = false;
  std::string why_not = {};             // if it is not live: "keeps its code in AWS: …"
  std::vector<std::string> roles = {};  // logical ids of the template's roles that it uses; empty: SAM makes its role
  int line = 0;
};

// Something on this machine that the template names and CloudFormation can only take from S3.
struct LocalArtifact {
  enum class Kind {
    zip,       // a folder is zipped; a file that ends in .zip or .jar goes as it is; another file is zipped alone
    file,      // uploaded as it is: an API definition, a state machine, an AWS::Include
    template_  // a nested template, which would have to be packaged itself
  };
  Kind kind = Kind::zip;
  std::string path;        // as written, relative to the template's folder
  std::string logical_id;  // the resource that uses it; "" outside of Resources
  std::string type;        // its type
  std::string pointer;     // JSON pointer of the value to replace: the artifact's identity
  int line = 0;
};

struct Application {
  std::string name;
  std::string template_file;             // as it was given to the reader, for messages
  codec::Document document;              // the template as it was read
  std::vector<Function> functions;       // in the template's order
  std::vector<LocalArtifact> artifacts;  // what has to be uploaded: nothing of a live function

  const Function* function(std::string_view logical_id) const;
};

}  // namespace app

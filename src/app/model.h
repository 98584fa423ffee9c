// An application as one value: its stacks, and what their templates say about its functions, as far as livelambda needs
// to know. The templates themselves stay with it, so that the rewrite (app/rewrite.h) can change them and errors can
// name lines.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/stay_reason.h"
#include "codec/json.h"
#include "codec/yaml.h"

namespace app {

enum class Architecture { x86_64, arm64 };

// Lambda's own spelling: "x86_64", "arm64".
std::string_view to_string(Architecture architecture);

// "nodejs" of "nodejs22.x", "python" of "python3.13", "provided" of "provided.al2023"; runtimes are an open set.
std::string language_of(std::string_view runtime);

// One of a function's layers: one of the app, whose content is on this machine, or somebody else's, known by its ARN.
struct Layer {
  std::string name;  // "Layer" or "Nested/Layer" of the app, as of functions; else its ARN, or what the template says
  std::string source = {};  // folder or archive, in the form of Function::source; "" if it is not on this machine
  std::string arn = {};     // "arn:${AWS::Partition}:lambda:…:layer:name:7", as far as known; "" of one of the app
};

struct Function {
  std::string logical_id;
  bool serverless = false;   // AWS::Serverless::Function; else AWS::Lambda::Function
  std::string runtime = {};  // "" for an image that stays, or if it is not known before deployment
  std::string handler = {};
  // The folder or file with its code, relative to the template's folder (or absolute, as CDK may write it), "." for
  // that folder itself; "" if the code is not on this machine (S3, image). Of code that stands in the template, the
  // folder that it is to be written to.
  std::string source = {};
  // Where Code or CodeUri says that it is, in the same form: what is uploaded when it is not live. `source` is this
  // unless livelambda.yaml or CDK says otherwise; "" of a CDK function, whose assets CDK uploads.
  std::string code_path = {};
  // The one file to build from, relative to the template's folder, where the app says more than handler and folder do:
  // the entry of a CDK NodejsFunction, an EntryPoint of esbuild; else "".
  std::string entry = {};
  // The text of code that stands in the template (ZipFile, InlineCode), as far as it is known before deployment;
  // nothing if it has none, or livelambda.yaml names another source.
  std::optional<std::string> inline_code = {};
  // Metadata.BuildMethod as SAM names them: "esbuild", "makefile", "go1.x", "rust-cargolambda", "python-uv", …; "" if
  // none. With its Metadata.BuildProperties.
  std::string build_method = {};
  codec::json::object build_properties = {};
  std::string build_command = {};  // `build` of livelambda.yaml; "" if none
  std::string run_command = {};    // `run` of livelambda.yaml; "" if none
  Architecture architecture = Architecture::x86_64;
  int timeout_seconds = 3;  // Lambda's defaults, if the template says nothing that can be resolved
  int memory_mb = 128;
  std::vector<Layer> layers = {};  // as Layers lists them: the later lie over the earlier
  bool image = false;  // a container image, run here by `run` of livelambda.yaml in the place of its Dockerfile
  bool response_stream = false;  // it has a function URL with InvokeMode RESPONSE_STREAM
  bool live = false;
  WhyNot why_not = {};                  // its reason is `none` if it is live
  std::vector<std::string> roles = {};  // logical ids of the template's roles that it uses; empty: SAM makes its role
  // A role that is not of this template, as far as it is known before deployment ("arn:${AWS::Partition}:iam::…"); its
  // stub reaches the bridge by the bridge role. "" if its role is the template's or SAM's.
  std::string outside_role = {};
  std::string construct_path = {};  // aws:cdk:path of a CDK function; else ""
  int line = 0;
};

// Something on this machine that the template names and CloudFormation can only take from S3.
struct LocalArtifact {
  enum class Kind {
    zip,       // a folder is zipped; a file that ends in .zip or .jar goes as it is; another file is zipped alone
    file,      // uploaded as it is: an API definition, a state machine, an AWS::Include
    template_  // a nested template: its own stack is in Stack::nested
  };
  Kind kind = Kind::zip;
  std::string path;        // as written, relative to the template's folder
  std::string logical_id;  // the resource that uses it; "" outside of Resources
  std::string type;        // its type
  std::string pointer;     // JSON pointer of the value to replace: the artifact's identity
  int line = 0;
};

// A stack of CloudFormation, or one nested in another.
struct Stack {
  std::string id;      // unique in the application: "" if it has one stack; a CDK artifact's id; of a nested stack
                       // the id of its parent (and "/" after it unless that is "") and its logical id there
  std::string name;    // what CloudFormation calls it on this stage; "" for a nested one, which CloudFormation names
  std::string region;  // "" = the session's
  std::string
      template_file;  // as it was given to the reader, for messages; paths in the template are relative to its folder
  codec::Document document;                            // the template as it was read
  std::vector<Function> functions;                     // in the template's order
  std::vector<LocalArtifact> artifacts;                // what has to be uploaded: nothing of a live function
  std::map<std::string, std::string> parameters = {};  // values given for this stage; they win over defaults
  std::vector<std::string> depends_on = {};            // ids of stacks that are deployed before it
  std::map<std::string, std::string> tags = {};        // that the app gives the stack itself: stackTags, CDK's Tags
  std::vector<Stack> nested = {};                      // of local templates, in the template's order

  const Function* function(std::string_view logical_id) const;
  // The function's own name in the whole application: "Fn", "Nested/Fn".
  std::string path_of(const Function& function) const;
};

// The stack, then all that are nested in it.
void for_each_stack(const Stack& stack, const std::function<void(const Stack&)>& visit);

// Whose tools build, and for some also deploy, the app.
enum class Framework { cloudformation, sam, cdk, serverless };

std::string_view to_string(Framework framework);  // "CloudFormation", "SAM", "CDK", "Serverless Framework"

struct Application {
  std::string name;
  Framework framework = Framework::cloudformation;
  std::vector<Stack> stacks;  // what others depend on comes first
};

}  // namespace app

// The project's own `cdk`, as a program: how it is found, called, and what its failures mean.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "project/toolchain.h"

namespace project {

struct CdkDeployment {
  std::string assembly;                                         // folder
  std::vector<std::string> selectors;                           // construct paths of stacks
  std::vector<std::pair<std::string, std::string>> parameters;  // "Stack:Name", value
};

class CdkTool {
 public:
  // `workplace` outlives this.
  explicit CdkTool(const Workplace& workplace) : workplace_(workplace) {}

  // Its path; "" = there is none.
  std::string program() const;
  // Synthesises the app into the folder `output`. `environment`: more variables for the app.
  awaitable<base::Result<>> synth(std::string output, std::map<std::string, std::string> environment);
  // Deploys stacks of an assembly and none that they depend on, independent ones at the same time. An environment that
  // is not bootstrapped is, if the workplace says so. Errors: deployment, with the first real reason.
  awaitable<base::Result<>> deploy(CdkDeployment deployment);

 private:
  awaitable<base::Result<>> bootstrap(std::string environment, std::string assembly);
  std::string endpoint() const;
  // The session's environment, if the workplace has to bootstrap it and has not seen this cloud yet; else "".
  std::string new_cloud() const;
  awaitable<base::Result<>> run(std::vector<std::string> arguments, std::map<std::string, std::string> environment,
                                std::vector<std::string>& lines);

  const Workplace& workplace_;
};

// As npx finds it: in node_modules/.bin of the folder or one above it, then in PATH; "" = nowhere.
std::string find_cdk(const std::string& folder, const std::string& path);

// "aws://123456789012/eu-west-1" if a deployment failed since that is not bootstrapped; else "".
std::string environment_to_bootstrap(const std::vector<std::string>& lines);

// The first real reason in what a failed `cdk deploy` printed; "" if there is none to be found.
std::string first_reason(const std::vector<std::string>& lines);

}  // namespace project

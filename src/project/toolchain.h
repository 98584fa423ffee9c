// The tools of an app's framework, behind one interface: what reads the app as it is on a stage, what builds it, and,
// for frameworks that deploy by themselves, what deploys it. One backend a file: template_app.cc (SAM and
// CloudFormation), cdk.cc, serverless.cc.
//
// A backend runs the project's own tools (`npx cdk`, `npx serverless`, `sam`) as child processes and reads what they
// write; what they print is handed on line by line. It knows AWS only as variables in the tools' environment.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/model.h"
#include "base/result.h"
#include "os/spawner.h"
#include "project/app_folder.h"

namespace project {

using boost::asio::awaitable;

// What every backend works with. `spawner` outlives it.
struct Workplace {
  AppFolder folder;
  std::map<std::string, std::string> parameters = {};   // --parameter KEY=VALUE
  std::map<std::string, std::string> environment = {};  // of the tools, credentials and region included
  os::Spawner* spawner = nullptr;
  std::function<void(const std::string& line)> on_output = {};  // what a tool prints, a line at a time
  std::string account = {};                                     // the session's, if it is known
  bool bootstrap = false;                     // `cdk bootstrap` where it has not been done, instead of an error
  std::vector<std::string> sdk_folders = {};  // `node_modules` that a local cloud has beside the app's own
};

// Live: functions that can be live are not built. Real: every function is built as the framework builds it. List: the
// app is only looked at, and nothing is built that need not be.
enum class Purpose { live, real, list };

// A stack as it shall be, for frameworks that deploy by themselves.
struct StackToDeploy {
  std::string id;  // app::Stack::id
  std::string template_text;
  std::vector<std::pair<std::string, std::string>> parameters;
  std::map<std::string, std::string> tags;
};

class Toolchain {
 public:
  virtual ~Toolchain() = default;
  // Reads the app. With Purpose::real the artifacts of its stacks are what the framework built: nothing is live.
  // Errors: invalid_input (file and line where there is one), not_found with the command that installs a missing tool,
  // build with what a tool said when it failed; a function that needs a build which nothing here can make is one of
  // them.
  virtual awaitable<base::Result<app::Application>> read(Purpose purpose) = 0;
  // The app as read(Purpose::live) left it on this stage, maybe in an earlier session: no tool is run. Nothing if
  // something has changed since of what it was made from, and where reading runs no tools. What the tools would say
  // today may differ all the same (they may ask AWS, or the clock): who uses it reads the app soon after.
  virtual std::optional<app::Application> recall() { return std::nullopt; }
  // Whether CloudFormation may be asked to expand this framework's stacks first (app/processing.h): then a stack that
  // was read is read again from `text`, which it made of the template.
  virtual bool reads_processed() const { return false; }
  virtual base::Result<app::Stack> read_processed(const app::Stack& stack, const std::string& text);
  // Files and folders (absolute) whose edit may change the infrastructure.
  virtual std::vector<std::string> infrastructure() const = 0;
  // Whether deploy() and deploy_real() are how this framework's stacks are deployed; else change sets of our own are.
  virtual bool deploys_live() const { return false; }
  virtual bool deploys_real() const { return false; }
  // Deploys the rewritten stacks, in the order given, with the framework's own deployment. Only if deploys_live().
  virtual awaitable<base::Result<>> deploy_live(std::vector<StackToDeploy> stacks);
  // Deploys the app as it is (`serverless deploy`, `cdk deploy`), with these tags on its stacks. Only if
  // deploys_real().
  virtual awaitable<base::Result<>> deploy_real(std::map<std::string, std::string> tags);
};

// The backend of the folder's framework.
std::unique_ptr<Toolchain> make_toolchain(Workplace workplace);

}  // namespace project

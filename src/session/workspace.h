// What every command on an app begins with: the app's folder and stage, the account that it is deployed to, and the app
// as its framework's tools read it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "app/model.h"
#include "aws/account.h"
#include "base/result.h"
#include "project/toolchain.h"
#include "session/options.h"

namespace session {

// Not movable: clients and tools keep pointers into it.
class Workspace {
 public:
  Workspace(boost::asio::any_io_executor executor, const Options& options, Surroundings with);
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  // Folder, then credentials, region, and whom they belong to: nothing else happens before these are known.
  awaitable<base::Result<>> open();
  // The same for an app that may be gone from its folder (project::open_remains).
  awaitable<base::Result<>> open_remains();
  // Reads the app anew; says what its reader has to say, and what its tools print unless it is done quietly. After
  // open().
  awaitable<base::Result<>> read(project::Purpose purpose, bool quietly = false);
  // Takes the app as an earlier session left it, without running a tool: project::Toolchain::recall(). False if it
  // has to be read. After open().
  awaitable<base::Result<bool>> recall();
  bool is_recalled() const { return recalled_; }         // and not read since
  project::Purpose purpose() const { return purpose_; }  // of the application as it is
  // Stacks that were processed (session/processing.h), in the place of those they came of.
  awaitable<base::Result<>> put(std::vector<app::Stack> stacks);
  // livelambda.yaml as it is now, for the next read(). Errors: usage for what is wrong in it, and for what takes
  // another session: the app's name and its template.
  base::Result<> read_settings();
  // From now on the stage of those who name none, and the name of the app for those who cannot read it.
  base::Result<> remember() const;
  // What the app is called, where it cannot be read: as the options say, by its settings, as it was when it was last
  // deployed from here, or by its folder. Errors: usage.
  base::Result<std::string> recall_name() const;

  boost::asio::any_io_executor executor() const { return executor_; }
  const project::AppFolder& folder() const { return folder_; }
  const app::Application& application() const { return application_; }
  const project::Toolchain& toolchain() const { return *toolchain_; }
  project::Toolchain& toolchain() { return *toolchain_; }  // another one after each read() and recall()
  const aws::Account& account() const { return account_; }
  const aws::ClientConfig& aws() const { return aws_; }
  const std::string& account_id() const { return account_id_; }
  const std::string& principal() const { return principal_; }  // ARN
  std::string partition() const;                               // "aws", "aws-cn", …
  std::string debug_stack_name() const;
  std::string debug_stack_name(const std::string& app) const;
  // Where its deployments go; the stacks are the caller's to name.
  Target target() const;

 private:
  awaitable<base::Result<>> find_account();
  awaitable<base::Result<>> make_toolchain(bool quietly);
  base::Result<> take(app::Application application);
  awaitable<app::Application> with_layers(app::Application application);

  boost::asio::any_io_executor executor_;
  const Options& options_;
  Surroundings with_;
  project::AppFolder folder_;
  std::unique_ptr<aws::PromptForMfa> mfa_;
  std::unique_ptr<aws::RunProgram> programs_;
  aws::Account account_;
  aws::ClientConfig aws_;
  std::string account_id_;
  std::string principal_;
  std::unique_ptr<project::Toolchain> toolchain_;
  app::Application application_;
  project::Purpose purpose_ = project::Purpose::live;
  bool recalled_ = false;
  std::set<std::string> told_of_layers_;
};

}  // namespace session

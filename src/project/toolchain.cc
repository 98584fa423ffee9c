#include "project/toolchain.h"

#include "project/cdk.h"
#include "project/serverless.h"
#include "project/template_app.h"

namespace project {

awaitable<base::Result<>> Toolchain::deploy_live(std::vector<StackToDeploy>) {
  co_return base::fail(base::ErrorKind::internal, "this framework does not deploy by itself");
}

awaitable<base::Result<>> Toolchain::deploy_real(std::map<std::string, std::string>) {
  co_return base::fail(base::ErrorKind::internal, "this framework does not deploy by itself");
}

base::Result<app::Stack> Toolchain::read_processed(const app::Stack&, const std::string&) {
  return base::fail(base::ErrorKind::internal, "templates of this framework are not processed first");
}

std::unique_ptr<Toolchain> make_toolchain(Workplace workplace) {
  switch (workplace.folder.framework) {
    case app::Framework::cdk:
      return make_cdk_app(std::move(workplace));
    case app::Framework::serverless:
      return make_serverless_app(std::move(workplace));
    case app::Framework::cloudformation:
    case app::Framework::sam:
      break;
  }
  return make_template_app(std::move(workplace));
}

}  // namespace project

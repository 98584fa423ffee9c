#include "session/deployment.h"

#include <fmt/format.h>

#include <filesystem>

#include "app/names.h"
#include "app/rewrite.h"
#include "aws/cloudformation.h"
#include "aws/s3.h"
#include "deploy/debug_stack.h"
#include "deploy/stack_deployer.h"
#include "deploy/stub_package.h"
#include "project/local_artifacts.h"

namespace session {
namespace {

// One deployment and what its steps share.
class Deployer {
 public:
  Deployer(const project::AppFolder& folder, const app::Application& application, DeploymentInput input,
           Reporter& reporter)
      : folder_(folder),
        application_(application),
        stack_(application.stacks.front()),
        input_(std::move(input)),
        reporter_(reporter),
        cloudformation_(aws::make_cloudformation(input_.aws)),
        s3_(aws::make_s3(input_.aws)),
        stacks_(*cloudformation_, *s3_, *input_.aws.clock),
        tags_(deploy::stack_tags(application.name, folder.stage)) {}

  awaitable<base::Result<Deployment>> run() {
    CO_TRY(auto bridge_stack, co_await deploy_stack({.name = app::debug_stack_name(folder_.stage, application_.name),
                                                     .template_text = deploy::debug_stack_template(),
                                                     .tags = tags_}));
    CO_TRY(bridge_, deploy::read_debug_stack(bridge_stack.outputs));
    CO_TRY(auto keys, co_await upload_artifacts(stack_));
    CO_TRY(auto rewritten,
           app::rewrite_to_live(stack_,
                                {.key_of = [&keys](const app::Stack& stack, const app::LocalArtifact& artifact)
                                     -> base::Result<std::string> { return keys.at({stack.id, artifact.pointer}); },
                                 .template_key = deploy::template_key}));
    for (const app::Diagnostic& diagnostic : rewritten.diagnostics) {
      reporter_.report(Notice{fmt::format("{}: {}", diagnostic.logical_id, diagnostic.message)});
    }
    CO_TRY(auto parameters, co_await make_parameters(rewritten.parameters));
    CO_TRY(auto app_stack, co_await deploy_stack({.name = stack_.name,
                                                  .template_text = std::move(rewritten.text),
                                                  .parameters = std::move(parameters),
                                                  .tags = tags_,
                                                  .bucket = bridge_.bucket}));
    co_return Deployment{.bridge_url = bridge_.url,
                         .bridge_table = bridge_.table,
                         .outputs = app_stack.outputs,
                         .functions = live_functions(app_stack.resources)};
  }

 private:
  awaitable<base::Result<deploy::DeployedStack>> deploy_stack(deploy::StackRequest request) {
    return stacks_.deploy(std::move(request), [this](const deploy::DeployEvent& event) {
      reporter_.report(DeployProgress{event.stack, event.resource, event.type, event.status, event.reason});
    });
  }

  // Keys by the stack's id and the artifact's pointer.
  using ArtifactKeys = std::map<std::pair<std::string, std::string>, std::string>;

  awaitable<base::Result<ArtifactKeys>> upload_artifacts(const app::Stack& stack) {
    ArtifactKeys keys;
    for (const app::LocalArtifact& artifact : stack.artifacts) {
      if (artifact.kind == app::LocalArtifact::Kind::template_) continue;
      CO_TRY(auto content, project::read_artifact(artifact, stack.template_file));
      std::string& key = keys[{stack.id, artifact.pointer}];
      if (content.zipped) {
        deploy::Package package = deploy::make_package("artifacts", std::move(content.entries));
        key = package.key;
        CO_TRY(co_await deploy::upload(*s3_, bridge_.bucket, std::move(package)));
      } else {
        CO_TRY(key, co_await deploy::upload_file(*s3_, bridge_.bucket, "artifacts", content.extension,
                                                 std::move(content.file)));
      }
    }
    co_return keys;
  }

  // The values of the parameters that the rewritten template declares; stubs are uploaded as they are asked for.
  awaitable<base::Result<std::vector<std::pair<std::string, std::string>>>> make_parameters(
      std::vector<std::string> names) {
    std::vector<std::pair<std::string, std::string>> parameters;
    for (const std::string& name : names) {
      std::string value;
      if (name == app::kBucketParameter) value = bridge_.bucket;
      if (name == app::kApiArnParameter) value = bridge_.api_arn;
      if (name == app::kTableArnParameter) value = bridge_.table_arn;
      if (name == app::kStubX8664Parameter) {
        CO_TRY(value, co_await upload_stub(input_.assets.stub_x86_64));
      }
      if (name == app::kStubArm64Parameter) {
        CO_TRY(value, co_await upload_stub(input_.assets.stub_arm64));
      }
      parameters.emplace_back(name, std::move(value));
    }
    co_return parameters;
  }

  awaitable<base::Result<std::string>> upload_stub(std::string_view bootstrap) {
    deploy::Package package = deploy::stub_package(std::string(bootstrap), {.stage = folder_.stage,
                                                                            .app = application_.name,
                                                                            .region = input_.aws.region,
                                                                            .endpoint = bridge_.url,
                                                                            .table = bridge_.table,
                                                                            .ca_pem = input_.ca_pem});
    std::string key = package.key;
    CO_TRY(co_await deploy::upload(*s3_, bridge_.bucket, std::move(package)));
    co_return key;
  }

  std::map<std::string, LiveFunction> live_functions(const std::map<std::string, std::string>& physical_ids) const {
    std::map<std::string, LiveFunction> functions;
    std::filesystem::path base = folder_.path;
    for (const app::Function& function : stack_.functions) {
      auto physical = physical_ids.find(function.logical_id);
      if (!function.live || physical == physical_ids.end()) continue;  // not there: its condition was false
      LiveFunction live{.info = {.logical_id = function.logical_id,
                                 .name = physical->second,
                                 .runtime = function.runtime,
                                 .handler = function.handler,
                                 .source = (base / function.source).lexically_normal().string()},
                        .timeout = std::chrono::seconds(function.timeout_seconds)};
      if (live.info.source.ends_with('/')) live.info.source.pop_back();
      functions[physical->second] = std::move(live);
    }
    return functions;
  }

  const project::AppFolder& folder_;
  const app::Application& application_;
  const app::Stack& stack_;
  DeploymentInput input_;
  Reporter& reporter_;
  std::unique_ptr<aws::CloudFormation> cloudformation_;
  std::unique_ptr<aws::S3> s3_;
  deploy::StackDeployer stacks_;
  std::map<std::string, std::string> tags_;
  deploy::DebugStack bridge_;
};

}  // namespace

awaitable<base::Result<Deployment>> deploy_app(const project::AppFolder& folder, const app::Application& application,
                                               DeploymentInput input, Reporter& reporter) {
  Deployer deployer(folder, application, std::move(input), reporter);
  co_return co_await deployer.run();
}

}  // namespace session

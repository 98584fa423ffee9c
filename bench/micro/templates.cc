// How long a template of 500 functions takes to be read and to be rewritten to live; the goal of both together is 100
// ms. Half of them are SAM's, with globals; half are CloudFormation's, as Serverless Framework compiles them, with
// roles, versions and queues.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>

#include "app/rewrite.h"
#include "app/template_reader.h"

namespace {

constexpr int kFunctions = 500;

std::string serverless_function(int n) {
  return fmt::format(R"(
  Sam{0}:
    Type: AWS::Serverless::Function
    Metadata: {{BuildMethod: esbuild, BuildProperties: {{Minify: true, EntryPoints: [src/f{0}.ts]}}}}
    Properties:
      Handler: f{0}.handler
      CodeUri: src/
      Environment: {{Variables: {{TABLE: !Ref Table, URL: !Sub 'https://${{Api}}.example/${{AWS::StackName}}/{0}'}}}}
      Policies: [{{DynamoDBCrudPolicy: {{TableName: !Ref Table}}}}]
      Events:
        Get: {{Type: HttpApi, Properties: {{Path: /things/{0}, Method: get, ApiId: !Ref Api}}}}
)",
                     n);
}

std::string compiled_function(int n) {
  return fmt::format(R"(
  Plain{0}LambdaFunction:
    Type: AWS::Lambda::Function
    Properties:
      Code: dist/plain{0}
      Handler: plain{0}.handler
      Runtime: nodejs22.x
      Role: !GetAtt Role{1}.Arn
      Environment: {{Variables: {{TABLE: !Ref Table, QUEUE: !GetAtt Queue{0}.Arn}}}}
  Plain{0}LambdaVersion{0}abcdef:
    Type: AWS::Lambda::Version
    DeletionPolicy: Retain
    Properties: {{FunctionName: !Ref Plain{0}LambdaFunction, CodeSha256: abcdef{0}=}}
  Queue{0}:
    Type: AWS::SQS::Queue
  Mapping{0}:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {{EventSourceArn: !GetAtt Queue{0}.Arn, FunctionName: !GetAtt Plain{0}LambdaFunction.Arn}}
)",
                     n, n / 10);
}

std::string make_template() {
  std::string text = R"(Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: nodejs22.x, Timeout: 20, MemorySize: 512, Layers: [!Ref Shared], Tracing: Active}
Resources:
  Table: {Type: AWS::Serverless::SimpleTable}
  Api: {Type: AWS::Serverless::HttpApi}
  Shared: {Type: AWS::Lambda::LayerVersion, Properties: {Content: {S3Bucket: b, S3Key: k}}}
)";
  for (int n = 0; n < kFunctions / 2; ++n) text += serverless_function(n) + compiled_function(n);
  for (int n = 0; n <= kFunctions / 20; ++n) {
    text += fmt::format("  Role{}: {{Type: AWS::IAM::Role, Properties: {{AssumeRolePolicyDocument: {{}}}}}}\n", n);
  }
  return text;
}

const std::string& template_text() {
  static const std::string text = make_template();
  return text;
}

void read_template(benchmark::State& state) {
  for (auto _ : state) {
    auto stack = app::read_template(template_text(), {.name = "bench"});
    if (!stack || std::ranges::count_if(stack->functions, &app::Function::live) != kFunctions) {
      state.SkipWithError("not every function is live");
      break;
    }
  }
}

void rewrite_to_live(benchmark::State& state) {
  const auto stack = app::read_template(template_text(), {.name = "bench"}).value();
  const app::RewriteOptions options{
      .key_of = [](const app::Stack&, const app::LocalArtifact& artifact) -> base::Result<std::string> {
        return artifact.path;
      },
      .increase_timeout = true};
  for (auto _ : state) {
    if (!app::rewrite_to_live(stack, options)) {
      state.SkipWithError("the template was not rewritten");
      break;
    }
  }
}

BENCHMARK(read_template)->Unit(benchmark::kMillisecond);
BENCHMARK(rewrite_to_live)->Unit(benchmark::kMillisecond);

}  // namespace

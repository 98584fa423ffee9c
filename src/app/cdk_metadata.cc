#include "app/cdk_metadata.h"

#include <algorithm>

namespace app {
namespace {

namespace json = codec::json;

constexpr std::string_view kFrameworkHandlers[] = {"framework.onEvent", "framework.isComplete", "framework.onTimeout"};

// In logical ids: what core's CustomResourceProvider names its functions, and the ids of singletons, which are a
// purpose and a UUID without its hyphens.
constexpr std::string_view kHelperIds[] = {
    "CustomResourceProviderHandler",
    "LogRetentionaae0aa3c5b4d4f87b02d85b201efdd8a",
    "AWS679f53fac002430cb0da5b7982bd2287",                         // AwsCustomResource
    "AWSb4cf1abd4e4f4bc699441af7ccd9ec37",                         // aws-events-targets AwsApi
    "CDKBucketDeployment8693BB64968944B69AAFB0CC9EB8756C",         // aws-s3-deployment
    "BucketNotificationsHandler050a0587b7544547bf325f094a3db834",  // aws-s3
    "SingletonLambda224e77f9a32e4b4dac32983477abba16",             // aws-ses drop-spam
    "SingletonLambda8693BB64968944B69AAFB0CC9EB8757C",             // aws-stepfunctions-tasks role-policy
    "CrossRegionAwsSdk8a0c93f3dbef4b71ac137aaf2048ce7e",           // aws-stepfunctions-tasks
    "Eval41256dc5445742738ed917bc818694e5",                        // aws-stepfunctions-tasks EvaluateExpression,
    "Evala5c17f500de1497b8ec0fabdc9086cc5",                        // one for each runtime and architecture
    "Evalb64e1fb89c894f7d8a342e2a1c5f6d7e",
    "Eval9757c2676d7c45c2af7737a30d93d2c6",
    "Eval078d40d3fb4e4d5394a79c46fc11fe02",
    "Evalbe6d8ca19d2c4db3aeebf6f27f3f2f10",
    "Eval1662dbae12a44a0486f029531a7be268",
    "Eval672bfe1976c9448b9584ee75ca09edbf",
    "Eval105f0693c0824e9b83f39007507676f0",
    "Evalb1565b137d884f24ac63f9b23c325a55",
};

// In construct paths: providers that stand in nested stacks of their own, and handlers without a singleton's id.
constexpr std::string_view kHelperPaths[] = {
    "@aws-cdk--aws-eks.",             // ClusterResourceProvider, KubectlProvider
    "@aws-cdk--aws-dynamodb.",        // ReplicaProvider
    "/CertificateRequestorFunction",  // DnsValidatedCertificate
    "/DrainECSHook/",                 // aws-ecs
    "/CDKPipelinesAutoApprove",       // pipelines
};

bool contains_any(std::string_view text, auto& parts) {
  return std::ranges::any_of(parts, [text](std::string_view part) { return text.find(part) != text.npos; });
}

std::string metadata(const json::value& resource, std::string_view key) {
  return codec::find_string(resource, "Metadata", key);
}

}  // namespace

std::string construct_path(const json::value& resource) {
  std::string path = metadata(resource, "aws:cdk:path");
  constexpr std::string_view kResource = "/Resource";
  if (path.ends_with(kResource)) path.resize(path.size() - kResource.size());
  return path;
}

std::string asset_path(const json::value& resource, std::string_view property) {
  return metadata(resource, "aws:asset:property") == property ? metadata(resource, "aws:asset:path") : std::string();
}

bool is_cdk_helper(std::string_view logical_id, std::string_view construct_path, std::string_view handler) {
  if (std::ranges::find(kFrameworkHandlers, handler) != std::end(kFrameworkHandlers)) return true;
  return contains_any(logical_id, kHelperIds) || contains_any(construct_path, kHelperPaths);
}

}  // namespace app

// The policy of a bucket, and what makes one public ("The meaning of public", S3 user guide).
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "codec/json.h"
#include "localcloud/http_text.h"
#include "localcloud/iam/policy.h"
#include "localcloud/s3/s3_service.h"

namespace localcloud {

namespace {

bool is_everyone(const json::value& principal) {
  if (principal.is_string()) return principal.get_string() == "*";
  if (const auto* list = principal.if_array()) return std::any_of(list->begin(), list->end(), is_everyone);
  const auto* kinds = principal.if_object();
  return kinds != nullptr && std::any_of(kinds->begin(), kinds->end(), [](const auto& kind) {
           return kind.key() == "AWS" && is_everyone(kind.value());
         });
}

// A condition on who or where from, with a fixed value, keeps a statement from being public.
bool is_narrowed(const json::value& statement) {
  static const std::set<std::string_view> kKeys{"aws:sourceip",
                                                "aws:sourcearn",
                                                "aws:sourcevpc",
                                                "aws:sourcevpce",
                                                "aws:sourceaccount",
                                                "aws:userid",
                                                "aws:principalorgid",
                                                "aws:principalarn",
                                                "aws:principalaccount",
                                                "aws:sourceowner",
                                                "s3:dataaccesspointarn",
                                                "s3:dataaccesspointaccount",
                                                "s3:x-amz-server-side-encryption-aws-kms-key-id"};
  const auto* condition = codec::find(statement, "Condition");
  if (condition == nullptr || !condition->is_object()) return false;
  for (const auto& [name, keys] : condition->get_object()) {
    if (!keys.is_object() || std::string_view(name).find("Not") != std::string_view::npos) continue;
    for (const auto& [key, value] : keys.get_object()) {
      bool fixed = !value.is_string() || (value.get_string() != "*" && value.get_string() != "0.0.0.0/0");
      if (kKeys.contains(lower_case(key)) && fixed) return true;
    }
  }
  return false;
}

bool is_public(const json::value& policy) {
  const auto* found = codec::find(policy, "Statement");
  if (found == nullptr) return false;
  auto open = [](const json::value& statement) {
    const auto* principal = codec::find(statement, "Principal");
    return codec::find_string(statement, "Effect") == "Allow" && principal != nullptr && is_everyone(*principal) &&
           !is_narrowed(statement);
  };
  const auto* list = found->if_array();
  return list != nullptr ? std::any_of(list->begin(), list->end(), open) : open(*found);
}

}  // namespace

base::Result<> S3Service::set_policy(Bucket& bucket, json::value policy) {
  constexpr std::size_t kMostBytes = 20 * 1024;
  auto checked = check_policy(policy, true);
  if (!checked) return aws_error(400, "MalformedPolicy", checked.error().message);
  if (codec::to_text(policy).size() > kMostBytes) {
    return aws_error(400, "PolicyTooLarge",
                     "Normalized policy document exceeds the maximum allowed size of 20480 bytes");
  }
  if (bucket.public_access.block_policy && is_public(policy)) {
    return aws_error(403, "AccessDenied",
                     fmt::format("User is not authorized to perform: s3:PutBucketPolicy on resource: \"{}\" because "
                                 "public policies are prevented by the BlockPublicPolicy setting in S3 Block Public "
                                 "Access.",
                                 bucket.arn()));
  }
  bucket.policy = std::move(policy);
  return {};
}

// A caller without a name has what the bucket's policy gives to everyone, which RestrictPublicBuckets takes away where
// the policy is public.
base::Result<> S3Service::authorize_anonymous(std::string_view action, std::string_view resource,
                                              ConditionContext context, const Bucket* bucket) const {
  PolicyQuestion question{
      .action = std::string(action), .resource = std::string(resource), .context = std::move(context)};
  question.context["aws:SourceIp"] = "127.0.0.1";
  question.context["aws:SecureTransport"] = "true";  // TLS or loopback: nobody else can read it
  question.principal_kind = "AWS";
  bool open = bucket != nullptr && bucket->policy &&
              !(bucket->public_access.restrict_buckets && is_public(*bucket->policy)) &&
              evaluate(*bucket->policy, question, true) == Decision::allow;
  if (open) return {};
  return aws_error(403, "AccessDenied", "Access Denied");
}

S3Service::Answer S3Service::get_bucket_policy(const Call& call, const Address& address) {
  TRY(authorize(call, "s3:GetBucketPolicy", address));
  TRY(auto* its_bucket, bucket(address.bucket));
  if (!its_bucket->policy) return aws_error(404, "NoSuchBucketPolicy", "The bucket policy does not exist");
  auto response = s3_answer(call, 200);
  response.headers.add("Content-Type", "application/json");
  response.body = codec::to_text(*its_bucket->policy);
  return response;
}

S3Service::Answer S3Service::put_bucket_policy(const Call& call, const Address& address) {
  TRY(authorize(call, "s3:PutBucketPolicy", address));
  TRY(auto* its_bucket, bucket(address.bucket));
  TRY(auto body, receive_body(call.request));
  auto policy = codec::parse_json(body.content);
  if (!policy || !policy->is_object()) {
    return aws_error(400, "MalformedPolicy", "This policy contains invalid Json");
  }
  TRY(set_policy(*its_bucket, std::move(*policy)));
  return s3_answer(call, 204);
}

S3Service::Answer S3Service::delete_bucket_policy(const Call& call, const Address& address) {
  TRY(authorize(call, "s3:DeleteBucketPolicy", address));
  TRY(auto* its_bucket, bucket(address.bucket));
  its_bucket->policy.reset();
  return s3_answer(call, 204);
}

S3Service::Answer S3Service::get_bucket_policy_status(const Call& call, const Address& address) {
  TRY(authorize(call, "s3:GetBucketPolicyStatus", address));
  TRY(auto* its_bucket, bucket(address.bucket));
  if (!its_bucket->policy) return aws_error(404, "NoSuchBucketPolicy", "The bucket policy does not exist");
  XmlWriter xml;
  xml.open("PolicyStatus", kS3Namespace).element("IsPublic", is_public(*its_bucket->policy));
  return s3_answer(call, 200, xml.take());
}

}  // namespace localcloud

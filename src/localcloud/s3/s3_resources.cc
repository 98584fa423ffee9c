// What CloudFormation makes of S3: buckets and their policies.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "codec/json.h"
#include "localcloud/iam/policy.h"
#include "localcloud/s3/s3_service.h"
#include "localcloud/sync_type.h"

namespace localcloud {

namespace {

class BucketType final : public SyncType {
 public:
  explicit BucketType(S3Service& s3)
      : SyncType({.name = "AWS::S3::Bucket",
                  .works = {"BucketName"},
                  .accepted = {"AccessControl", "BucketEncryption", "LifecycleConfiguration", "OwnershipControls",
                               "PublicAccessBlockConfiguration", "Tags"},
                  .replaces = {"BucketName"}}),
        s3_(s3) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    auto name = text_property(request.properties, "BucketName");
    constexpr std::size_t kLongest = 63;
    if (name.empty()) {
      name = generated_name(request.stack_name, request.logical_id, kLongest);
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    if (s3_.bucket(name)) return aws_error(409, "BucketAlreadyExists", fmt::format("{} already exists", name));
    TRY(auto* created, s3_.create_bucket(name));
    return state(created->name);
  }

  base::Result<ResourceState> change(const ResourceRequest& request) override { return state(request.physical_id); }

  base::Result<> destroy(const ResourceRequest& request) override {
    return unless_gone(s3_.delete_bucket(request.physical_id));
  }

 private:
  static ResourceState state(const std::string& name) {
    return {.physical_id = name,
            .ref = {},
            .attributes = {{"Arn", fmt::format("arn:aws:s3:::{}", name)},
                           {"DomainName", fmt::format("{}.s3.amazonaws.com", name)},
                           {"RegionalDomainName", fmt::format("{}.s3.us-east-1.amazonaws.com", name)}}};
  }

  S3Service& s3_;
};

class BucketPolicyType final : public SyncType {
 public:
  explicit BucketPolicyType(S3Service& s3)
      : SyncType({.name = "AWS::S3::BucketPolicy",
                  .works = {"Bucket", "PolicyDocument"},
                  .accepted = {},
                  .replaces = {"Bucket"}}),
        s3_(s3) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    TRY(auto name, needed_property(request.properties, "Bucket"));
    TRY(auto* bucket, s3_.bucket(name));
    const auto* document = request.properties.if_contains("PolicyDocument");
    if (document == nullptr) return base::fail(base::ErrorKind::invalid_input, "Property PolicyDocument is required");
    TRY(check_policy(*document, true));
    bucket->policy = *document;
    return ResourceState{.physical_id = name, .ref = {}, .attributes = {}};
  }

  base::Result<ResourceState> change(const ResourceRequest& request) override { return make(request); }

  base::Result<> destroy(const ResourceRequest& request) override {
    if (auto bucket = s3_.bucket(request.physical_id)) (*bucket)->policy.reset();
    return {};
  }

 private:
  S3Service& s3_;
};

}  // namespace

ResourceTypes s3_resource_types(S3Service& s3) {
  ResourceTypes types;
  types.push_back(std::make_unique<BucketType>(s3));
  types.push_back(std::make_unique<BucketPolicyType>(s3));
  return types;
}

}  // namespace localcloud

// The one implementation of S3. Internal to s3/: routes and permissions (s3.cc), buckets (buckets.cc), what a bucket is
// set up with (configurations.cc, bucket_policy.cc), objects (objects.cc, reads.cc, copies.cc, tagging.cc), uploads in
// parts (multipart.cc), lists (list.cc), browser forms (post_object.cc), events (notify.cc), expiry (expire.cc), what
// CloudFormation makes of it (s3_resources.cc). The state is in bucket.h.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "localcloud/iam/iam.h"
#include "localcloud/s3/bucket.h"
#include "localcloud/s3/s3.h"
#include "localcloud/s3/xml_tree.h"
#include "localcloud/wire.h"

namespace localcloud {

constexpr std::string_view kS3Namespace = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";

class S3Service final : public S3 {
 public:
  explicit S3Service(Cloud& cloud) : cloud_(cloud) {}

  base::Result<std::string> get(std::string_view bucket, std::string_view key) const override;
  bool owns(const net::Request& request) const override;
  std::vector<std::string> operations() const override;
  awaitable<net::Response> handle(Call call) override;
  ResourceTypes resource_types() override;

  // The state, for the operations and for the resource types. Errors: S3's own codes.
  base::Result<Bucket*> create_bucket(std::string_view name);
  base::Result<Bucket*> bucket(std::string_view name);
  base::Result<> delete_bucket(std::string_view name);
  // Checks a configuration ("cors", "lifecycle", …) and lets it have its effect; null takes it away.
  base::Result<> configure(Bucket& bucket, std::string_view subresource, const XmlNode* configuration,
                           bool check_destinations = true);
  base::Result<> set_policy(Bucket& bucket, json::value policy);

  // What a request addresses, whichever way it is written.
  struct Address {
    std::string bucket;
    std::string key;
    Fields query;
  };

 private:
  using Answer = base::Result<net::Response>;
  using Operation = Answer (S3Service::*)(const Call&, const Address&);
  struct Route {
    std::string_view method;
    bool object;
    std::string_view subresource;  // a member of the query that makes it another operation; "" if none
    std::string_view name;
    Operation operation;
  };
  static const std::vector<Route>& routes();

  Address address_of(const net::Request& request) const;
  base::Result<> authorize(const Call& call, std::string_view action, const Address& address) const;
  base::Result<> authorize_anonymous(std::string_view action, std::string_view resource, ConditionContext context,
                                     const Bucket* bucket) const;
  ConditionContext context_of(const Call& call, const Address& address, const Bucket* bucket) const;
  Answer act(const Call& call, const Address& address);
  void add_cors(const Call& call, const Address& address, net::Response& response) const;
  Answer preflight(const Call& call, const Address& address);

  Answer list_buckets(const Call& call, const Address& address);
  Answer create_bucket_operation(const Call& call, const Address& address);
  Answer delete_bucket_operation(const Call& call, const Address& address);
  Answer head_bucket(const Call& call, const Address& address);
  Answer get_bucket_location(const Call& call, const Address& address);
  Answer get_bucket_policy(const Call& call, const Address& address);
  Answer put_bucket_policy(const Call& call, const Address& address);
  Answer delete_bucket_policy(const Call& call, const Address& address);
  Answer get_bucket_policy_status(const Call& call, const Address& address);
  Answer get_configuration(const Call& call, const Address& address);
  Answer put_configuration(const Call& call, const Address& address);
  Answer delete_configuration(const Call& call, const Address& address);
  Answer list_objects(const Call& call, const Address& address);
  Answer list_object_versions(const Call& call, const Address& address);
  Answer put_object(const Call& call, const Address& address);
  Answer copy_object(const Call& call, const Address& address);
  Answer get_object(const Call& call, const Address& address);
  Answer delete_object(const Call& call, const Address& address);
  Answer delete_objects(const Call& call, const Address& address);
  Answer get_object_tagging(const Call& call, const Address& address);
  Answer put_object_tagging(const Call& call, const Address& address);
  Answer delete_object_tagging(const Call& call, const Address& address);
  Answer create_multipart_upload(const Call& call, const Address& address);
  Answer upload_part(const Call& call, const Address& address);
  Answer upload_part_copy(const Call& call, const Address& address);
  Answer complete_multipart_upload(const Call& call, const Address& address);
  Answer abort_multipart_upload(const Call& call, const Address& address);
  Answer list_parts(const Call& call, const Address& address);
  Answer list_multipart_uploads(const Call& call, const Address& address);
  Answer post_object(const Call& call, const Address& address);

  base::Result<> fill_new(Bucket& bucket, const XmlNode& configuration, const net::Headers& headers);
  base::Result<Upload*> upload(Bucket& bucket, const Address& address);
  Answer keep_part(const Call& call, const Address& address, Upload& upload, ReceivedBody body, bool copied);
  // What x-amz-copy-source names, after the caller may read it and the conditions of a copy hold.
  struct CopySource {
    Address address;
    ObjectVersion version;
  };
  base::Result<CopySource> copy_source(const Call& call);
  // Keeps a new object and tells who wants to know. `event`: "ObjectCreated:Put"; `reason`: "PutObject".
  const ObjectVersion& keep(const Call& call, Bucket& bucket, const std::string& key, ObjectVersion object,
                            std::string_view event, std::string_view reason);
  // The permission to delete what an Object of DeleteObjects names, and its condition.
  base::Result<> may_delete(const Call& call, const Bucket& bucket, const XmlNode& wanted) const;
  Deletion drop(const Call& call, Bucket& bucket, const std::string& key, const std::string& id);
  // The version that a request reads. Errors: NoSuchKey, NoSuchVersion 404, MethodNotAllowed 405.
  base::Result<ObjectVersion*> readable(const Call& call, const Address& address, std::string_view action);

  base::Result<> check_destinations(const Bucket& bucket, const NotificationConfiguration& configuration);
  void notify(const Bucket& bucket, ObjectEvent event);
  awaitable<void> send_event(std::string target, std::string bucket_arn, std::string message);
  awaitable<void> expire_daily();
  void expire(Bucket& bucket);
  void expire_uploads(Bucket& bucket, const LifecycleRule& rule);
  void expire_versions(Bucket& bucket, const LifecycleRule& rule, const std::string& key);

  Cloud& cloud_;
  std::map<std::string, Bucket, std::less<>> buckets_;
  std::uint64_t last_sequence_ = 0;
  bool expires_daily_ = false;  // expire_daily() runs, from the first lifecycle configuration on
};

net::Response s3_answer(const Call& call, int status, std::string xml = {});
void add_encryption(net::Response& response);

// A version's or an upload's id: 32 characters that need no encoding.
std::string fresh_id();
std::string quoted_etag(std::string_view etag);
// Does an If-Match or If-None-Match header list the ETag?
bool lists_etag(std::string_view header, std::string_view etag);
// If-Match and If-None-Match of a write, held against the object that is there (or null). Errors: NoSuchKey 404,
// PreconditionFailed 412; 501 for an If-None-Match that is not "*", as on AWS.
base::Result<> check_write_conditions(const net::Headers& headers, const ObjectVersion* present);
tl::unexpected<base::Error> precondition_failed();
// "Fri, 02 Jan 2026 03:04:05 GMT".
std::optional<base::WallTime> parse_http_time(std::string_view text);

// What an upload says of its object, but for its content: headers, tags, storage class. Errors: MetadataTooLarge,
// InvalidTag, AccessControlListNotSupported 400; 501 for what objects have not here.
base::Result<ObjectVersion> described_object(const Call& call, std::string_view operation);
base::Result<> check_key(std::string_view key);
// Tags as <Tagging><TagSet> has them. Errors: MalformedXML, InvalidTag 400.
base::Result<ObjectTags> parse_tags(const XmlNode& tagging, std::size_t most);
void add_checksum(net::Response& response, const Checksum& checksum);
void write_checksum(XmlWriter& xml, const Checksum& checksum);
Checksum checksum_of_whole(ChecksumAlgorithm algorithm, std::string_view bytes);
void set_content(ObjectVersion& object, ReceivedBody body);

// ?versionId, or "" where the request has none. Errors: InvalidArgument 400 for an empty one.
base::Result<std::string> version_id_of(const S3Service::Address& address);

struct ByteRange {
  std::size_t begin = 0;
  std::size_t end = 0;  // one past the last
};
// "bytes=0-4", "bytes=5-", "bytes=-3". nullopt: none, or one to be ignored. Errors: InvalidRange 416.
base::Result<std::optional<ByteRange>> parse_range(std::optional<std::string_view> header, std::size_t size);

// What happened to an object's tags; the bucket's part is added by notify().
ObjectEvent tagging_event(const Call& call, const Bucket& bucket, const std::string& key, const ObjectVersion& object,
                          std::string_view name);

ResourceTypes s3_resource_types(S3Service& s3, const std::string& region);

}  // namespace localcloud

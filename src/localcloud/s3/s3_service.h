// The one implementation of S3. Internal to s3/: routing and buckets (s3.cc), objects (objects.cc), listing (list.cc),
// what CloudFormation makes of it (s3_resources.cc).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "localcloud/iam/iam.h"
#include "localcloud/s3/s3.h"
#include "localcloud/wire.h"

namespace localcloud {

struct Object {
  std::string content;
  std::string etag;  // hexadecimal MD5, without quotes
  base::WallTime modified;
  net::Headers headers;  // Content-Type, x-amz-meta-…, as they come back
};

struct Bucket {
  std::string name;
  base::WallTime created;
  std::map<std::string, Object, std::less<>> objects;
  std::optional<json::value> policy;
};

class S3Service final : public S3 {
 public:
  explicit S3Service(Cloud& cloud) : cloud_(cloud) {}

  base::Result<std::string> get(std::string_view bucket, std::string_view key) const override;
  awaitable<net::Response> handle(Call call) override;
  ResourceTypes resource_types() override;

  // The state, for the resource types. Errors: S3's own codes.
  base::Result<Bucket*> create_bucket(std::string_view name);
  base::Result<Bucket*> bucket(std::string_view name);
  base::Result<> delete_bucket(std::string_view name);

 private:
  // What a request addresses, whichever way it is written.
  struct Address {
    std::string bucket;
    std::string key;
    Fields query;
  };

  Address address_of(const Call& call) const;
  base::Result<> authorize(const Call& call, std::string_view action, const Address& address) const;
  base::Result<net::Response> act(const Call& call, const Address& address);
  base::Result<net::Response> bucket_action(const Call& call, const Address& address);
  base::Result<net::Response> object_action(const Call& call, const Address& address);
  base::Result<net::Response> list_buckets(const Call& call);
  base::Result<net::Response> list_objects(const Call& call, const Address& address);
  base::Result<net::Response> put_object(const Call& call, const Address& address);
  base::Result<net::Response> copy_object(const Call& call, const Address& address, std::string_view source);
  base::Result<net::Response> read_object(const Call& call, const Address& address);
  base::Result<net::Response> delete_objects(const Call& call, const Address& address);

  Cloud& cloud_;
  std::map<std::string, Bucket, std::less<>> buckets_;
};

net::Response s3_answer(const Call& call, int status, std::string xml = {});

// The body of a request without its aws-chunked framing (Content-Encoding: aws-chunked, trailers dropped). Errors:
// IncompleteBody 400.
base::Result<std::string> plain_body(const net::Request& request);

// A DeleteObjects request. Errors: MalformedXML 400.
struct DeleteRequest {
  std::vector<std::string> keys;
  bool quiet = false;
};
base::Result<DeleteRequest> parse_delete(std::string_view xml);

ResourceTypes s3_resource_types(S3Service& s3);

}  // namespace localcloud

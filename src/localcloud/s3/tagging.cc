// The tags of objects.
#include <fmt/format.h>

#include "localcloud/s3/s3_service.h"

namespace localcloud {

base::Result<ObjectTags> parse_tags(const XmlNode& tagging, std::size_t most) {
  constexpr std::size_t kLongestKey = 128;
  constexpr std::size_t kLongestValue = 256;
  const auto* set = tagging.child("TagSet");
  if (tagging.name != "Tagging" || set == nullptr) return malformed_xml();
  ObjectTags tags;
  for (const auto* tag : set->all("Tag")) {
    auto key = tag->text_of("Key");
    auto value = tag->text_of("Value");
    if (key.empty() || key.size() > kLongestKey) {
      return aws_error(400, "InvalidTag", "The TagKey you have provided is invalid");
    }
    if (value.size() > kLongestValue) {
      return aws_error(400, "InvalidTag", "The TagValue you have provided is invalid");
    }
    if (key.starts_with("aws:")) {
      return aws_error(400, "InvalidTag", "System tags cannot be added/updated by requester");
    }
    if (!tags.emplace(key, value).second) {
      return aws_error(400, "InvalidTag", "Cannot provide multiple Tags with the same key");
    }
  }
  if (tags.size() > most) {
    return aws_error(400, "BadRequest",
                     fmt::format("{} tags cannot be greater than {}", most == 10 ? "Object" : "Bucket", most));
  }
  return tags;
}

namespace {

void write_tags(XmlWriter& xml, const ObjectTags& tags) {
  xml.open("TagSet");
  for (const auto& [key, value] : tags) xml.open("Tag").element("Key", key).element("Value", value).close();
  xml.close();
}

net::Response with_version(net::Response response, const ObjectVersion& object) {
  if (object.id != "null") response.headers.add("x-amz-version-id", object.id);
  return response;
}

base::Result<> not_a_marker(const ObjectVersion& object) {
  if (!object.delete_marker) return {};
  return aws_error(405, "MethodNotAllowed", "The specified method is not allowed against this resource.");
}

}  // namespace

S3Service::Answer S3Service::get_object_tagging(const Call& call, const Address& address) {
  TRY(const auto* object, readable(call, address, "s3:GetObjectTagging"));
  TRY(not_a_marker(*object));
  XmlWriter xml;
  xml.open("Tagging", kS3Namespace);
  write_tags(xml, object->tags);
  return with_version(s3_answer(call, 200, xml.take()), *object);
}

S3Service::Answer S3Service::put_object_tagging(const Call& call, const Address& address) {
  TRY(auto* object, readable(call, address, "s3:PutObjectTagging"));
  TRY(not_a_marker(*object));
  TRY(auto body, receive_body(call.request));
  TRY(auto tagging, parse_xml(body.content));
  constexpr std::size_t kMostTags = 10;
  TRY(object->tags, parse_tags(tagging, kMostTags));
  TRY(auto* its_bucket, bucket(address.bucket));
  notify(*its_bucket, tagging_event(call, *its_bucket, address.key, *object, "ObjectTagging:Put"));
  return with_version(s3_answer(call, 200), *object);
}

S3Service::Answer S3Service::delete_object_tagging(const Call& call, const Address& address) {
  TRY(auto* object, readable(call, address, "s3:DeleteObjectTagging"));
  TRY(not_a_marker(*object));
  object->tags.clear();
  TRY(auto* its_bucket, bucket(address.bucket));
  notify(*its_bucket, tagging_event(call, *its_bucket, address.key, *object, "ObjectTagging:Delete"));
  return with_version(s3_answer(call, 204), *object);
}

}  // namespace localcloud

// PostObject: a browser's form with a signed policy ("Browser-based uploads using POST (AWS signature version 4)", S3
// API reference).
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "codec/base64.h"
#include "codec/json.h"
#include "localcloud/http_text.h"
#include "localcloud/iam/signature.h"
#include "localcloud/s3/s3_service.h"
#include "net/url.h"

namespace localcloud {

namespace {

struct Form {
  std::map<std::string, std::string> fields;  // names in lower case
  std::string file;
  std::string file_name;
};

// The parameter of a header: name="key" of Content-Disposition.
std::string parameter(std::string_view header, std::string_view name) {
  auto begin = header.find(fmt::format("; {}=", name));
  if (begin == std::string_view::npos) return {};
  auto value = header.substr(begin + name.size() + 3);
  if (!value.starts_with('"')) return std::string(value.substr(0, value.find(';')));
  value.remove_prefix(1);
  return std::string(value.substr(0, value.find('"')));
}

tl::unexpected<base::Error> malformed() {
  return aws_error(400, "MalformedPOSTRequest",
                   "The body of your POST request is not well-formed multipart/form-data.");
}

// Fields behind the file are ignored, as S3 does.
base::Result<Form> parse_form_data(const net::Request& request) {
  auto type = request.headers.get_or("Content-Type", "");
  auto mark = parameter(type, "boundary");
  if (!lower_case(type).starts_with("multipart/form-data") || mark.empty()) {
    return aws_error(412, "PreconditionFailed", "Bucket POST must be of the enclosure-type multipart/form-data");
  }
  auto boundary = "--" + mark;
  Form form;
  std::string_view rest = request.body;
  auto at = rest.find(boundary);
  if (at == std::string_view::npos) return malformed();
  rest.remove_prefix(at + boundary.size());
  while (rest.starts_with("\r\n")) {
    auto head_end = rest.find("\r\n\r\n");
    auto end = rest.find("\r\n" + boundary, head_end);
    if (head_end == std::string_view::npos || end == std::string_view::npos || end < head_end + 4) return malformed();
    auto head = rest.substr(0, head_end);
    auto content = rest.substr(head_end + 4, end - head_end - 4);
    auto name = lower_case(parameter(head, "name"));
    if (name == "file") {
      form.file = std::string(content);
      form.file_name = parameter(head, "filename");
      return form;
    }
    form.fields[name] = std::string(content);
    rest.remove_prefix(end + 2 + boundary.size());
  }
  return aws_error(400, "InvalidArgument", "POST requires exactly one file upload per request.");
}

tl::unexpected<base::Error> refused(std::string_view why) {
  return aws_error(403, "AccessDenied", fmt::format("Invalid according to Policy: {}", why));
}

// "acl" of "$acl", as a condition names a field, and of "acl".
std::string field_of(std::string_view name) {
  return lower_case(name.starts_with('$') ? name.substr(1) : name);
}

// Every field of the form has a condition, but for those that cannot ("Creating a POST policy").
base::Result<> check_fields(const std::map<std::string, std::string>& fields, const json::array& conditions) {
  static const std::set<std::string_view> kFree{"x-amz-signature", "policy", "bucket"};
  std::set<std::string> named;
  for (const auto& condition : conditions) {
    if (const auto* equals = condition.if_object()) {
      for (const auto& [name, value] : *equals) named.insert(field_of(name));
    }
    const auto* list = condition.if_array();
    if (list != nullptr && list->size() > 1 && (*list)[1].is_string()) named.insert(field_of((*list)[1].get_string()));
  }
  for (const auto& [name, value] : fields) {
    if (named.contains(name) || kFree.contains(name) || name.starts_with("x-ignore-")) continue;
    return refused(fmt::format("Extra input fields: {}", name));
  }
  return {};
}

base::Result<> check_condition(const json::value& condition, const std::map<std::string, std::string>& fields,
                               std::size_t size) {
  auto value_of = [&](std::string_view name) {
    auto found = fields.find(field_of(name));
    return found == fields.end() ? std::string() : found->second;
  };
  auto fails = [&] { return refused(fmt::format("Policy Condition failed: {}", codec::to_text(condition))); };
  if (const auto* equals = condition.if_object()) {
    for (const auto& [name, value] : *equals) {
      if (!value.is_string() || value_of(name) != value.get_string()) return fails();
    }
    return {};
  }
  const auto* list = condition.if_array();
  if (list == nullptr || list->size() != 3 || !(*list)[0].is_string()) {
    return aws_error(400, "InvalidPolicyDocument", "Invalid Policy: Invalid JSON.");
  }
  std::string_view kind = (*list)[0].get_string();
  if (kind == "content-length-range") {
    if (!(*list)[1].is_int64() || !(*list)[2].is_int64()) {
      return aws_error(400, "InvalidPolicyDocument", "Invalid Policy: Invalid content-length-range.");
    }
    auto length = static_cast<std::int64_t>(size);
    if (length < (*list)[1].get_int64()) {
      return aws_error(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size");
    }
    if (length > (*list)[2].get_int64()) {
      return aws_error(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size");
    }
    return {};
  }
  if (!(*list)[1].is_string() || !(*list)[2].is_string()) return fails();
  auto value = value_of((*list)[1].get_string());
  std::string_view wanted = (*list)[2].get_string();
  bool holds = (kind == "eq" && value == wanted) || (kind == "starts-with" && value.starts_with(wanted));
  if (!holds) return fails();
  return {};
}

// The signed policy holds for the form, now (by the machine's clock, as every signature's date).
base::Result<> check_policy_document(const Form& form, std::string_view bucket) {
  auto decoded = codec::base64_decode(form.fields.at("policy"));
  auto policy = decoded ? codec::parse_json(*decoded) : base::Result<json::value>(json::value());
  if (!policy || !policy->is_object()) {
    return aws_error(400, "InvalidPolicyDocument", "Invalid Policy: Invalid JSON.");
  }
  auto expiration = codec::find_string(*policy, "expiration");
  constexpr std::size_t kShortest = 20;  // "2026-01-02T03:04:05Z", which compares as text
  if (expiration.size() < kShortest || expiration[4] != '-' || expiration[10] != 'T' || !expiration.ends_with('Z')) {
    return aws_error(400, "InvalidPolicyDocument", "Invalid Policy: Invalid 'expiration' value.");
  }
  if (expiration < iso_time(std::chrono::system_clock::now())) {
    return refused("Policy expired.");
  }
  auto fields = form.fields;
  fields["bucket"] = bucket;
  const auto* conditions = codec::find(*policy, "conditions");
  if (conditions == nullptr || !conditions->is_array()) {
    return aws_error(400, "InvalidPolicyDocument", "Invalid Policy: Policy missing conditions.");
  }
  TRY(check_fields(fields, conditions->get_array()));
  for (const auto& condition : conditions->get_array()) TRY(check_condition(condition, fields, form.file.size()));
  return {};
}

// The credential is "KEY/DATE/REGION/s3/aws4_request".
base::Result<Principal> signer_of(const Iam& iam, const Form& form) {
  auto text = [&](const char* name) {
    auto found = form.fields.find(name);
    return found == form.fields.end() ? std::string() : found->second;
  };
  std::vector<std::string> scope{""};
  for (char c : text("x-amz-credential")) {
    if (c == '/') {
      scope.emplace_back();
    } else {
      scope.back() += c;
    }
  }
  constexpr std::size_t kParts = 5;
  if (scope.size() != kParts || scope[3] != "s3" || scope[4] != "aws4_request" ||
      text("x-amz-algorithm") != "AWS4-HMAC-SHA256" || text("policy").empty()) {
    return aws_error(400, "InvalidArgument", "Bucket POST must contain the fields of a signature of version 4.");
  }
  TRY(auto owner, iam.find_key(scope[0], text("x-amz-security-token")));
  ClaimedSignature claimed{.access_key_id = scope[0], .date = scope[1], .region = scope[2], .service = scope[3]};
  if (compute_signature(owner.second.secret_access_key, claimed, text("policy")) != text("x-amz-signature")) {
    return aws_error(403, "SignatureDoesNotMatch",
                     "The request signature we calculated does not match the signature you provided. Check your key "
                     "and signing method.");
  }
  return owner.first;
}

}  // namespace

S3Service::Answer S3Service::post_object(const Call& call, const Address& address) {
  TRY(auto* its_bucket, bucket(address.bucket));
  TRY(auto form, parse_form_data(call.request));
  TRY(auto signer, signer_of(*cloud_.iam, form));
  TRY(check_policy_document(form, address.bucket));
  auto text = [&](const char* name) {
    auto found = form.fields.find(name);
    return found == form.fields.end() ? std::string() : found->second;
  };
  auto key = text("key");
  if (auto at = key.find("${filename}"); at != std::string::npos) key.replace(at, 11, form.file_name);
  if (key.empty()) return aws_error(400, "InvalidArgument", "Bucket POST must contain a field named 'key'.");
  TRY(check_key(key));
  if (!is_utf8(key)) return aws_error(400, "InvalidArgument", "The key must be valid UTF-8.");
  // The fields of the form are the headers of a PutObject.
  Call put = call;
  put.caller = std::move(signer);
  put.request.headers = {};
  for (const auto& [name, value] : form.fields) {
    if (std::any_of(value.begin(), value.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; })) {
      if (name == "tagging") continue;
      return aws_error(400, "InvalidArgument", fmt::format("The value of {} cannot be that of a header.", name));
    }
    put.request.headers.add(name == "acl" ? "x-amz-acl" : name, value);
  }
  Address to{.bucket = address.bucket, .key = key, .query = {}};
  TRY(authorize(put, "s3:PutObject", to));
  TRY(auto object, described_object(put, "PostObject"));
  if (auto tagging = text("tagging"); !tagging.empty()) {
    TRY(authorize(put, "s3:PutObjectTagging", to));
    constexpr std::size_t kMostTags = 10;
    TRY(auto tags, parse_xml(tagging));
    TRY(object.tags, parse_tags(tags, kMostTags));
  }
  put.request.body = std::move(form.file);
  TRY(auto body, receive_body(put.request));
  set_content(object, std::move(body));
  const auto& kept = keep(put, *its_bucket, key, std::move(object), "ObjectCreated:Post", "POST Object");

  auto status = text("success_action_status");
  auto redirect = text("success_action_redirect");
  if (redirect.empty()) redirect = text("redirect");  // its older name
  auto place = fmt::format("{}/{}/{}", cloud_.endpoint, address.bucket, net::percent_encode(key));
  XmlWriter xml;
  xml.open("PostResponse").element("Location", place).element("Bucket", address.bucket);
  xml.element("Key", key).element("ETag", quoted_etag(kept.etag));
  auto response = status == "201" ? s3_answer(call, 201, xml.take()) : s3_answer(call, status == "200" ? 200 : 204);
  response.headers.add("ETag", quoted_etag(kept.etag));
  if (!redirect.empty()) {
    response = s3_answer(call, 303);
    place = fmt::format("{}{}bucket={}&key={}&etag={}", redirect, redirect.find('?') == std::string::npos ? '?' : '&',
                        address.bucket, net::percent_encode(key), net::percent_encode(quoted_etag(kept.etag)));
  } else if (its_bucket->has_versions()) {
    response.headers.add("x-amz-version-id", kept.id);
  }
  response.headers.add("Location", place);
  return response;
}

}  // namespace localcloud

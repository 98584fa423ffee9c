// The wire protocols of AWS's services, for every service of the local cloud: what a request says and how an answer or
// an error is written. Four of them: JSON 1.0/1.1 (X-Amz-Target: dynamodb, logs), query (form in, XML out: sts, iam,
// sns, cloudformation), REST-JSON (lambda) and REST-XML (s3).
//
// All of it is pure: bytes in, bytes out. Errors are base::Error as aws_error() makes them: `code`, `message`,
// `status`. An Error of another kind (no code) is written as an InternalFailure with status 500 and its message.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "localcloud/service.h"
#include "net/http.h"

namespace localcloud {

namespace json = boost::json;

// --- Targets and forms

using Fields = std::vector<std::pair<std::string, std::string>>;

// "a=1&b=x+y": decoded names and values ('+' is a space), in order; a name without '=' has the value "".
Fields parse_form(std::string_view text);
// The first value of a name.
std::optional<std::string> field(const Fields& fields, std::string_view name);

// A target cut at its '?': the path as on the wire, and the decoded query.
struct SplitTarget {
  std::string path;
  Fields query;
};
SplitTarget split_target(std::string_view target);
// The decoded segments of a path: "/2015-03-31/functions/a%3Ab/invocations" →
// {"2015-03-31","functions","a:b","invocations"}. Empty segments are left out.
std::vector<std::string> path_segments(std::string_view path);

// --- Times

std::string iso_time(base::WallTime time);   // "2026-01-02T03:04:05.678Z"
std::string http_time(base::WallTime time);  // "Fri, 02 Jan 2026 03:04:05 GMT"
double epoch_seconds(base::WallTime time);   // as the JSON protocols write timestamps

// --- Errors

// 501 NotImplemented: "The local cloud does not implement dynamodb:TransactWriteItems".
base::Error not_implemented(std::string_view service, std::string_view operation);

// --- JSON 1.0 and 1.1. `version` is "1.0" or "1.1".

// What follows the last '.' of X-Amz-Target; "" if there is none.
std::string json_operation(const net::Request& request);
// The body as an object ("" is {}). Errors: SerializationException 400.
base::Result<json::object> json_input(const net::Request& request);
net::Response json_answer(const Call& call, const json::value& body, std::string_view version);
// {"__type": code, "message": …}; `extra` members are added (DynamoDB's Item).
net::Response json_failure(const Call& call, const base::Error& error, std::string_view version,
                           const json::object& extra = {});

// --- REST-JSON

net::Response rest_json_answer(const Call& call, int status, const json::value& body);
// x-amzn-ErrorType: code; {"Type":"User"|"Service","message":…,"Message":…}.
net::Response rest_json_failure(const Call& call, const base::Error& error);

// --- Query

// The parameters of a query request, from the query string and the form body.
class QueryInput {
 public:
  explicit QueryInput(const net::Request& request);
  explicit QueryInput(Fields fields) : fields_(std::move(fields)) {}

  std::string action() const { return get_or("Action", ""); }
  std::optional<std::string> get(std::string_view name) const { return field(fields_, name); }
  std::string get_or(std::string_view name, std::string_view fallback) const;
  // The value, or ValidationError 400 that names the parameter.
  base::Result<std::string> need(std::string_view name) const;
  // "Name.member.1", "Name.member.2", … in order of their numbers.
  std::vector<std::string> list(std::string_view name) const;
  // "Name.member.N.Key" as one input for each N, prefix removed. `member`: "member" or "entry" (SNS maps).
  std::vector<QueryInput> structures(std::string_view name, std::string_view member = "member") const;
  // Is anything below "Name." there?
  bool has_below(std::string_view name) const;
  const Fields& fields() const { return fields_; }

 private:
  Fields fields_;
};

// Writes XML: escapes text, closes what was opened. Calls chain.
class XmlWriter {
 public:
  XmlWriter& open(std::string_view name, std::string_view attributes = {});
  XmlWriter& close();
  XmlWriter& element(std::string_view name, std::string_view text);  // <name>text</name>
  XmlWriter& element(std::string_view name, bool value);
  XmlWriter& element(std::string_view name, const char* text) { return element(name, std::string_view(text)); }
  // <name><member>…</member>…</name>
  XmlWriter& list(std::string_view name, const std::vector<std::string>& values, std::string_view member = "member");
  XmlWriter& raw(std::string_view xml);
  std::string take();  // everything, with what is open closed

 private:
  std::string text_;
  std::vector<std::string> open_;
};

std::string xml_escape(std::string_view text);

// <ActionResponse xmlns="…"><ActionResult>result</ActionResult><ResponseMetadata>…. `result` is the inner XML.
net::Response query_answer(const Call& call, std::string_view xmlns, std::string_view action, std::string_view result);
net::Response query_failure(const Call& call, std::string_view xmlns, const base::Error& error);

// --- REST-XML (s3)

net::Response s3_failure(const Call& call, const base::Error& error, std::string_view resource);

}  // namespace localcloud

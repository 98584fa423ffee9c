"""HTTP and REST APIs of the local cloud: what a function gets and what a client gets, in AWS's documented formats."""

import base64
import json
import re

import pytest
import requests

from harness.functions import function, role, upload
from harness.stacks import SAM, deploy, template

ACCOUNT = "123456789012"

# Answers with the event it got, or with what the query or the body asks for.
CODE = """
import base64, json

def handler(event, headers):
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body).decode(errors="replace")
    if body.startswith("answer:"):
        answer = json.loads(body[7:])
        if answer == "raise":
            raise RuntimeError("no")
        return answer
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}
"""


def event(kind: str, path: str, method: str = "ANY", **more) -> dict:
    return {"Type": kind, "Properties": {"Path": path, "Method": method, **more}}


@pytest.fixture(scope="module")
def outputs(cloud) -> dict[str, str]:
    code = upload(cloud, CODE)
    common = {"Runtime": "provided.al2023", "Handler": "x.y", "Timeout": 30,
              "CodeUri": {"Bucket": code["S3Bucket"], "Key": code["S3Key"]}}
    v2 = {"Type": "AWS::Serverless::Function", "Properties": {**common, "Events": {
        "Root": event("HttpApi", "/"), "Pet": event("HttpApi", "/pets/{id}", "get"),
        "Rest": event("HttpApi", "/files/{proxy+}", "post")}}}
    v1 = {"Type": "AWS::Serverless::Function", "Properties": {**common, "Events": {
        "Old": event("HttpApi", "/old/{id}", "ANY", PayloadFormatVersion="1.0")}}}
    rest = {"Type": "AWS::Serverless::Function", "Properties": {**common, "Events": {
        "Root": event("Api", "/"), "Pet": event("Api", "/pets/{id}", "get"),
        "Rest": event("Api", "/files/{proxy+}", "post")}}}
    outputs = deploy(cloud, "apis", template(
        {"V2": v2, "V1": v1, "Rest": rest},
        {"Http": {"Fn::Sub": "https://${ServerlessHttpApi}.execute-api.${AWS::Region}.amazonaws.com"},
         "Rest": {"Fn::Sub": "https://${ServerlessRestApi}.execute-api.${AWS::Region}.amazonaws.com/Prod"},
         "HttpId": {"Ref": "ServerlessHttpApi"}, "RestId": {"Ref": "ServerlessRestApi"}}, Transform=SAM))
    return outputs


def answering(url: str, answer: object) -> requests.Response:
    return requests.post(url, data="answer:" + json.dumps(answer), headers={"Content-Type": "text/plain"}, timeout=60)


# --- Addresses

@pytest.mark.parametrize("kind, stage", [("Http", ""), ("Rest", "/Prod")])
def test_an_api_answers_by_path_and_by_host(cloud, outputs, kind, stage):
    api = outputs[kind + "Id"]
    assert outputs[kind] == f"{cloud.endpoint}/_aws/execute-api/{api}{stage}"
    by_path = requests.get(outputs[kind] + "/?a=1", timeout=60).json()
    for host in (f"{api}.execute-api.{cloud.region}.amazonaws.com", f"{api}.execute-api.localhost:4571"):
        by_host = requests.get(f"{cloud.endpoint}{stage}/?a=1", headers={"Host": host}, timeout=60)
        assert by_host.status_code == 200, by_host.text
        assert by_host.json()["requestContext"]["apiId"] == by_path["requestContext"]["apiId"] == api
        assert by_host.json()["queryStringParameters"] == by_path["queryStringParameters"] == {"a": "1"}
    assert by_path["requestContext"]["domainName"] == f"{api}.execute-api.{cloud.region}.amazonaws.com"


def test_a_name_that_is_not_the_local_clouds_is_refused(cloud):
    answer = requests.get(cloud.endpoint + "/", headers={"Host": "evil.example.com"}, timeout=30)
    assert answer.status_code == 403


# --- HTTP API, payload format 2.0 (http-api-develop-integrations-lambda.md)

def test_an_event_of_format_2(cloud, outputs):
    got = requests.get(outputs["Http"] + "/pets/a%20b?x=1&x=2&y=%C3%A4", timeout=60, headers={
        "X-Own": "one", "Cookie": "c1=v1; c2=v2", "User-Agent": "tester/1"}).json()
    api = outputs["HttpId"]
    assert got["version"] == "2.0" and got["routeKey"] == "GET /pets/{id}"
    assert got["rawPath"] == "/pets/a b" and got["rawQueryString"] == "x=1&x=2&y=%C3%A4"
    assert got["cookies"] == ["c1=v1", "c2=v2"] and "cookie" not in got["headers"]
    assert got["headers"]["x-own"] == "one" and all(name == name.lower() for name in got["headers"])
    assert got["headers"]["x-forwarded-for"] == "127.0.0.1" and got["headers"]["x-forwarded-proto"] == "https"
    assert got["headers"]["x-amzn-trace-id"].startswith("Root=1-")
    assert got["queryStringParameters"] == {"x": "1,2", "y": "ä"}
    assert got["pathParameters"] == {"id": "a b"}
    assert got["isBase64Encoded"] is False and "body" not in got
    context = got["requestContext"]
    assert set(context) == {"accountId", "apiId", "domainName", "domainPrefix", "http", "requestId", "routeKey",
                            "stage", "time", "timeEpoch"}
    assert (context["accountId"], context["apiId"], context["stage"]) == (ACCOUNT, api, "$default")
    assert context["domainPrefix"] == api and context["routeKey"] == "GET /pets/{id}"
    assert context["http"] == {"method": "GET", "path": "/pets/a b", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1",
                               "userAgent": "tester/1"}
    assert re.fullmatch(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000", context["time"])
    assert isinstance(context["timeEpoch"], int)


def test_text_goes_as_text_and_bytes_in_base64(outputs):
    url = outputs["Http"] + "/files/a/b"
    text = requests.post(url, data="ä".encode(), headers={"Content-Type": "text/plain"}, timeout=60).json()
    assert (text["body"], text["isBase64Encoded"]) == ("ä", False)
    assert text["routeKey"] == "POST /files/{proxy+}" and text["pathParameters"] == {"proxy": "a/b"}
    sent = bytes(range(256))
    binary = requests.post(url, data=sent, headers={"Content-Type": "application/octet-stream"}, timeout=60).json()
    assert binary["isBase64Encoded"] is True and base64.b64decode(binary["body"]) == sent


def test_answers_of_format_2(outputs):
    url = outputs["Http"] + "/"
    full = answering(url, {"statusCode": 201, "headers": {"X-Own": "yes"}, "cookies": ["a=1; Path=/", "b=2"],
                           "body": "made"})
    assert (full.status_code, full.text, full.headers["x-own"]) == (201, "made", "yes")
    assert dict(full.cookies) == {"a": "1", "b": "2"}
    binary = answering(url, {"statusCode": 200, "isBase64Encoded": True, "headers": {"content-type": "image/png"},
                             "body": base64.b64encode(bytes(range(256))).decode()})
    assert binary.content == bytes(range(256))
    inferred = answering(url, {"no": "status"})
    assert (inferred.status_code, inferred.json()) == (200, {"no": "status"})
    assert inferred.headers["content-type"] == "application/json"
    assert answering(url, "just text").text == "just text"


def test_errors_of_an_http_api(outputs):
    url = outputs["Http"]
    failed = answering(url + "/", "raise")
    assert (failed.status_code, failed.json()) == (500, {"message": "Internal Server Error"})
    nowhere = requests.get(url + "/nowhere", timeout=60)
    assert (nowhere.status_code, nowhere.json()) == (404, {"message": "Not Found"})
    other = requests.delete(url + "/pets/1", timeout=60)
    assert (other.status_code, other.json()) == (404, {"message": "Not Found"})


# --- HTTP API, payload format 1.0

def test_an_event_of_format_1(outputs):
    got = requests.get(outputs["Http"] + "/old/7?x=1&x=2", headers={"X-Own": "one"}, timeout=60).json()
    assert got["version"] == "1.0" and got["httpMethod"] == "GET"
    assert got["resource"] == "/old/{id}" and got["path"] == "/old/7"
    assert got["queryStringParameters"] == {"x": "2"}
    assert got["multiValueQueryStringParameters"] == {"x": ["1", "2"]}
    assert got["pathParameters"] == {"id": "7"} and got["body"] is None and got["isBase64Encoded"] is False
    own = {name.lower(): value for name, value in got["multiValueHeaders"].items()}
    assert own["x-own"] == ["one"]
    assert got["requestContext"]["httpMethod"] == "GET" and got["requestContext"]["resourcePath"] == "/old/{id}"
    assert got["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"


def test_format_1_infers_no_answer(outputs):
    answer = answering(outputs["Http"] + "/old/7", {"no": "status"})
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})
    full = answering(outputs["Http"] + "/old/7", {"statusCode": 200, "multiValueHeaders": {"X-Own": ["a", "b"]},
                                                  "body": "x"})
    assert (full.status_code, full.text, full.headers["x-own"]) == (200, "x", "a, b")


# --- REST API

def test_an_event_of_a_rest_api(outputs):
    got = requests.get(outputs["Rest"] + "/pets/a%20b?x=1&x=2", timeout=60,
                       headers={"X-Own": "one", "User-Agent": "tester/1"}).json()
    assert set(got) == {"resource", "path", "httpMethod", "headers", "multiValueHeaders", "queryStringParameters",
                        "multiValueQueryStringParameters", "pathParameters", "stageVariables", "requestContext",
                        "body", "isBase64Encoded"}
    assert (got["resource"], got["httpMethod"]) == ("/pets/{id}", "GET")
    assert got["path"] == "/pets/a%20b"
    assert got["pathParameters"]["id"] in ("a%20b", "a b")
    assert got["headers"]["X-Own"] == "one" and got["multiValueHeaders"]["X-Own"] == ["one"]
    assert got["queryStringParameters"] == {"x": "2"}
    assert got["multiValueQueryStringParameters"] == {"x": ["1", "2"]}
    assert got["stageVariables"] is None and got["body"] is None and got["isBase64Encoded"] is False
    context = got["requestContext"]
    assert (context["apiId"], context["stage"], context["accountId"]) == (outputs["RestId"], "Prod", ACCOUNT)
    assert context["path"] == "/Prod/pets/a%20b" and context["resourcePath"] == "/pets/{id}"
    assert context["identity"]["sourceIp"] == "127.0.0.1" and context["identity"]["userAgent"] == "tester/1"
    assert context["identity"]["caller"] is None
    for name in ("resourceId", "requestId", "extendedRequestId", "requestTime", "requestTimeEpoch", "protocol",
                 "domainName", "domainPrefix", "httpMethod"):
        assert context[name], name


def test_a_rest_api_without_query_has_null(outputs):
    got = requests.post(outputs["Rest"] + "/files/a/b", data="x=1", timeout=60).json()
    assert got["queryStringParameters"] is None and got["multiValueQueryStringParameters"] is None
    assert got["body"] == "x=1" and got["pathParameters"] == {"proxy": "a/b"}
    root = requests.get(outputs["Rest"] + "/", timeout=60).json()
    assert root["pathParameters"] is None and root["resource"] == "/"


def test_answers_and_errors_of_a_rest_api(outputs):
    url = outputs["Rest"]
    full = answering(url + "/", {"statusCode": 202, "headers": {"X-Own": "a"},
                                 "multiValueHeaders": {"X-Many": ["1", "2"]}, "body": "taken"})
    assert (full.status_code, full.text, full.headers["x-own"]) == (202, "taken", "a")
    assert full.headers["x-many"] == "1, 2"
    for answer in ({"no": "status"}, {"statusCode": 200, "body": {"not": "text"}}, "raise"):
        failed = answering(url + "/", answer)
        assert (failed.status_code, failed.json()) == (502, {"message": "Internal server error"})
    for nowhere in (requests.get(url + "/nowhere", timeout=60), requests.delete(url + "/pets/1", timeout=60)):
        assert (nowhere.status_code, nowhere.json()) == (403, {"message": "Missing Authentication Token"})
    stage = requests.get(url.replace("/Prod", "/Test"), timeout=60)
    assert (stage.status_code, stage.json()) == (403, {"message": "Forbidden"})


def test_an_api_that_the_functions_policy_does_not_name_cannot_call_it(cloud):
    """An HTTP API and a function, and no AWS::Lambda::Permission between them."""
    def v2(kind: str, **properties) -> dict:
        return {"Type": f"AWS::ApiGatewayV2::{kind}", "Properties": {"ApiId": {"Ref": "Api"}, **properties}}

    outputs = deploy(cloud, "not-permitted", template(
        {"Role": role(), "Echo": function(upload(cloud, CODE)),
         "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "closed", "ProtocolType": "HTTP"}},
         "Integration": v2("Integration", IntegrationType="AWS_PROXY", PayloadFormatVersion="2.0",
                           IntegrationUri={"Fn::GetAtt": ["Echo", "Arn"]}),
         "Route": v2("Route", RouteKey="$default", Target={"Fn::Sub": "integrations/${Integration}"}),
         "Stage": v2("Stage", StageName="$default", AutoDeploy=True)},
        {"Url": {"Fn::Sub": "https://${Api}.execute-api.${AWS::Region}.amazonaws.com/"}}))
    refused = requests.get(outputs["Url"], timeout=60)
    assert (refused.status_code, refused.json()) == (500, {"message": "Internal Server Error"})

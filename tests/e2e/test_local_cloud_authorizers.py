"""Lambda authorizers of HTTP, REST and WebSocket APIs: who is asked for, what the function gets, what its answer means,
and how long it is remembered, on the turned clock."""

import json

import pytest
import requests
import websockets.exceptions
import websockets.sync.client

from harness.functions import function, role, upload
from harness.stacks import SAM, change_set, deploy, settled, template

CODE = """
import json

def handler(event, headers):
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}
"""

# The token says what to answer: "allow", "deny", "silent", …; every answer has a new number.
AUTHORIZER = """
import itertools, json
numbers = itertools.count(1)

def handler(event, headers):
    sent = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    token = event.get("authorizationToken") or sent.get("x-token") or (event.get("queryStringParameters") or {}).get("token")
    arn = event.get("methodArn") or event.get("routeArn")
    if token == "unauthorized":
        raise RuntimeError("Unauthorized")
    if token == "broken":
        raise RuntimeError("no")
    if token == "malformed":
        return {"what": "is this"}
    if token == "simple":
        return {"isAuthorized": True, "context": {"a": 1, "deep": {"b": True}}}
    if token == "simple-no":
        return {"isAuthorized": False}
    context = {"number": next(numbers), "text": "x", "flag": True, "event": json.dumps(event)}
    if token == "nested":
        context = {"deep": {"not": "allowed"}}
    effect, resource = {"deny": ("Deny", arn), "silent": ("Allow", arn + "/other"),
                        "everything": ("Allow", "*")}.get(token, ("Allow", arn))
    return {"principalId": "me", "context": context, "policyDocument": {"Version": "2012-10-17", "Statement": [
        {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource}]}}
"""


def sam_function(code: dict, events: dict | None = None) -> dict:
    return {"Type": "AWS::Serverless::Function", "Properties": {
        "Runtime": "provided.al2023", "Handler": "x.y", "Timeout": 30, "Events": events or {},
        "CodeUri": {"Bucket": code["S3Bucket"], "Key": code["S3Key"]}}}


def event(kind: str, api: str, path: str, authorizer: str | None = None) -> dict:
    auth = {"Auth": {"Authorizer": authorizer}} if authorizer else {}
    return {"Type": kind, "Properties": {"Path": path, "Method": "get", **auth,
                                         ("RestApiId" if kind == "Api" else "ApiId"): {"Ref": api}}}


def authorizer(**more) -> dict:
    return {"FunctionArn": {"Fn::GetAtt": ["Guard", "Arn"]}, **more}


HTTP = {"AuthorizerPayloadFormatVersion": "2.0", "EnableFunctionDefaultPermissions": True}


@pytest.fixture(scope="module")
def outputs(cloud) -> dict[str, str]:
    code, guard = upload(cloud, CODE), upload(cloud, AUTHORIZER)
    rest = {"Type": "AWS::Serverless::Api", "Properties": {"StageName": "Prod", "Auth": {
        "DefaultAuthorizer": "Token", "Authorizers": {
            "Token": authorizer(Identity={"Header": "X-Token", "ValidationExpression": "[a-z]+", "ReauthorizeEvery": 60}),
            "Request": authorizer(FunctionPayloadType="REQUEST", Identity={
                "Headers": ["X-Token"], "QueryStrings": ["q"], "ReauthorizeEvery": 0})}}}}
    http = {"Type": "AWS::Serverless::HttpApi", "Properties": {"Auth": {
        "DefaultAuthorizer": "Simple", "Authorizers": {
            "Simple": authorizer(**HTTP, EnableSimpleResponses=True,
                                 Identity={"Headers": ["X-Token"], "ReauthorizeEvery": 60}),
            "Policy": authorizer(**HTTP, Identity={"Headers": ["X-Token"], "ReauthorizeEvery": 0}),
            "Old": authorizer(**{**HTTP, "AuthorizerPayloadFormatVersion": "1.0"},
                              Identity={"Headers": ["X-Token"], "ReauthorizeEvery": 0}),
            "NotPermitted": {"FunctionArn": {"Fn::GetAtt": ["Closed", "Arn"]},
                             "AuthorizerPayloadFormatVersion": "2.0"}}}}}
    events = {"Default": event("Api", "Rest", "/token/{id}"), "Other": event("Api", "Rest", "/other"),
              "Request": event("Api", "Rest", "/request", "Request"), "Open": event("Api", "Rest", "/open", "NONE"),
              "HttpSimple": event("HttpApi", "Http", "/simple"), "HttpOpen": event("HttpApi", "Http", "/open", "NONE"),
              "HttpPolicy": event("HttpApi", "Http", "/policy", "Policy"),
              "HttpOld": event("HttpApi", "Http", "/old", "Old"),
              "HttpNotPermitted": event("HttpApi", "Http", "/not-permitted", "NotPermitted")}
    return deploy(cloud, "authorizers", template(
        {"Echo": sam_function(code, events), "Guard": sam_function(guard), "Closed": sam_function(guard),
         "Rest": rest, "Http": http},
        {"Rest": {"Fn::Sub": "https://${Rest}.execute-api.${AWS::Region}.amazonaws.com/Prod"},
         "Http": {"Fn::Sub": "https://${Http}.execute-api.${AWS::Region}.amazonaws.com"},
         "RestId": {"Ref": "Rest"}, "HttpId": {"Ref": "Http"}}, Transform=SAM))


def get(url: str, token: str | None = None, **more) -> requests.Response:
    return requests.get(url, headers={"X-Token": token} if token else {}, timeout=60, **more)


UNAUTHORIZED = (401, {"message": "Unauthorized"})


def said(answer: requests.Response) -> tuple[int, dict]:
    return answer.status_code, answer.json()


# --- REST

def test_a_token_authorizer_lets_in_and_tells_the_function(outputs):
    answer = get(outputs["Rest"] + "/token/7", "allow")
    assert answer.status_code == 200, answer.text
    told = answer.json()["requestContext"]["authorizer"]
    assert (told["principalId"], told["text"], told["flag"]) == ("me", "x", "true") and told["number"].isdigit()
    asked = json.loads(told["event"])
    assert asked == {"type": "TOKEN", "authorizationToken": "allow", "methodArn":
                     f"arn:aws:execute-api:us-east-1:123456789012:{outputs['RestId']}/Prod/GET/token/7"}


def test_who_a_token_authorizer_refuses(outputs):
    url = outputs["Rest"] + "/token/7"
    assert said(get(url)) == said(get(url, "NOT-VALID-1")) == said(get(url, "unauthorized")) == UNAUTHORIZED
    assert said(get(url, "deny")) == (
        403, {"Message": "User is not authorized to access this resource with an explicit deny"})
    assert said(get(url, "silent")) == (403, {"Message": "User is not authorized to access this resource"})
    for token in ("broken", "malformed", "nested"):
        assert said(get(url, token)) == (500, {"message": None}), token
    assert get(outputs["Rest"] + "/open").status_code == 200


def test_a_kept_policy_is_evaluated_for_each_method_until_its_time_is_over(cloud, outputs):
    def number(path: str) -> str:
        return get(outputs["Rest"] + path, "everything").json()["requestContext"]["authorizer"]["number"]

    first = number("/token/1")
    assert number("/token/2") == number("/other") == first
    assert get(outputs["Rest"] + "/token/1", "one").status_code == 200
    assert said(get(outputs["Rest"] + "/other", "one")) == (
        403, {"Message": "User is not authorized to access this resource"})
    cloud.advance(61_000)
    assert number("/token/1") != first


def test_a_request_authorizer_gets_the_request(outputs):
    url = outputs["Rest"] + "/request"
    assert said(get(url, "allow")) == UNAUTHORIZED
    answer = get(url, "allow", params={"q": "1"}).json()
    asked = json.loads(answer["requestContext"]["authorizer"]["event"])
    assert (asked["type"], asked["httpMethod"], asked["path"]) == ("REQUEST", "GET", "/request")
    assert asked["queryStringParameters"] == {"q": "1"} and asked["headers"]["X-Token"] == "allow"
    assert asked["methodArn"].endswith("/Prod/GET/request") and "body" not in asked
    assert asked["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"
    again = get(url, "allow", params={"q": "1"}).json()["requestContext"]["authorizer"]["number"]
    assert again != answer["requestContext"]["authorizer"]["number"]


# --- HTTP

def test_simple_answers_of_an_http_api(outputs):
    url = outputs["Http"] + "/simple"
    answer = get(url, "simple")
    assert answer.status_code == 200, answer.text
    assert answer.json()["requestContext"]["authorizer"] == {"lambda": {"a": 1, "deep": {"b": True}}}
    assert said(get(url)) == UNAUTHORIZED
    assert said(get(url, "simple-no")) == (403, {"message": "Forbidden"})
    for token in ("broken", "malformed", "allow"):  # a policy is no simple answer
        assert said(get(url, token)) == (500, {"message": "Internal Server Error"}), token
    assert "authorizer" not in get(outputs["Http"] + "/open").json()["requestContext"]


def test_policies_of_an_http_api(outputs):
    url = outputs["Http"] + "/policy"
    told = get(url, "allow", params={"a": "b"}).json()["requestContext"]["authorizer"]["lambda"]
    asked = json.loads(told["event"])
    assert (asked["version"], asked["type"], asked["routeKey"]) == ("2.0", "REQUEST", "GET /policy")
    assert asked["routeArn"] == f"arn:aws:execute-api:us-east-1:123456789012:{outputs['HttpId']}/$default/GET/policy"
    assert asked["identitySource"] == ["allow"] and asked["rawQueryString"] == "a=b"
    assert (told["flag"], told["text"]) == (True, "x")
    for token in ("deny", "silent"):
        assert said(get(url, token)) == (403, {"message": "Forbidden"})


def test_format_1_of_an_http_api(outputs):
    told = get(outputs["Http"] + "/old", "allow").json()["requestContext"]["authorizer"]["lambda"]
    asked = json.loads(told["event"])
    assert (asked["version"], asked["type"], asked["resource"]) == ("1.0", "REQUEST", "/old")
    assert asked["identitySource"] == asked["authorizationToken"] == "allow"
    assert asked["methodArn"].endswith("/$default/GET/old")


def test_an_authorizer_whose_function_does_not_permit_the_api_cannot_be_asked(outputs):
    assert said(get(outputs["Http"] + "/not-permitted", "allow")) == (500, {"message": "Internal Server Error"})


# --- As CloudFormation has them, and WebSocket APIs

def v2(kind: str, **properties) -> dict:
    return {"Type": f"AWS::ApiGatewayV2::{kind}", "Properties": {"ApiId": {"Ref": "Api"}, **properties}}


def uri(name: str) -> dict:
    return {"Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${" + name +
                       ".Arn}/invocations"}


@pytest.fixture(scope="module")
def socket(cloud) -> str:
    permission = {"Type": "AWS::Lambda::Permission", "Properties": {
        "Action": "lambda:InvokeFunction", "FunctionName": {"Ref": "Echo"}, "Principal": "apigateway.amazonaws.com"}}
    invoker = role({"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": {"Fn::GetAtt": ["Guard", "Arn"]}},
                   managed=(), trust={"Service": "apigateway.amazonaws.com"})
    return deploy(cloud, "guarded-socket", template({
        "Role": role(), "Echo": function(upload(cloud, CODE)), "Guard": function(upload(cloud, AUTHORIZER)),
        "Permission": permission, "Invoker": invoker,
        "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {
            "Name": "s", "ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.action"}},
        "Authorizer": v2("Authorizer", Name="guard", AuthorizerType="REQUEST", AuthorizerUri=uri("Guard"),
                         AuthorizerCredentialsArn={"Fn::GetAtt": ["Invoker", "Arn"]},
                         IdentitySource=["route.request.querystring.token"]),
        "Connect": v2("Route", RouteKey="$connect", AuthorizationType="CUSTOM", AuthorizerId={"Ref": "Authorizer"}),
        "Integration": v2("Integration", IntegrationType="AWS_PROXY", IntegrationUri=uri("Echo")),
        "Default": v2("Route", RouteKey="$default", Target={"Fn::Sub": "integrations/${Integration}"}),
        "Response": v2("RouteResponse", RouteId={"Ref": "Default"}, RouteResponseKey="$default"),
        "Stage": v2("Stage", StageName="live", AutoDeploy=True, StageVariables={"color": "red"})},
        {"Url": {"Fn::Sub": "wss://${Api}.execute-api.${AWS::Region}.amazonaws.com/live"}}))["Url"]


def test_a_web_socket_is_connected_if_its_authorizer_says_so(socket):
    with websockets.sync.client.connect(socket + "?token=allow", proxy=None) as connection:
        connection.send("hello")
        told = json.loads(connection.recv(timeout=60))
        assert told["requestContext"]["authorizer"]["principalId"] == "me"
        assert told["stageVariables"] == {"color": "red"}
        asked = json.loads(told["requestContext"]["authorizer"]["event"])
        assert asked["methodArn"].endswith("/live/$connect") and asked["queryStringParameters"] == {"token": "allow"}
        assert asked["requestContext"]["connectionId"] == told["requestContext"]["connectionId"]


@pytest.mark.parametrize("query, status", [("", 401), ("?token=unauthorized", 401), ("?token=deny", 403),
                                           ("?token=broken", 500)])
def test_a_web_socket_that_its_authorizer_refuses(socket, query, status):
    with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
        websockets.sync.client.connect(socket + query, proxy=None)
    assert refused.value.response.status_code == status


@pytest.mark.parametrize("properties, words", [
    ({"AuthorizerType": "JWT"}, "JWT"), ({"AuthorizerType": "REQUEST"}, "AuthorizerPayloadFormatVersion"),
    ({"AuthorizerType": "REQUEST", "AuthorizerPayloadFormatVersion": "1.0", "EnableSimpleResponses": True}, "2.0"),
    ({"AuthorizerType": "REQUEST", "AuthorizerPayloadFormatVersion": "2.0", "IdentitySource": ["$what"]}, "$what"),
    ({"AuthorizerType": "REQUEST", "AuthorizerPayloadFormatVersion": "2.0", "AuthorizerResultTtlInSeconds": 3601},
     "3600")])
def test_an_authorizer_that_is_not_there_fails_the_stack_by_name(cloud, properties, words):
    name = "bad-authorizer-" + "".join(c for c in words if c.isalnum())
    resources = {"Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "a", "ProtocolType": "HTTP"}},
                 "Authorizer": v2("Authorizer", Name="guard", **{
                     "AuthorizerUri": "arn:aws:lambda:us-east-1:123456789012:function:f", **properties})}
    made = change_set(cloud, name, template(resources))
    cloud.client("cloudformation").execute_change_set(ChangeSetName=made["ChangeSetId"])
    assert settled(cloud, name)["StackStatus"] == "ROLLBACK_COMPLETE"
    reasons = [one.get("ResourceStatusReason", "") for one in cloud.stack_events(name)
               if one["LogicalResourceId"] == "Authorizer"]
    assert any(words in reason for reason in reasons), reasons

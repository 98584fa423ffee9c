"""API keys, usage plans and request validation of REST APIs, with quota and throttle on the turned clock, and the
integrations of HTTP APIs that are no functions."""

import http.server
import json
import threading

import pytest
import requests

from harness.functions import role
from harness.stacks import deploy, template

KEY, SLOW, OFF, OTHER = (letter * 24 for letter in "abcd")
PET = {"$schema": "http://json-schema.org/draft-04/schema#", "type": "object", "required": ["name"], "properties": {
    "name": {"type": "string", "minLength": 2}, "kind": {"enum": ["cat", "dog"]},
    "ages": {"type": "array", "items": {"type": "integer", "minimum": 0}, "maxItems": 2}}}
MOCK = {"Type": "MOCK", "RequestTemplates": {"application/json": '{"statusCode":200}'}, "PassthroughBehavior": "NEVER",
        "IntegrationResponses": [{"StatusCode": "200", "ResponseTemplates": {
            "application/json": '{"key":"$context.identity.apiKeyId"}'}}]}


def resource(kind: str, depends=(), **properties) -> dict:
    made = {"Type": f"AWS::ApiGateway::{kind}", "Properties": properties}
    return {**made, "DependsOn": list(depends)} if depends else made


def own(kind: str, depends=(), **properties) -> dict:
    return resource(kind, depends, RestApiId={"Ref": "Api"}, **properties)


def method(path: str, **more) -> dict[str, dict]:
    name = path.capitalize()
    return {f"{name}Resource": own("Resource", ParentId={"Fn::GetAtt": ["Api", "RootResourceId"]}, PathPart=path),
            f"{name}Method": own("Method", ResourceId={"Ref": f"{name}Resource"}, HttpMethod="POST",
                                 AuthorizationType="NONE", Integration=MOCK, **more)}


def key(value: str, plan: str | None, enabled: bool = True) -> dict[str, dict]:
    name = "Key" + value[0].upper()
    made = {name: resource("ApiKey", Value=value, Enabled=enabled)}
    if plan:
        made[name + "InPlan"] = resource("UsagePlanKey", KeyId={"Ref": name}, KeyType="API_KEY", UsagePlanId={"Ref": plan})
    return made


@pytest.fixture(scope="module")
def outputs(cloud) -> dict[str, str]:
    methods = {**method("keyed", ApiKeyRequired=True),
               **method("pets", RequestValidatorId={"Ref": "Both"}, RequestModels={"application/json": "Pet"},
                        RequestParameters={"method.request.querystring.page": True, "method.request.header.X-A": False})}
    stages = [{"ApiId": {"Ref": "Api"}, "Stage": {"Ref": "Stage"}}]
    return deploy(cloud, "plans", template({
        "Api": resource("RestApi", Name="plans"), **methods,
        "Both": own("RequestValidator", Name="both", ValidateRequestBody=True, ValidateRequestParameters=True),
        "Model": own("Model", Name="Pet", ContentType="application/json", Schema=PET),
        "Deployment": own("Deployment", ["KeyedMethod", "PetsMethod", "Model"]),
        "Stage": own("Stage", StageName="live", DeploymentId={"Ref": "Deployment"}),
        "Few": resource("UsagePlan", ApiStages=stages, Quota={"Limit": 3, "Period": "DAY"}),
        "Slow": resource("UsagePlan", ApiStages=stages, Throttle={"RateLimit": 0.5, "BurstLimit": 2}),
        "Elsewhere": resource("UsagePlan"),
        **key(KEY, "Few"), **key(SLOW, "Slow"), **key(OFF, "Few", enabled=False), **key(OTHER, "Elsewhere")},
        {"Url": {"Fn::Sub": "https://${Api}.execute-api.${AWS::Region}.amazonaws.com/live"}, "KeyId": {"Ref": "KeyA"}}))


def ask(url: str, key: str | None = None, body: object = None) -> tuple[int, object]:
    headers = {"Content-Type": "application/json", **({"x-api-key": key} if key else {})}
    answer = requests.post(url, data=json.dumps({} if body is None else body), headers=headers, timeout=60)
    return answer.status_code, answer.json()


def test_a_method_that_asks_for_a_key(outputs):
    for wrong in (None, "e" * 24, OFF, OTHER):
        assert ask(outputs["Url"] + "/keyed", wrong) == (403, {"message": "Forbidden"}), wrong


def test_a_quota_holds_for_its_period(cloud, outputs):
    for _ in range(3):
        assert ask(outputs["Url"] + "/keyed", KEY) == (200, {"key": outputs["KeyId"]})
    assert ask(outputs["Url"] + "/keyed", KEY) == (429, {"message": "Limit Exceeded"})
    cloud.advance(24 * 3600 * 1000)
    assert ask(outputs["Url"] + "/keyed", KEY)[0] == 200


def test_a_throttle_lets_in_what_its_bucket_holds(cloud, outputs):
    assert [ask(outputs["Url"] + "/keyed", SLOW)[0] for _ in range(2)] == [200, 200]
    assert ask(outputs["Url"] + "/keyed", SLOW) == (429, {"message": "Too Many Requests"})
    cloud.advance(2_100)
    assert ask(outputs["Url"] + "/keyed", SLOW)[0] == 200


@pytest.mark.parametrize("body", [{}, {"name": "x"}, {"name": 7}, {"name": "Tom", "kind": "cow"}, [],
                                  {"name": "Tom", "ages": [1, -1]}, {"name": "Tom", "ages": [1, 2, 3]}])
def test_a_body_that_does_not_fit_its_model(outputs, body):
    assert ask(outputs["Url"] + "/pets?page=1", None, body) == (400, {"message": "Invalid request body"})


def test_requests_that_fit(outputs):
    assert ask(outputs["Url"] + "/pets", None, {"name": "Tom"}) == (
        400, {"message": "Missing required request parameters: [page]"})
    assert ask(outputs["Url"] + "/pets?page=1", None, {"name": "Tom", "kind": "cat", "ages": [3], "more": 1})[0] == 200


# --- HTTP APIs

class Endpoint(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        said = json.dumps({"path": self.path, "method": self.command, "body": body,
                           "own": self.headers.get("X-Own"), "more": self.headers.get("X-More")}).encode()
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST

    def log_message(self, *_):
        pass


def v2(kind: str, **properties) -> dict:
    return {"Type": f"AWS::ApiGatewayV2::{kind}", "Properties": {"ApiId": {"Ref": "Http"}, **properties}}


@pytest.fixture(scope="module")
def http_api(cloud) -> dict[str, str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    caller = role({"Effect": "Allow", "Action": ["sqs:SendMessage", "events:PutEvents"], "Resource": "*"}, managed=(),
                  trust={"Service": "apigateway.amazonaws.com"})
    service = {"IntegrationType": "AWS_PROXY", "PayloadFormatVersion": "1.0",
               "CredentialsArn": {"Fn::GetAtt": ["Caller", "Arn"]}}
    integrations = {
        "Proxy": v2("Integration", IntegrationType="HTTP_PROXY", IntegrationMethod="ANY", PayloadFormatVersion="1.0",
                    IntegrationUri=f"http://127.0.0.1:{server.server_port}/at/{{id}}",
                    RequestParameters={"overwrite:header.X-Own": "$request.querystring.q",
                                       "append:header.X-More": "<${stageVariables.color}>",
                                       "remove:querystring.q": "''"},
                    ResponseParameters={"201": {"ResponseParameters": [
                        {"Destination": "overwrite:statuscode", "Source": "202"},
                        {"Destination": "append:header.x-from", "Source": "$response.body.method"}]}}),
        "Send": v2("Integration", IntegrationSubtype="SQS-SendMessage", **service, RequestParameters={
            "QueueUrl": {"Ref": "Queue"}, "MessageBody": "$request.body.text"}),
        "Put": v2("Integration", IntegrationSubtype="EventBridge-PutEvents", **service, RequestParameters={
            "Source": "me", "DetailType": "x", "Detail": "$request.body"})}
    routes = {f"{name}Route": v2("Route", RouteKey=key, Target={"Fn::Sub": f"integrations/${{{name}}}"})
              for name, key in (("Proxy", "ANY /at/{id}"), ("Send", "POST /send"), ("Put", "POST /put"))}
    yield deploy(cloud, "http-integrations", template({
        "Http": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "h", "ProtocolType": "HTTP"}},
        "Caller": caller, "Queue": {"Type": "AWS::SQS::Queue", "Properties": {}}, **integrations, **routes,
        "Live": v2("Stage", StageName="$default", AutoDeploy=True, StageVariables={"color": "red"})},
        {"Url": {"Fn::Sub": "https://${Http}.execute-api.${AWS::Region}.amazonaws.com"}, "Queue": {"Ref": "Queue"}}))
    server.shutdown()
    server.server_close()


def test_an_http_endpoint_behind_an_http_api(http_api):
    answer = requests.post(http_api["Url"] + "/at/7?q=me&r=1", data="text", timeout=60)
    assert answer.status_code == 202 and answer.headers["x-from"] == "POST", answer.text
    assert answer.json() == {"path": "/at/7?r=1", "method": "POST", "body": "text", "own": "me", "more": "<red>"}


def test_services_behind_an_http_api(cloud, http_api):
    sent = requests.post(http_api["Url"] + "/send", json={"text": "hello"}, timeout=60)
    assert sent.status_code == 200 and sent.json()["MessageId"], sent.text
    got = cloud.client("sqs").receive_message(QueueUrl=http_api["Queue"])["Messages"]
    assert [message["Body"] for message in got] == ["hello"]
    put = requests.post(http_api["Url"] + "/put", json={"a": 1}, timeout=60)
    assert (put.status_code, put.json()["FailedEntryCount"]) == (200, 0)

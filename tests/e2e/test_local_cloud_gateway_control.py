"""What API Gateway's Get operations tell of APIs that templates made, judged by boto3: apigatewayv2 and apigateway."""

import pytest

from harness.errors import aws_error, not_implemented
from harness.functions import function, role, upload
from harness.stacks import SAM, deploy, template
from test_local_cloud_identity import ACCOUNT, TRUST, client_of

CODE = "def handler(event, headers):\n    return {'statusCode': 200}\n"


def gateway_part(kind: str, properties: dict, after: tuple[str, ...] = ()) -> dict:
    return {"Type": "AWS::ApiGateway" + kind, "Properties": properties, "DependsOn": list(after)}


@pytest.fixture(scope="module")
def apis(cloud) -> dict[str, str]:
    """A whole HTTP, REST and WebSocket API, one of SAM's, and one that is empty; the outputs are their parts by name."""
    code = upload(cloud, CODE)
    uri = {"Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Echo.Arn}/invocations"}
    http, socket, rest = {"Ref": "Http"}, {"Ref": "Socket"}, {"Ref": "Rest"}
    pets = {"Ref": "Pets"}
    parts = {
        "Role": role(), "Echo": function(code),
        "Http": ("V2::Api", {"Name": "http", "ProtocolType": "HTTP", "CorsConfiguration": {
            "AllowOrigins": ["https://a.example"], "AllowMethods": ["GET"], "MaxAge": 60}}),
        "Http2": ("V2::Api", {"Name": "http2", "ProtocolType": "HTTP"}),
        "Integration": ("V2::Integration", {
            "ApiId": http, "IntegrationType": "AWS_PROXY", "IntegrationUri": {"Fn::GetAtt": ["Echo", "Arn"]},
            "PayloadFormatVersion": "2.0", "TimeoutInMillis": 5000}),
        "Authorizer": ("V2::Authorizer", {
            "ApiId": http, "Name": "asks", "AuthorizerType": "REQUEST", "AuthorizerUri": uri,
            "IdentitySource": ["$request.header.Auth"], "AuthorizerPayloadFormatVersion": "2.0",
            "EnableSimpleResponses": True, "AuthorizerResultTtlInSeconds": 60}),
        "Route": ("V2::Route", {
            "ApiId": http, "RouteKey": "GET /pets", "Target": {"Fn::Sub": "integrations/${Integration}"},
            "AuthorizationType": "CUSTOM", "AuthorizerId": {"Ref": "Authorizer"}}),
        "Signed": ("V2::Route", {"ApiId": http, "RouteKey": "POST /pets", "AuthorizationType": "AWS_IAM",
                                 "Target": {"Fn::Sub": "integrations/${Integration}"}}),
        "Stage": ("V2::Stage", {"ApiId": http, "StageName": "$default", "AutoDeploy": True,
                                "DefaultRouteSettings": {"ThrottlingBurstLimit": 20, "ThrottlingRateLimit": 10.5},
                                "StageVariables": {"colour": "red"}}),
        "Socket": ("V2::Api", {"Name": "socket", "ProtocolType": "WEBSOCKET",
                               "RouteSelectionExpression": "$request.body.action"}),
        "Mock": ("V2::Integration", {"ApiId": socket, "IntegrationType": "MOCK",
                                     "RequestTemplates": {"$default": '{"statusCode":200}'}}),
        "Default": ("V2::Route", {"ApiId": socket, "RouteKey": "$default",
                                  "Target": {"Fn::Sub": "integrations/${Mock}"}}),
        "SocketDeployment": ("V2::Deployment", {"ApiId": socket}, ("Default",)),
        "SocketStage": ("V2::Stage", {"ApiId": socket, "StageName": "prod",
                                      "DeploymentId": {"Ref": "SocketDeployment"}}),
        "Rest": ("::RestApi", {"Name": "rest", "BinaryMediaTypes": ["image/*"], "DisableExecuteApiEndpoint": True,
                                "ApiKeySourceType": "AUTHORIZER"}),
        "Pets": ("::Resource", {"RestApiId": rest, "ParentId": {"Fn::GetAtt": ["Rest", "RootResourceId"]},
                                "PathPart": "pets"}),
        "RestAuthorizer": ("::Authorizer", {
            "RestApiId": rest, "Name": "token", "Type": "TOKEN", "AuthorizerUri": uri,
            "IdentitySource": "method.request.header.Auth", "IdentityValidationExpression": "a.*"}),
        "Method": ("::Method", {
            "RestApiId": rest, "ResourceId": pets, "HttpMethod": "GET", "AuthorizationType": "CUSTOM",
            "RequestParameters": {"method.request.querystring.colour": True},
            "AuthorizerId": {"Ref": "RestAuthorizer"},
            "Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": uri, "TimeoutInMillis": 3000}}),
        "Deployment": ("::Deployment", {"RestApiId": rest}, ("Method",)),
        "RestStage": ("::Stage", {"RestApiId": rest, "StageName": "prod", "DeploymentId": {"Ref": "Deployment"},
                                  "Variables": {"colour": "blue"}}),
        "Key": ("::ApiKey", {"Name": "key", "Enabled": True, "Value": "a-value-of-twenty-letters"}),
        "OtherKey": ("::ApiKey", {"Name": "other"}),
        "Plan": ("::UsagePlan", {
            "UsagePlanName": "plan", "Quota": {"Limit": 100, "Period": "WEEK"}, "Throttle": {"RateLimit": 2.5, "BurstLimit": 5},
            "ApiStages": [{"ApiId": rest, "Stage": {"Ref": "RestStage"},
                           "Throttle": {"/pets/GET": {"RateLimit": 1, "BurstLimit": 2}}}]}),
        "PlanKey": ("::UsagePlanKey", {"KeyId": {"Ref": "Key"}, "KeyType": "API_KEY", "UsagePlanId": {"Ref": "Plan"}}),
        "Sam": {"Type": "AWS::Serverless::Function", "Properties": {
            "Runtime": "provided.al2023", "Handler": "x.y", "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "CodeUri": {"Bucket": code["S3Bucket"], "Key": code["S3Key"]},
            "Events": {"A": {"Type": "Api", "Properties": {"Path": "/deep/{id}", "Method": "get"}}}}},
        "Reader": role({"Effect": "Allow", "Action": "apigateway:GET", "Resource": [
            {"Fn::Sub": "arn:aws:apigateway:${AWS::Region}::/apis/${Http}/*"},
            {"Fn::Sub": "arn:aws:apigateway:${AWS::Region}::/restapis/${Rest}"}]}, managed=(), trust=TRUST)}
    resources = {name: gateway_part(*part) if isinstance(part, tuple) else part for name, part in parts.items()}
    shown = {name: {"Ref": name} for name, part in parts.items() if isinstance(part, tuple)}
    return deploy(cloud, "gateway-control", template(resources, {
        **shown, "SamApi": {"Ref": "ServerlessRestApi"}, "Function": {"Fn::GetAtt": ["Echo", "Arn"]},
        "Reader": {"Fn::GetAtt": ["Reader", "Arn"]}}, Transform=SAM))


@pytest.fixture(scope="module")
def v2(cloud, apis):
    return cloud.client("apigatewayv2")


@pytest.fixture(scope="module")
def v1(cloud, apis):
    return cloud.client("apigateway")


def invocation(function: str) -> str:
    return f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"


# --- apigatewayv2

def test_an_http_api_is_told(cloud, v2, apis):
    api = v2.get_api(ApiId=apis["Http"])
    assert api["ApiEndpoint"] == f"https://{apis['Http']}.execute-api.{cloud.region}.amazonaws.com"
    assert (api["Name"], api["ProtocolType"]) == ("http", "HTTP")
    assert api["RouteSelectionExpression"] == "$request.method $request.path"
    assert api["CorsConfiguration"] == {"AllowOrigins": ["https://a.example"], "AllowMethods": ["GET"], "MaxAge": 60}
    assert api["CreatedDate"].year > 2024
    assert "CorsConfiguration" not in v2.get_api(ApiId=apis["Http2"])
    socket = v2.get_api(ApiId=apis["Socket"])
    assert (socket["ProtocolType"], socket["RouteSelectionExpression"]) == ("WEBSOCKET", "$request.body.action")
    assert socket["ApiEndpoint"].startswith("wss://")


def test_lists_of_http_apis_come_in_pages_and_without_rest_apis(v2, apis):
    pages = list(v2.get_paginator("get_apis").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["Items"]) for page in pages] == [2, 1]
    assert {one["Name"] for page in pages for one in page["Items"]} == {"http", "http2", "socket"}
    for wrong in ({"MaxResults": "0"}, {"MaxResults": "many"}, {"NextToken": "made-up"}):
        with aws_error("BadRequestException", 400):
            v2.get_apis(**wrong)


def test_routes_integrations_and_authorizers_of_an_http_api(v2, apis):
    api = {"ApiId": apis["Http"]}
    assert {one["RouteKey"] for one in v2.get_routes(**api)["Items"]} == {"GET /pets", "POST /pets"}
    route = v2.get_route(**api, RouteId=apis["Route"])
    assert (route["AuthorizationType"], route["AuthorizerId"]) == ("CUSTOM", apis["Authorizer"])
    assert route["Target"] == f"integrations/{apis['Integration']}"
    assert v2.get_route(**api, RouteId=apis["Signed"])["AuthorizationType"] == "AWS_IAM"
    integration = v2.get_integration(**api, IntegrationId=apis["Integration"])
    assert v2.get_integrations(**api)["Items"][0]["IntegrationId"] == integration["IntegrationId"]
    assert (integration["IntegrationType"], integration["IntegrationUri"]) == ("AWS_PROXY", apis["Function"])
    assert (integration["PayloadFormatVersion"], integration["TimeoutInMillis"]) == ("2.0", 5000)
    authorizer = v2.get_authorizer(**api, AuthorizerId=apis["Authorizer"])
    assert [one["AuthorizerId"] for one in v2.get_authorizers(**api)["Items"]] == [authorizer["AuthorizerId"]]
    assert authorizer["AuthorizerUri"] == invocation(apis["Function"])
    assert authorizer["IdentitySource"] == ["$request.header.Auth"] and authorizer["EnableSimpleResponses"] is True
    assert authorizer["AuthorizerResultTtlInSeconds"] == 60


def test_stages_and_deployments_of_version_2(v2, apis):
    stage = v2.get_stage(ApiId=apis["Http"], StageName="$default")
    settings = stage["DefaultRouteSettings"]
    assert (settings["ThrottlingBurstLimit"], settings["ThrottlingRateLimit"]) == (20, 10.5)
    assert stage["AutoDeploy"] is True and stage["StageVariables"] == {"colour": "red"}
    stages = v2.get_stages(ApiId=apis["Socket"])["Items"]
    assert [(one["StageName"], one["DeploymentId"]) for one in stages] == [("prod", apis["SocketDeployment"])]
    deployment = v2.get_deployment(ApiId=apis["Socket"], DeploymentId=apis["SocketDeployment"])
    assert deployment["DeploymentStatus"] == "DEPLOYED"
    assert len(v2.get_deployments(ApiId=apis["Socket"])["Items"]) == 1


def test_a_mock_of_a_websocket_api_has_its_templates(v2, apis):
    mock = v2.get_integration(ApiId=apis["Socket"], IntegrationId=apis["Mock"])
    assert mock["IntegrationType"] == "MOCK" and mock["RequestTemplates"] == {"$default": '{"statusCode":200}'}


@pytest.mark.parametrize("operation, more", [
    ("get_route", {"RouteId": "none"}), ("get_integration", {"IntegrationId": "none"}),
    ("get_authorizer", {"AuthorizerId": "none"}), ("get_stage", {"StageName": "none"}),
    ("get_deployment", {"DeploymentId": "none"})])
def test_what_an_http_api_has_not_is_not_found(v2, apis, operation, more):
    with aws_error("NotFoundException", 404, "identifier specified"):
        getattr(v2, operation)(ApiId=apis["Http"], **more)
    with aws_error("NotFoundException", 404, f"Invalid API identifier specified {ACCOUNT}:{apis['Rest']}"):
        getattr(v2, operation)(ApiId=apis["Rest"], **more)


# --- apigateway

def test_a_rest_api_is_told(v1, apis):
    api = v1.get_rest_api(restApiId=apis["Rest"])
    assert (api["name"], api["binaryMediaTypes"]) == ("rest", ["image/*"])
    assert (api["apiKeySource"], api["disableExecuteApiEndpoint"]) == ("AUTHORIZER", True)
    assert api["createdDate"].year > 2024
    assert {one["id"] for one in v1.get_rest_apis()["items"]} == {apis["Rest"], apis["SamApi"]}
    pages = list(v1.get_paginator("get_rest_apis").paginate(PaginationConfig={"PageSize": 1}))
    assert [len(page["items"]) for page in pages] == [1, 1]
    with aws_error("NotFoundException", 404, "Invalid API identifier specified"):
        v1.get_rest_api(restApiId=apis["Http"])


def test_resources_and_methods_of_a_rest_api(v1, apis):
    api = {"restApiId": apis["Rest"]}
    root, pets = sorted(v1.get_resources(**api)["items"], key=lambda one: one["path"])
    assert (root["path"], root["id"]) == ("/", v1.get_rest_api(**api)["rootResourceId"])
    assert pets == {"id": apis["Pets"], "parentId": root["id"], "pathPart": "pets", "path": "/pets",
                    "resourceMethods": {"GET": {}}}
    whole = v1.get_resource(**api, resourceId=apis["Pets"], embed=["methods"])["resourceMethods"]["GET"]
    method = v1.get_method(**api, resourceId=apis["Pets"], httpMethod="GET")
    assert {name: method[name] for name in whole} == whole
    assert (method["authorizationType"], method["authorizerId"]) == ("CUSTOM", apis["RestAuthorizer"])
    assert method["requestParameters"] == {"method.request.querystring.colour": True}
    integration = v1.get_integration(**api, resourceId=apis["Pets"], httpMethod="GET")
    assert integration["type"] == "AWS_PROXY" and integration["uri"] == invocation(apis["Function"])
    assert integration["timeoutInMillis"] == 3000 and integration["httpMethod"] == "POST"
    with aws_error("NotFoundException", 404, "Invalid Resource identifier specified"):
        v1.get_resource(**api, resourceId="none")
    with aws_error("NotFoundException", 404, "Invalid Method identifier specified"):
        v1.get_method(**api, resourceId=apis["Pets"], httpMethod="POST")


def test_the_paths_of_a_definition_are_resources(v1, apis):
    found = {one["path"]: one for one in v1.get_resources(restApiId=apis["SamApi"])["items"]}
    assert set(found) == {"/", "/deep", "/deep/{id}"}
    assert found["/deep/{id}"]["parentId"] == found["/deep"]["id"]
    assert found["/deep"]["parentId"] == found["/"]["id"]
    assert "GET" in v1.get_resource(restApiId=apis["SamApi"], resourceId=found["/deep/{id}"]["id"])["resourceMethods"]


def test_stages_deployments_and_authorizers_of_a_rest_api(v1, apis):
    api = {"restApiId": apis["Rest"]}
    stage = v1.get_stage(**api, stageName="prod")
    assert (stage["deploymentId"], stage["variables"]) == (apis["Deployment"], {"colour": "blue"})
    assert [one["stageName"] for one in v1.get_stages(**api)["item"]] == ["prod"]
    assert v1.get_stages(**api, deploymentId="other")["item"] == []
    assert v1.get_deployment(**api, deploymentId=apis["Deployment"])["id"] == apis["Deployment"]
    assert [one["id"] for one in v1.get_deployments(**api)["items"]] == [apis["Deployment"]]
    authorizer = v1.get_authorizer(**api, authorizerId=apis["RestAuthorizer"])
    assert (authorizer["type"], authorizer["identitySource"]) == ("TOKEN", "method.request.header.Auth")
    assert authorizer["identityValidationExpression"] == "a.*"
    assert authorizer["authorizerUri"] == invocation(apis["Function"])
    assert [one["id"] for one in v1.get_authorizers(**api)["items"]] == [apis["RestAuthorizer"]]
    for operation, more in (("get_stage", {"stageName": "none"}), ("get_deployment", {"deploymentId": "none"}),
                            ("get_authorizer", {"authorizerId": "none"})):
        with aws_error("NotFoundException", 404, "identifier specified"):
            getattr(v1, operation)(**api, **more)


def test_keys_are_told_with_their_values_for_who_asks(v1, apis):
    assert {one["name"]: one.get("value") for one in v1.get_api_keys()["items"]} == {"key": None, "other": None}
    (found,) = v1.get_api_keys(nameQuery="ke", includeValues=True)["items"]
    assert (found["id"], found["value"], found["enabled"]) == (apis["Key"], "a-value-of-twenty-letters", True)
    assert "value" not in v1.get_api_key(apiKey=apis["OtherKey"])
    assert len(v1.get_api_key(apiKey=apis["OtherKey"], includeValue=True)["value"]) >= 20
    with aws_error("NotFoundException", 404, "Invalid API Key identifier specified"):
        v1.get_api_key(apiKey="none")


def test_usage_plans_and_their_keys(v1, apis):
    plan = v1.get_usage_plan(usagePlanId=apis["Plan"])
    assert plan["quota"] == {"limit": 100, "offset": 0, "period": "WEEK"}
    assert plan["throttle"] == {"rateLimit": 2.5, "burstLimit": 5}
    assert plan["apiStages"] == [{"apiId": apis["Rest"], "stage": "prod",
                                  "throttle": {"/pets/GET": {"rateLimit": 1.0, "burstLimit": 2}}}]
    assert [one["name"] for one in v1.get_usage_plans(keyId=apis["Key"])["items"]] == ["plan"]
    assert v1.get_usage_plans(keyId=apis["OtherKey"])["items"] == []
    assert [one["id"] for one in v1.get_usage_plan_keys(usagePlanId=apis["Plan"])["items"]] == [apis["Key"]]
    key = v1.get_usage_plan_key(usagePlanId=apis["Plan"], keyId=apis["Key"])
    assert (key["type"], key["value"]) == ("API_KEY", "a-value-of-twenty-letters")
    with aws_error("NotFoundException", 404, "Invalid Usage Plan ID specified"):
        v1.get_usage_plan(usagePlanId="none")
    with aws_error("NotFoundException", 404, "Invalid API Key identifier specified"):
        v1.get_usage_plan_key(usagePlanId=apis["Plan"], keyId=apis["OtherKey"])


def test_the_account_is_told(v1):
    assert v1.get_account()["throttleSettings"] == {"burstLimit": 5000, "rateLimit": 10000.0}


# --- Rights, and what is not there

def test_who_may_read_which_api(cloud, apis):
    credentials = cloud.client("sts").assume_role(RoleArn=apis["Reader"], RoleSessionName="tester")["Credentials"]
    v2, v1 = (client_of(cloud, name, credentials) for name in ("apigatewayv2", "apigateway"))
    assert v2.get_routes(ApiId=apis["Http"])["Items"]
    assert v1.get_rest_api(restApiId=apis["Rest"])["name"] == "rest"
    denied = "is not authorized to perform: apigateway:GET on resource: arn:aws:apigateway:us-east-1::/"
    for path, call in {
            f"apis/{apis['Http']}": lambda: v2.get_api(ApiId=apis["Http"]),
            "apis": v2.get_apis,
            f"apis/{apis['Socket']}/routes": lambda: v2.get_routes(ApiId=apis["Socket"]),
            "restapis": v1.get_rest_apis,
            f"restapis/{apis['Rest']}/resources": lambda: v1.get_resources(restApiId=apis["Rest"]),
            "account": v1.get_account}.items():
        with aws_error("AccessDeniedException", 403, denied + path + " because"):
            call()


def test_other_operations_are_refused_by_method_and_path(v2, v1, apis):
    with not_implemented("POST /v2/apis"):
        v2.create_api(Name="one", ProtocolType="HTTP")
    with not_implemented(f"DELETE /v2/apis/{apis['Http']}"):
        v2.delete_api(ApiId=apis["Http"])
    with not_implemented("POST /restapis"):
        v1.create_rest_api(name="one")
    with not_implemented("GET /domainnames"):
        v1.get_domain_names()
    assert v2.get_api(ApiId=apis["Http"])["Name"] == "http"

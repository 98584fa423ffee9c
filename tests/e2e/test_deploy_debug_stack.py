"""The debug stack's template: each resource sent as the call that it stands for, against botocore's models and to moto;
and what its bridge role may do, on the local cloud."""

import json
import re

import boto3
import botocore.config
import pytest
from botocore.validate import ParamValidator

from harness import apps, judges
from harness.errors import aws_error
from harness.session import Session
from harness.stacks import deploy

HANDLER = "export const handler = async () => 'one';\n"
STACK = "judged-app-debug-stack"
REGION = "us-east-1"


@pytest.fixture(scope="module")
def deployed(cloud, module_path, module_processes) -> dict[str, str]:
    """The outputs of the debug stack that a session has made."""
    app = apps.plain(module_path, "app", Fn=HANDLER)
    session = Session(app, cloud, module_path / "home", "judged")
    session.interrupt()
    assert session.wait(60) == 0, session.describe()
    return cloud.outputs(STACK)


@pytest.fixture(scope="module")
def template(cloud, deployed) -> dict:
    body = cloud.client("cloudformation").get_template(StackName=STACK)["TemplateBody"]
    return body if isinstance(body, dict) else json.loads(body)


# --- The calls that the resources stand for

API = ("AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Integration", "AWS::ApiGatewayV2::IntegrationResponse",
       "AWS::ApiGatewayV2::Route", "AWS::ApiGatewayV2::RouteResponse", "AWS::ApiGatewayV2::Deployment",
       "AWS::ApiGatewayV2::Stage")
# By what the answer names the new resource, as Ref does.
IDS = {"Api": "ApiId", "Integration": "IntegrationId", "IntegrationResponse": "IntegrationResponseId", "Route": "RouteId",
       "RouteResponse": "RouteResponseId", "Deployment": "DeploymentId", "Stage": "StageName"}


class Calls:
    """Makes the resources one by one, those that others refer to first."""

    def __init__(self, template: dict):
        self.resources = template["Resources"]
        self.refs = {"AWS::StackName": STACK, "AWS::Region": REGION, "AWS::Partition": "aws",
                     "AWS::URLSuffix": "amazonaws.com", "AWS::AccountId": "123456789012",
                     "BridgeRolePrincipals": ["arn:aws:iam::123456789012:role/outside"]}
        self.attributes: dict[tuple[str, str], str] = {}
        self.unknown: list[str] = []  # operations that moto does not have

    def resolve(self, value):
        if isinstance(value, list):
            return [self.resolve(one) for one in value]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Ref"}:
            return self.ref(value["Ref"])
        if set(value) == {"Fn::GetAtt"}:
            self.ref(value["Fn::GetAtt"][0])
            return self.attributes[tuple(value["Fn::GetAtt"])]
        if set(value) == {"Fn::Sub"}:
            return re.sub(r"\$\{([^}]+)\}", lambda m: self.ref(m[1]), value["Fn::Sub"])
        return {key: self.resolve(one) for key, one in value.items()}

    def ref(self, name: str):
        if name not in self.refs:
            resource = self.resources[name]
            for before in resource.get("DependsOn", []):
                self.ref(before)
            self.refs[name] = self.make(name, resource["Type"], self.resolve(resource["Properties"]))
        return self.refs[name]

    def call(self, client, operation: str, **parameters) -> dict:
        """By the model first; what moto lacks is only read by it."""
        model = client.meta.service_model.operation_model(operation)
        report = ParamValidator().validate(parameters, model.input_shape)
        assert not report.has_errors(), f"{operation}: {report.generate_report()}"
        python_name = next(one for one, name in client.meta.method_to_api_mapping.items() if name == operation)
        try:
            return getattr(client, python_name)(**parameters)
        except botocore.exceptions.ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] in (404, 405, 501), (operation, error)
            self.unknown.append(operation)
            return {}

    @staticmethod
    def client(service: str):
        return boto3.client(service, region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x",
                            config=botocore.config.Config(proxies={}, retries={"total_max_attempts": 1}))

    def make(self, name: str, kind: str, properties: dict):
        if kind in API:
            short = kind.rsplit("::", 1)[1]
            answer = self.call(self.client("apigatewayv2"), "Create" + short, **properties)
            return answer.get(IDS[short], properties.get(IDS[short], "made-up"))
        return getattr(self, "_" + kind.rsplit("::", 1)[1].lower())(name, properties)

    def _table(self, name: str, properties: dict) -> str:
        answer = self.call(self.client("dynamodb"), "CreateTable", TableName=name, **properties)
        self.attributes[name, "Arn"] = answer["TableDescription"]["TableArn"]
        return name

    def _bucket(self, name: str, properties: dict) -> str:
        s3 = self.client("s3")
        bucket = name.lower() + "-of-the-judge"
        self.call(s3, "CreateBucket", Bucket=bucket)
        rules = properties.pop("BucketEncryption")["ServerSideEncryptionConfiguration"]
        self.call(s3, "PutBucketEncryption", Bucket=bucket, ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": one["ServerSideEncryptionByDefault"]} for one in rules]})
        self.call(s3, "PutPublicAccessBlock", Bucket=bucket,
                  PublicAccessBlockConfiguration=properties.pop("PublicAccessBlockConfiguration"))
        assert not properties
        return bucket

    def _role(self, name: str, properties: dict) -> str:
        iam = self.client("iam")
        self.call(iam, "CreateRole", RoleName=name, Description=properties.pop("Description"),
                  AssumeRolePolicyDocument=json.dumps(properties.pop("AssumeRolePolicyDocument")))
        for policy in properties.pop("Policies"):
            self.call(iam, "PutRolePolicy", RoleName=name, PolicyName=policy["PolicyName"],
                      PolicyDocument=json.dumps(policy["PolicyDocument"]))
        assert not properties
        self.attributes[name, "Arn"] = f"arn:aws:iam::123456789012:role/{name}"
        return name


@pytest.fixture
def moto():
    with judges.module("moto", "moto").mock_aws():
        yield


def test_each_resource_is_a_call_that_botocore_and_moto_know(moto, template):
    calls = Calls(template)
    for name in template["Resources"]:
        calls.ref(name)
    for output in template["Outputs"].values():
        calls.resolve(output["Value"])
    assert set(calls.unknown) <= {"CreateDeployment"}, calls.unknown
    api = calls.client("apigatewayv2")
    routes = {one["RouteKey"]: one for one in api.get_routes(ApiId=calls.refs["Api"])["Items"]}
    assert routes["$connect"]["AuthorizationType"] == "AWS_IAM" and "Target" not in routes["$connect"]
    assert routes["hello"]["Target"] == "integrations/" + calls.refs["HelloIntegration"]
    answers = api.get_integration_responses(ApiId=calls.refs["Api"], IntegrationId=calls.refs["HelloIntegration"])
    assert [one["IntegrationResponseKey"] for one in answers["Items"]] == ["/200/"]


def test_the_judges_of_the_calls_judge(moto, template):
    calls = Calls(template)
    with pytest.raises(AssertionError, match="Colour"):
        calls.call(calls.client("apigatewayv2"), "CreateApi", Name="x", ProtocolType="WEBSOCKET", Colour="red")
    with pytest.raises(botocore.exceptions.ClientError):
        calls.client("apigatewayv2").get_api(ApiId="none")


# --- The bridge role

def test_without_outside_roles_there_is_no_bridge_role(deployed):
    assert deployed["Version"] == "2" and "BridgeRoleArn" not in deployed


def keys_of(cloud, client, role: str) -> dict:
    """Of a session with the role, taken by `client` (sts)."""
    found = client.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return {"aws_access_key_id": found["AccessKeyId"], "aws_secret_access_key": found["SecretAccessKey"],
            "aws_session_token": found["SessionToken"]}


def test_the_bridge_role_trusts_the_roles_that_are_named_and_may_do_three_things(cloud, deployed, template):
    anyone = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}]}
    may_assume = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]}
    iam = cloud.client("iam")
    outside, other = [iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(anyone))["Role"]["Arn"]
                      for name in ("outside", "other")]
    for name in ("outside", "other"):
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(may_assume))
    outputs = deploy(cloud, STACK, template, "UPDATE", BridgeRolePrincipals=outside)
    assert {name: outputs[name] for name in deployed} == deployed  # nothing was replaced
    bridge = outputs["BridgeRoleArn"]

    def client(service: str, keys: dict, endpoint: str | None = None):
        return boto3.client(service, endpoint_url=endpoint or cloud.endpoint, region_name=cloud.region, **keys,
                            config=botocore.config.Config(proxies={}, retries={"total_max_attempts": 1}))

    with aws_error("AccessDenied", 403):
        keys_of(cloud, client("sts", keys_of(cloud, cloud.client("sts"), other)), bridge)
    with aws_error("AccessDenied", 403):
        keys_of(cloud, cloud.client("sts"), bridge)
    keys = keys_of(cloud, client("sts", keys_of(cloud, cloud.client("sts"), outside)), bridge)

    table = client("dynamodb", keys)
    table.get_item(TableName=outputs["Table"], Key={"pk": {"S": "session"}})
    with aws_error("AccessDeniedException", words="dynamodb:PutItem"):
        table.put_item(TableName=outputs["Table"], Item={"pk": {"S": "session"}})
    with aws_error("AccessDenied", 403):
        client("s3", keys).list_objects_v2(Bucket=outputs["Bucket"])
    management = client("apigatewaymanagementapi", keys, outputs["Url"].replace("ws", "http", 1))
    with aws_error("GoneException", 410):  # allowed; there is only nobody
        management.post_to_connection(ConnectionId="AAAAAAAAAAAAAAA=", Data=b"x")
    url = outputs["Url"].replace("ws", "http", 1).replace("/live", "/other")
    elsewhere = client("apigatewaymanagementapi", keys, url)
    with aws_error(("ForbiddenException", "AccessDeniedException"), 403):
        elsewhere.post_to_connection(ConnectionId="AAAAAAAAAAAAAAA=", Data=b"x")

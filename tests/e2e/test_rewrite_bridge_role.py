"""A function whose role is not the app's: its stub assumes the debug stack's bridge role, and its code runs here with its
own role's credentials all the same."""

import json

import boto3
import pytest

from harness.session import Session

TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
# In one account, the trust of the bridge role in this very role is enough for it to assume it, unless something denies it.
DENIED = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"}]}
READS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"}]}

TEMPLATE = """AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Theirs:
    Type: AWS::Lambda::Function
    Properties: {{ Code: ., Handler: handler.handler, Runtime: nodejs20.x, Timeout: 20, Role: "{role}" }}
"""
HANDLER = """const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = process.env;
export const handler = async (event) => ({ echo: event, keys: [id, secret, token] });
"""


def role(cloud, name: str, policy: dict) -> str:
    iam = cloud.client("iam")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(policy))
    return arn


def app_of(folder, name: str, arn: str):
    app = folder / name
    app.mkdir()
    (app / "handler.mjs").write_text(HANDLER)
    (app / "template.yaml").write_text(TEMPLATE.format(role=arn))
    return app


def invoke(cloud, session: Session, payload: dict) -> dict:
    name = session.ready["functions"][0]["name"]
    answer = cloud.client("lambda").invoke(FunctionName=name, Payload=json.dumps(payload))
    return {"error": answer.get("FunctionError"), **json.loads(answer["Payload"].read())}


@pytest.fixture(scope="module")
def theirs(cloud, module_path, module_processes):
    """A role of another place, and a session of an app whose function has it."""
    arn = role(cloud, "theirs", READS)
    before = cloud.client("iam").list_role_policies(RoleName="theirs")["PolicyNames"]
    session = Session(app_of(module_path, "bridged", arn), cloud, module_path / "home", "bridged")
    return session, before


def test_the_stub_reaches_the_session_by_the_bridge_role(theirs, cloud):
    session, _ = theirs
    assert invoke(cloud, session, {"n": 1})["echo"] == {"n": 1}
    assert invoke(cloud, session, {"n": 2})["echo"] == {"n": 2}


def test_the_role_itself_is_left_as_it_was(theirs, cloud):
    _, before = theirs
    assert cloud.client("iam").list_role_policies(RoleName="theirs")["PolicyNames"] == before == ["own"]
    template = cloud.client("cloudformation").get_template(StackName="bridged-bridged")["TemplateBody"]
    template = template if isinstance(template, dict) else json.loads(template)
    assert [one["Type"] for one in template["Resources"].values()] == ["AWS::Lambda::Function"]


def test_the_code_runs_with_the_functions_own_credentials(theirs, cloud):
    session, _ = theirs
    key, secret, token = invoke(cloud, session, {})["keys"]
    own = boto3.client("sts", region_name=cloud.region, endpoint_url=cloud.env["AWS_ENDPOINT_URL"], aws_access_key_id=key,
                       aws_secret_access_key=secret, aws_session_token=token)
    assert ":assumed-role/theirs/" in own.get_caller_identity()["Arn"]


def test_only_that_role_is_trusted_by_the_bridge_role(theirs, cloud):
    outputs = {one["OutputKey"]: one["OutputValue"] for one in cloud.stack("bridged-bridged-debug-stack")["Outputs"]}
    bridge = cloud.client("iam").get_role(RoleName=outputs["BridgeRoleArn"].split("/")[-1])["Role"]
    principals = [one["Principal"]["AWS"] for one in bridge["AssumeRolePolicyDocument"]["Statement"]]
    assert principals in ([["arn:aws:iam::123456789012:role/theirs"]], ["arn:aws:iam::123456789012:role/theirs"])


def test_a_role_that_may_not_assume_it_is_told_which_role_and_what_to_do(cloud, module_path, start):
    session = start(app_of(module_path, "barred", role(cloud, "barred", DENIED)), cloud, "barred")
    answer = invoke(cloud, session, {})
    assert answer["error"]
    assert "may not assume the bridge role arn:aws:iam::" in answer["errorMessage"]
    assert "denies it sts:AssumeRole" in answer["errorMessage"]

"""The app's stacks deployed to MiniStack: creation, update, failure with rollback, removal. The debug stack, whose
WebSocket API MiniStack does not have, is on the local cloud."""

import pytest

from harness import judges
from harness.processes import PROGRAM, Process, clean_environment
from harness.two_clouds import TwoClouds

HANDLER = "export const handler = async () => 'one';\n"
# Plain CloudFormation: MiniStack translates SAM only with another package.
HEAD = """Resources:
  Topic: { Type: AWS::SNS::Topic }
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{ Effect: Allow, Principal: { Service: lambda.amazonaws.com }, Action: sts:AssumeRole }]
  Fn:
    Type: AWS::Lambda::Function
    Properties: { Handler: fn.handler, Runtime: nodejs20.x, Role: !GetAtt Role.Arn, Code: . }
"""
OUTPUTS = "Outputs:\n  Topic: { Value: !Ref Topic }\n"


@pytest.fixture(scope="module")
def clouds(module_path, module_processes):
    judges.module("botocore", "botocore")
    clouds = TwoClouds(module_path)
    yield clouds
    clouds.front.close()


@pytest.fixture(scope="module")
def app(module_path):
    folder = module_path / "app"
    folder.mkdir()
    (folder / "fn.mjs").write_text(HANDLER)
    return folder


def run(clouds: TwoClouds, app, home, command: str, *arguments: str, status: int = 0) -> Process:
    process = Process([PROGRAM, command, "--json", "--app-dir", app, "--stage", "ms", *arguments],
                      clean_environment(home, **clouds.env))
    assert process.wait(120) == status, process.describe()
    return process


def write(app, resources: str):
    (app / "template.yaml").write_text(HEAD + resources + OUTPUTS)


def test_a_stage_is_deployed_changed_rolled_back_and_removed(clouds, app, home):
    formation = clouds.ministack.client("cloudformation")

    def types() -> set[str]:
        found = formation.list_stack_resources(StackName="ms-app")["StackResourceSummaries"]
        return {one["ResourceType"] for one in found}

    write(app, "")
    run(clouds, app, home, "deploy")
    stack = clouds.ministack.stack("ms-app")
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert {one["Key"]: one["Value"] for one in stack["Tags"]} == {"livelambda:app": "app", "livelambda:stage": "ms"}
    assert {"AWS::Lambda::Function", "AWS::SNS::Topic"} <= types()

    before = len(clouds.front.requests)
    run(clouds, app, home, "deploy")
    asked = [one.body for one in clouds.front.requests[before:] if one.service == "cloudformation"]
    assert not [one for one in asked if b"ChangeSet" in one]

    write(app, "  Queue:\n    Type: AWS::SQS::Queue\n")
    run(clouds, app, home, "deploy")
    assert clouds.ministack.stack("ms-app")["StackStatus"] == "UPDATE_COMPLETE"
    assert "AWS::SQS::Queue" in types()

    write(app, "  Queue:\n    Type: AWS::SQS::Queue\n  Bad:\n    Type: AWS::Lambda::Url\n"
               "    Properties: { TargetFunctionArn: missing, AuthType: NONE }\n")
    failed = run(clouds, app, home, "deploy", status=5)
    assert "Bad (AWS::Lambda::Url): " in failed.lines[-2], failed.describe()
    assert clouds.ministack.stack("ms-app")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"

    run(clouds, app, home, "remove", "--yes")
    left = [one["StackName"] for one in formation.describe_stacks()["Stacks"] if one["StackStatus"] != "DELETE_COMPLETE"]
    assert "ms-app" not in left
    s3 = clouds.ministack.client("s3")
    assert clouds.buckets
    for bucket in clouds.buckets:
        assert not s3.list_objects_v2(Bucket=bucket).get("Contents")
    stacks = clouds.local.client("cloudformation").describe_stacks()["Stacks"]
    assert "ms-app-debug-stack" not in [one["StackName"] for one in stacks]

"""The app's stacks deployed to MiniStack: creation, update, failure with rollback, removal. The debug stack, whose
WebSocket API MiniStack does not have, is on the local cloud."""

import threading
from urllib.parse import parse_qsl

import pytest

from harness import judges
from harness.local_cloud import LocalCloud
from harness.ministack import MiniStack
from harness.processes import PROGRAM, Process, clean_environment
from harness.recorder import Recorded, Recorder

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


class TwoClouds:
    """One account to livelambda: stacks named …-debug-stack, and what belongs to the bridge, are the local cloud's,
    everything else MiniStack's. Buckets of the one are made in the other when something is put into them."""

    def __init__(self, local: LocalCloud, ministack: MiniStack):
        self.local, self.ministack = local, ministack
        self.buckets: set[str] = set()
        self._lock = threading.Lock()
        self.front = Recorder(self._choose)
        self.env = {**local.env, "AWS_ENDPOINT_URL": self.front.endpoint}

    def _choose(self, request: Recorded) -> str:
        if request.service == "s3":
            self._have_bucket(request.target.lstrip("/").split("/")[0].split("?")[0])
            return self.ministack.endpoint
        if request.service != "cloudformation":
            return self.local.endpoint
        form = dict(parse_qsl(request.body.decode()))
        named = form.get("StackName", "") or form["ChangeSetName"]
        ours = named.endswith("-debug-stack") or ":123456789012:" in named
        return (self.local if ours else self.ministack).endpoint

    def _have_bucket(self, bucket: str):
        with self._lock:
            if bucket not in self.buckets:
                self.ministack.client("s3").create_bucket(Bucket=bucket)
                self.buckets.add(bucket)


@pytest.fixture(scope="module")
def clouds(module_path, module_processes, cloud):
    judges.module("botocore", "botocore")
    clouds = TwoClouds(cloud, MiniStack(module_path))
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

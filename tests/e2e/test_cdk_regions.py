"""A CDK app with a stack that is bound to another region than the session's: moto, which has every region, tells which one is asked.
The app's `cdk` copies an assembly that is there already."""

import json
import re
import subprocess
from pathlib import Path

import boto3
import botocore.config
import pytest

from harness import judges
from harness.processes import PROGRAM, Process, clean_environment, wait_until

ADDRESS = re.compile(r"Running on (http://127\.0\.0\.1:\d+)")
KEYS = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "secret"}
CDK = """#!/bin/sh
while [ "$1" != --output ]; do shift; done
mkdir -p "$2" && cp '{assembly}'/* "$2"
"""


def template(where: str) -> str:
    return json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}, "Outputs": {"Where": {"Value": where}}})


class Moto(Process):
    def __init__(self, home: Path):
        super().__init__([judges.program("moto", "moto_server"), "-H", "127.0.0.1", "-p", "0"], clean_environment(home))
        self.endpoint = wait_until(lambda: ADDRESS.search(self.stderr) or ADDRESS.search(self.stdout), "moto listens").group(1)

    def cloudformation(self, region: str):
        return boto3.client("cloudformation", endpoint_url=self.endpoint, region_name=region, **KEYS,
                            config=botocore.config.Config(proxies={}))


@pytest.fixture(scope="module")
def moto(module_path, module_processes) -> Moto:
    """Near is in us-east-1, Far in eu-west-1; somebody else's stack is called Far in us-east-1."""
    moto = Moto(module_path / "home")
    tags = [{"Key": "livelambda:app", "Value": "app"}, {"Key": "livelambda:stage", "Value": "dev"}]
    for region, name, where, of in [("us-east-1", "Near", "near", tags), ("eu-west-1", "Far", "far away", tags),
                                    ("us-east-1", "Far", "not ours", []), ("us-east-1", "Once", "dropped", tags)]:
        moto.cloudformation(region).create_stack(StackName=name, TemplateBody=template(where), Tags=of)
    return moto


@pytest.fixture(scope="module")
def livelambda(moto, module_path):
    app = module_path / "app"
    assembly = module_path / "assembly"
    (app / "node_modules" / ".bin").mkdir(parents=True)
    assembly.mkdir()
    (app / "cdk.json").write_text('{"app": "true"}')
    cdk = app / "node_modules" / ".bin" / "cdk"
    cdk.write_text(CDK.format(assembly=assembly))
    cdk.chmod(0o755)
    stacks = {"Near": "unknown-region", "Far": "eu-west-1"}
    (assembly / "manifest.json").write_text(json.dumps({"artifacts": {
        name: {"type": "aws:cloudformation:stack", "environment": f"aws://unknown-account/{region}",
               "properties": {"templateFile": f"{name}.template.json"}} for name, region in stacks.items()}}))
    (assembly / "Near.template.json").write_text(template("near"))
    (assembly / "Far.template.json").write_text(template("farther away"))
    environment = clean_environment(module_path / "home", AWS_ENDPOINT_URL=moto.endpoint, AWS_REGION="us-east-1",
                                    **{name.upper(): value for name, value in KEYS.items()})

    def livelambda(*arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run([PROGRAM, *arguments, "--app-dir", app, "--stage", "dev", "--json"], env=environment,
                              capture_output=True, text=True, timeout=60, check=False)

    return livelambda


def events(done: subprocess.CompletedProcess, name: str) -> list[dict]:
    assert done.returncode == 0, done.stdout + done.stderr
    return [event for event in map(json.loads, done.stdout.splitlines()) if event["event"] == name]


def test_outputs_are_those_of_the_stack_in_its_own_region(livelambda):
    told = {event["stack"]: event["outputs"] for event in events(livelambda("outputs"), "outputs")}
    assert told == {"Near": {"Where": "near"}, "Far": {"Where": "far away"}}


def test_a_difference_is_told_from_the_stack_in_its_own_region(livelambda):
    done = livelambda("diff")
    (change,) = events(done, "infrastructure")
    assert change["stack"] == "Far"
    assert any("far away" in line and "farther away" in line for line in change["changes"]), change
    assert "stack Once is no longer in the app; it stays as it is" in done.stderr
    assert "delete-stack --stack-name Once --region us-east-1" in done.stderr


def test_remove_removes_each_stack_from_its_own_region(livelambda, moto):
    events(livelambda("remove", "--yes"), "target")
    here = {one["StackName"] for one in moto.cloudformation("us-east-1").describe_stacks()["Stacks"]}
    assert here == {"Far", "Once"}, "what is somebody else's, and what the app dropped"
    assert moto.cloudformation("eu-west-1").describe_stacks()["Stacks"] == []

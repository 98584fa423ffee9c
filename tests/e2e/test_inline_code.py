"""Functions whose code stands in the template (InlineCode, ZipFile) run on this machine: an edit of the text is what the
next invocation runs, and nothing is deployed for it. What the deployment waits for, or what is not known before it, keeps its
code in AWS."""

import json
import subprocess
from pathlib import Path

import pytest

import schemas
from harness import apps
from harness.processes import PROGRAM, clean_environment, json_lines, run, wait_until
from harness.session import Session

TEMPLATE = """AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Greeting: {Type: String, Default: Hello}
Resources:
  Topic: {Type: AWS::SNS::Topic}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]
      ManagedPolicyArns: [arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]
  Node:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.handler
      InlineCode: !Sub |
        const { SUCCESS } = require("cfn-response");
        exports.handler = async (event) => {
          if (event.fail) throw new Error("as asked");
          return { said: `${!event.name}: ${Greeting} from ${AWS::StackName} in ${AWS::AccountId}`, SUCCESS, pid: process.pid };
        };
  Python:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.11
      Handler: index.handler
      Role: !GetAtt Role.Arn
      Code:
        ZipFile: |
          import os
          import cfnresponse
          def handler(event, context):
              return {"said": "from the template", "SUCCESS": cfnresponse.SUCCESS, "pid": os.getpid()}
  Late:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.handler
      InlineCode: !Sub "exports.handler = async () => '${Topic}';"
  Maker:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.handler
      Role: !GetAtt Role.Arn
      Code:
        ZipFile: |
          const response = require("cfn-response");
          exports.handler = (event, context) => response.send(event, context, response.SUCCESS, { Said: "made" }, "it");
  Made:
    Type: Custom::Thing
    Properties: {ServiceToken: !GetAtt Maker.Arn}
  Nested:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: nested/template.json, Parameters: {Word: !Ref Greeting}}
Outputs:
  Made: {Value: !GetAtt Made.Said}
"""
NESTED = {
    "Transform": "AWS::Serverless-2016-10-31",
    "Parameters": {"Word": {"Type": "String"}},
    "Resources": {"Fn": {"Type": "AWS::Serverless::Function", "Properties": {
        "Runtime": "nodejs22.x", "Handler": "index.handler",
        "InlineCode": {"Fn::Join": ["", ["exports.handler = async () => '", {"Ref": "Word"}, " below';"]]}}}}}
FILES = {"template.yaml": TEMPLATE, "nested/template.json": json.dumps(NESTED), "package.json": '{"type": "module"}\n'}
STACK = "test-inline"


@pytest.fixture(scope="module")
def app(module_path) -> Path:
    return apps.write(module_path / "inline", FILES)


@pytest.fixture(scope="module")
def session(app, cloud, module_path, module_processes) -> Session:
    return Session(app, cloud, module_path / "home")


def livelambda(app: Path, home: Path, *arguments: str, cloud=None) -> subprocess.CompletedProcess:
    return run([PROGRAM, *arguments, "--app-dir", str(app), "--stage", "test"], clean_environment(home, **(cloud.env if cloud else {})))


def physical(cloud, logical_id: str) -> str:
    resource = cloud.client("cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId=logical_id)
    return resource["StackResourceDetail"]["PhysicalResourceId"]


def runtime_of(cloud, logical_id: str) -> str:
    return cloud.client("lambda").get_function_configuration(FunctionName=physical(cloud, logical_id))["Runtime"]


def python_says(session, cloud) -> str:
    return cloud.invoke(session.function("Python"), {}).json["said"]


def test_it_runs_here_with_what_is_known_put_in(session, cloud):
    answer = cloud.invoke(session.function("Node"), {"name": "Ada"}).json
    assert answer["said"] == f"Ada: Hello from {STACK} in 123456789012"
    assert answer["SUCCESS"] == "SUCCESS", "cfn-response is there, as CloudFormation puts it beside inline code"
    assert answer["pid"] in session.workers()
    answer = cloud.invoke(session.function("Python"), {}).json
    assert (answer["said"], answer["SUCCESS"]) == ("from the template", "SUCCESS")
    assert answer["pid"] in session.workers()
    assert cloud.invoke(session.function("Nested/Fn"), {}).json == "Hello below"


def test_what_the_deployment_waits_for_or_makes_keeps_its_code_in_aws(session, cloud):
    assert session.outputs["Made"] == "made"
    assert sorted(one["logicalId"] for one in session.ready["functions"]) == ["Nested/Fn", "Node", "Python"]
    assert runtime_of(cloud, "Maker") == "nodejs22.x"
    assert cloud.invoke(physical(cloud, "Late"), {}).json == physical(cloud, "Topic")


def test_an_error_names_the_file_that_the_text_was_written_to(session, app, cloud):
    answer = cloud.invoke(session.function("Node"), {"fail": True})
    written = app / ".livelambda" / "inline" / STACK / "Node" / "index.js"
    assert written.read_text().startswith('const { SUCCESS } = require("cfn-response");\n')
    assert any(f"{written}:3:" in line for line in answer.json["trace"]), answer.json


def test_an_edit_of_the_text_is_what_runs_next_and_nothing_is_deployed(session, app, cloud):
    mark = session.mark()
    apps.edit(app / "template.yaml", "from the template", "from the template, edited")
    wait_until(lambda: python_says(session, cloud) == "from the template, edited", "the edited text")
    apps.edit(app / "nested" / "template.json", " below", " far below")
    wait_until(lambda: cloud.invoke(session.function("Nested/Fn"), {}).json == "Hello far below", "the nested template's text")
    assert not [one for one in session.events[mark:] if one["event"] in ("deploy", "infrastructure")]


def test_a_text_that_cannot_be_read_leaves_the_last_one_running_until_it_is_mended(session, app, cloud):
    apps.edit(app / "template.yaml", "Transform: AWS", "Transform: [AWS")
    wait_until(lambda: f"{app}/template.yaml:" in session.stderr, "where the template is broken")
    assert python_says(session, cloud) == "from the template, edited"
    apps.save(app / "template.yaml", TEMPLATE.replace("from the template", "mended"))
    wait_until(lambda: python_says(session, cloud) == "mended", "the mended text")


def test_functions_are_listed_with_their_place_in_the_template(session, app, module_path):
    found = {one["function"]: one for one in json_lines(livelambda(app, module_path / "home", "functions", "--json").stdout)}
    for one in found.values():
        schemas.check(one)
    lines = (app / "template.yaml").read_text().splitlines()
    assert found["Python"]["source"] == str(app / "template.yaml")
    assert lines[found["Python"]["sourceLine"] - 1].strip() == "ZipFile: |"
    assert found["Nested/Fn"]["source"] == str(app / "nested/template.json") and found["Nested/Fn"]["live"]
    assert (found["Late"]["reason"], found["Maker"]["reason"]) == ("inline_code", "custom_resource")
    assert found["Late"]["why"] == ("keeps its code in AWS: its code stands in the template, and Topic in it is known only after "
                                    "deployment")
    plain = livelambda(app, module_path / "home", "functions").stdout
    assert f"Python\tpython3.11\tindex.handler\ttemplate.yaml:{found['Python']['sourceLine']}\tlive" in plain


def test_deploy_puts_the_text_where_it_was_and_start_takes_it_back(session, app, cloud, module_path):
    assert session.stop() == 0
    done = livelambda(app, module_path / "home", "deploy", cloud=cloud)
    assert done.returncode == 0, done.stderr
    assert runtime_of(cloud, "Python") == "python3.11" and runtime_of(cloud, "Node") == "nodejs22.x"
    assert cloud.invoke(physical(cloud, "Python"), {}).json["said"] == "mended"
    again = Session(app, cloud, module_path / "home")
    answer = cloud.invoke(again.function("Python"), {}).json
    assert answer["said"] == "mended" and answer["pid"] in again.workers()
    assert again.stop() == 0
    apps.save(app / "template.yaml", TEMPLATE)
    third = Session(app, cloud, module_path / "home")
    assert not third.select("deploy"), "another text of inline code is nothing to deploy"
    assert python_says(third, cloud) == "from the template"
    assert third.stop() == 0

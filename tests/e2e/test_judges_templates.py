"""cfn-lint and the SAM translator on every template that sessions have deployed: the debug stack and the apps, as
CloudFormation was given them and as it processed them."""

import json
import subprocess
import warnings
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness import apps, judges, sam
from harness.session import Session

STAGE = "judged"
HANDLER = "export const handler = async () => ({ statusCode: 200, body: String(process.pid) });\n"

PLAIN = """AWSTemplateFormatVersion: "2010-09-09"
Description: Plain CloudFormation, with a role of its own that two functions share
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - { Effect: Allow, Principal: { Service: lambda.amazonaws.com }, Action: sts:AssumeRole }
      ManagedPolicyArns:
        - !Sub arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole
  Other:
    Type: AWS::Lambda::Function
    DependsOn: Topic
    Properties:
      Handler: handler.handler
      Runtime: nodejs22.x
      Role: !GetAtt Role.Arn
      Code: .
  Plain:
    Type: AWS::Lambda::Function
    Properties:
      Handler: handler.handler
      Runtime: nodejs22.x
      Role: !GetAtt Role.Arn
      Code: .
      Timeout: 20
      Environment: { Variables: { TOPIC: !Ref Topic } }
  Topic:
    Type: AWS::SNS::Topic
Outputs:
  Name: { Value: !Ref Plain }
"""

SERVERLESS = """AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: { CodeUri: ., Handler: handler.handler, Runtime: nodejs22.x, Timeout: 20, Architectures: [arm64] }
"""

ARM64 = SERVERLESS + """Parameters:
  Suffix: { Type: String, Default: one }
Conditions:
  Never: !Equals [!Ref Suffix, two]
Resources:
  Arm:
    Type: AWS::Serverless::Function
    Properties:
      Environment: { Variables: { SUFFIX: !Ref Suffix } }
  Sometimes:
    Type: AWS::Serverless::Function
    Condition: Never
    Properties: {}
  Intel:
    Type: AWS::Serverless::Function
    Properties: { Architectures: [x86_64], Policies: AWSLambdaBasicExecutionRole }
"""

REST = SERVERLESS + """Resources:
  Read:
    Type: AWS::Serverless::Function
    Properties:
      Policies:
        - DynamoDBReadPolicy: { TableName: !Ref Table }
        - Version: "2012-10-17"
          Statement: [{ Effect: Allow, Action: sns:ListTopics, Resource: "*" }]
      Events:
        Get: { Type: Api, Properties: { Path: "/things/{id}", Method: get } }
        Any: { Type: Api, Properties: { Path: "/{proxy+}", Method: ANY } }
  Table:
    Type: AWS::Serverless::SimpleTable
Outputs:
  Url: { Value: !Sub "https://${ServerlessRestApi}.execute-api.${AWS::Region}.amazonaws.com/Prod/" }
"""

APPS = {"plain-cloudformation": PLAIN, "arm64": ARM64, "rest": REST}


def written(folder: Path, name: str, template: str) -> Path:
    app = folder / name
    app.mkdir()
    (app / "handler.mjs").write_text(HANDLER)
    (app / "template.yaml").write_text(template)
    return app


@dataclass
class Deployed:
    original: str
    processed: str
    parameters: dict[str, str]


@pytest.fixture(scope="module")
def stacks(cloud, module_path, module_processes) -> dict[str, Deployed]:
    """Every stack that sessions of these apps made, by its name."""
    found = [apps.example(module_path)] + [written(module_path, name, text) for name, text in APPS.items()]
    sessions = [Session(app, cloud, module_path / "home", STAGE, wait=False) for app in found]
    for session in sessions:
        session.wait_ready()
    client = cloud.client("cloudformation")

    def text(stack: str, stage: str) -> str:
        body = client.get_template(StackName=stack, TemplateStage=stage)["TemplateBody"]
        return body if isinstance(body, str) else json.dumps(body, indent=1)

    def deployed(stack: str) -> Deployed:
        parameters = {one["ParameterKey"]: one["ParameterValue"] for one in cloud.stack(stack).get("Parameters", [])}
        return Deployed(text(stack, "Original"), text(stack, "Processed"), parameters)

    return {stack: deployed(stack) for app in found
            for stack in (f"{STAGE}-{app.name}", f"{STAGE}-{app.name}-debug-stack")}


# --- cfn-lint

# What cfn-lint calls an error and is none of livelambda's doing: "RULE": reason.
ACCEPTED: dict[str, str] = {}


def lint(folder: Path, templates: dict[str, str]) -> dict[str, list[dict]]:
    """What cfn-lint says of each, by their names. It starts slowly: one process for all."""
    program = judges.program("cfn-lint", "cfn-lint")
    files = {name: folder / f"{name}.json" for name in templates}
    for name, file in files.items():
        file.write_text(templates[name])
    done = subprocess.run([program, "--format", "json", "--regions", "us-east-1", "--", *map(str, files.values())],
                          capture_output=True, text=True, timeout=200)
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    return {name: [one for one in found if one["Filename"] == str(file)] for name, file in files.items()}


def described(one: dict) -> str:
    path = "/".join(str(part) for part in one["Location"].get("Path") or [])
    return f'{one["Rule"]["Id"]} {path}: {one["Message"]}'


@pytest.fixture(scope="module")
def findings(stacks, module_path) -> dict[str, list[dict]]:
    """The debug stack is the same for every app. One more template has an error, so that the judge is seen to judge."""
    folder = module_path / "linted"
    folder.mkdir()
    debug = [stack.original for name, stack in stacks.items() if name.endswith("-debug-stack")]
    assert len(set(debug)) == 1
    templates = {"debug-stack": debug[0], "broken": debug[0].replace('"ProtocolType"', '"ProtokolType"')}
    assert "ProtokolType" in templates["broken"]
    for name, stack in stacks.items():
        if not name.endswith("-debug-stack"):
            templates |= {f"{name}-original": stack.original, f"{name}-processed": stack.processed}
    return lint(folder, templates)


@pytest.mark.parametrize("name", ["debug-stack", *(f"{STAGE}-{app}-{stage}" for app in ("api-sns", *APPS)
                                                  for stage in ("original", "processed"))])
def test_a_template_of_livelambda_has_no_errors(findings, name):
    errors = [one for one in findings[name] if one["Level"] == "Error" and one["Rule"]["Id"] not in ACCEPTED]
    for one in findings[name]:
        if one not in errors:
            warnings.warn(f"cfn-lint on {name}: {described(one)}")
    assert not errors, "\n".join(described(one) for one in errors)


def test_the_judge_finds_errors(findings):
    assert any(one["Level"] == "Error" and "ProtokolType" in described(one) for one in findings["broken"])


# --- The SAM translator

@pytest.mark.parametrize("app", ["api-sns", "arm64", "rest"])
def test_a_rewritten_template_is_processed_as_aws_processes_it(stacks, app):
    stack = stacks[f"{STAGE}-{app}"]
    original = json.loads(stack.original)
    assert original["Transform"]
    judged = sam.translate(original, stack.parameters)
    found = sam.differences(sam.comparable(json.loads(stack.processed)), sam.comparable(judged))
    assert not found, "\n".join(found)

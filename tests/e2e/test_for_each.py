"""Fn::ForEach: what `livelambda rewrite` makes of loops, held against cfn-lint, which expands them too, and against the
local cloud and the SAM translator; and functions that come of loops, live."""

import json
from pathlib import Path

import pytest

from harness import apps, judges, rewriting, sam
from harness.session import Session
from harness.stacks import change_set, deploy

# Inline code stays in AWS, so that nothing but the loops is rewritten.
JUDGED = r"""
AWSTemplateFormatVersion: "2010-09-09"
Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Parameters:
  Names: { Type: CommaDelimitedList, Default: "north, south" }
Mappings:
  Ways: { of: { Loud: ["a.b", "c-d"] } }
Globals:
  Function: { Handler: index.handler, Runtime: nodejs22.x }
Conditions:
  Fn::ForEach::Conditions: [Name, !Ref Names, { "Is${Name}": !Equals [!Ref Name, north] }]
Resources:
  First: { Type: AWS::SNS::Topic }
  Fn::ForEach::Functions:
    - Name
    - !Ref Names
    - Sam${Name}:
        Type: AWS::Serverless::Function
        Properties:
          InlineCode: !Sub "exports.handler = async () => '${Name}';"
          Environment:
            Variables:
              NAME: !Ref Name
              TOPIC: !GetAtt Topic${Name}.TopicName
              FIRST: !Ref First
              KEY${Name}: "&{Name}${Name}"
      Topic${Name}: { Type: AWS::SNS::Topic, Properties: { DisplayName: !Sub "${Name} in ${AWS::Region}, $${!Name}" } }
  Between: { Type: AWS::SNS::Topic }
  Fn::ForEach::Outer:
    - Name
    - [one, two]
    - Fn::ForEach::Inner:
        - Way
        - !FindInMap [Ways, of, Loud]
        - Plain${Name}&{Way}:
            Type: AWS::Lambda::Function
            DependsOn: "Role${Name}&{Way}"
            Properties:
              Code: { ZipFile: !Sub "exports.handler = async () => '${Name} ${Way}';" }
              Handler: index.handler
              Runtime: nodejs22.x
              Role: !GetAtt "Role${Name}&{Way}.Arn"
              Environment: { Variables: { Fn::ForEach::Variables: [V, [x, y], { "V${V}": "${Name}${Way}${V}" }] } }
          Role${Name}&{Way}:
            Type: AWS::IAM::Role
            Properties:
              AssumeRolePolicyDocument:
                Statement: [{ Effect: Allow, Action: "sts:AssumeRole", Principal: { Service: lambda.amazonaws.com } }]
Outputs:
  Fn::ForEach::Outputs: [Name, !Ref Names, { "Out${Name}": { Condition: "Is${Name}", Value: !Ref "Sam${Name}" } }]
  Last: { Value: last }
"""
EXTENSIONS = "AWS::LanguageExtensions"

APP = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Parameters:
  Names: { Type: CommaDelimitedList, Default: "none" }
Globals:
  Function: { Runtime: nodejs20.x, Timeout: 30 }
Resources:
  Fn::ForEach::Functions:
    - Name
    - !Ref Names
    - Sam${Name}:
        Type: AWS::Serverless::Function
        Properties: { CodeUri: ., Handler: "${Name}.handler", Environment: { Variables: { NAME: !Sub "sam ${Name}" } } }
  Fn::ForEach::Roles:
    - Name
    - [left, right]
    - Role${Name}:
        Type: AWS::IAM::Role
        Properties:
          AssumeRolePolicyDocument:
            Statement: [{ Effect: Allow, Action: "sts:AssumeRole", Principal: { Service: lambda.amazonaws.com } }]
  Fn::ForEach::Plain:
    - Name
    - [left, right]
    - Plain${Name}:
        Type: AWS::Lambda::Function
        Properties:
          Code: .
          Handler: plain.handler
          Runtime: nodejs20.x
          Role: !GetAtt "Role${Name}.Arn"
          Environment: { Variables: { NAME: !Ref Name } }
  Fn::ForEach::Late:
    - Name
    - !GetAZs us-east-1
    - Late&{Name}:
        Type: AWS::Serverless::Function
        Properties: { InlineCode: "exports.handler = async () => 'in AWS';", Handler: index.handler }
Outputs:
  Fn::ForEach::Outputs: [Name, !Ref Names, { "Out${Name}": { Value: !GetAtt "Sam${Name}.Arn" } }]
"""
HANDLER = "export const handler = async (event) => `${process.env.NAME} ${event.says}`;\n"
NAMES = ("red", "green", "blue")
LIVE = [f"Sam{name}" for name in NAMES] + ["Plainleft", "Plainright"]


@pytest.fixture(scope="module")
def original() -> dict:
    return sam.read(JUDGED)


@pytest.fixture(scope="module")
def expanded(module_path) -> dict:
    folder = module_path / "judged"
    folder.mkdir()
    (folder / "template.yaml").write_text(JUDGED)
    (folder / "livelambda.yaml").write_text("functions: {'*': {live: false}}\n")
    outcome = rewriting.rewrite(folder)
    assert outcome.status == 0, outcome.said
    return outcome.template


def test_loops_are_expanded_in_their_place_and_the_transform_stays(expanded):
    assert "Fn::ForEach" not in json.dumps(expanded)
    assert expanded["Transform"] == [EXTENSIONS, "AWS::Serverless-2016-10-31"]
    pairs = [f"{name}{way}" for name in ("one", "two") for way in ("ab", "cd")]
    assert list(expanded["Resources"]) == [
        "First", "Samnorth", "Topicnorth", "Samsouth", "Topicsouth", "Between",
        *(kind + pair for pair in pairs for kind in ("Plain", "Role"))]
    assert list(expanded["Outputs"]) == ["Outnorth", "Outsouth", "Last"]


def with_sub(value):
    """Every text with a placeholder as an argument of Fn::Sub: cfn-lint looks for placeholders only there and in keys,
    CloudFormation in every text."""
    if isinstance(value, str):
        return {"Fn::Sub": value} if "${" in value or "&{" in value else value
    if isinstance(value, list):
        return [with_sub(one) for one in value]
    if isinstance(value, dict):
        return {key: member if key == "Fn::Sub" else with_sub(member) for key, member in value.items()}
    return value


def test_cfn_lint_expands_them_to_the_same(original, expanded):
    template = judges.module("cfn-lint", "cfnlint.template")
    transforms = judges.module("cfn-lint", "cfnlint.template.transforms._language_extensions")
    read = template.Template("template.yaml", with_sub(original), ["us-east-1"])
    matches, judged = transforms.language_extension(read)
    assert matches == []
    for section in ("Conditions", "Resources", "Outputs"):
        assert expanded[section] == json.loads(json.dumps(judged[section]))


def processed(cloud, name: str, template: dict) -> dict:
    made = change_set(cloud, name, template)
    assert made["Status"] == "CREATE_COMPLETE", made["StatusReason"]
    body = cloud.client("cloudformation").get_template(
        StackName=name, ChangeSetName=made["ChangeSetName"], TemplateStage="Processed")["TemplateBody"]
    return json.loads(body) if isinstance(body, str) else body


def substituted(value):
    """Fn::Sub with nothing to substitute is its text."""
    if isinstance(value, list):
        return [substituted(one) for one in value]
    if not isinstance(value, dict):
        return value
    if list(value) == ["Fn::Sub"] and isinstance(value["Fn::Sub"], str) and "${" not in value["Fn::Sub"]:
        return value["Fn::Sub"]
    return {key: substituted(member) for key, member in value.items()}


def test_the_local_cloud_and_the_sam_translator_make_the_same_of_both(cloud, original, expanded):
    mine = sam.comparable(processed(cloud, "expanded", expanded))
    theirs = sam.comparable(substituted(processed(cloud, "original", original)))
    assert sam.differences(mine, theirs) == []
    judged = sam.translate({**expanded, "Transform": "AWS::Serverless-2016-10-31"}, {})
    assert sam.differences(mine, sam.comparable(judged)) == []


def test_both_deploy_to_the_same_stack(cloud, original, expanded):
    client = cloud.client("cloudformation")
    found = []
    for name, template in (("loops", original), ("no-loops", expanded)):
        outputs = deploy(cloud, name, template)
        rows = client.describe_stack_resources(StackName=name)["StackResources"]
        found.append((sorted(outputs), sorted((row["LogicalResourceId"], row["ResourceType"]) for row in rows)))
        plain = next(row["PhysicalResourceId"] for row in rows if row["LogicalResourceId"] == "Plaintwocd")
        environment = cloud.client("lambda").get_function_configuration(FunctionName=plain)["Environment"]
        assert environment["Variables"] == {"Vx": "twoc-dx", "Vy": "twoc-dy"}
    assert found[0] == found[1]


@pytest.fixture(scope="module")
def loops(module_path) -> Path:
    folder = module_path / "loops"
    folder.mkdir()
    (folder / "template.yaml").write_text(APP)
    (folder / "livelambda.yaml").write_text("functions: {'Late*': {live: false}}\n")
    for name in (*NAMES, "plain"):
        (folder / f"{name}.mjs").write_text(HANDLER)
    return folder


@pytest.fixture(scope="module")
def session(cloud, loops, module_path) -> Session:
    return Session(loops, cloud, module_path / "home", "test", "--parameter", "Names=" + ",".join(NAMES))


def test_what_is_not_known_before_deployment_is_said_with_its_place(loops):
    outcome = rewriting.rewrite(loops, "--parameter", "Names=red")
    assert outcome.status == 0, outcome.said
    line = 1 + APP.splitlines().index("  Fn::ForEach::Late:")
    said = [one for one in outcome.said if "Fn::ForEach::Late" in one]
    assert said == [f"warning: {loops / 'template.yaml'}:{line}: Fn::ForEach::Late: is expanded by CloudFormation "
                    "alone: functions that come of it keep their code in AWS"]
    resources = outcome.template["Resources"]
    assert "Fn::ForEach::Late" in resources
    assert "Samred" in resources and "Samgreen" not in resources


def test_functions_of_loops_are_live(cloud, session):
    assert sorted(one["logicalId"] for one in session.ready["functions"]) == sorted(LIVE)
    for name in LIVE:
        said = name.replace("Sam", "sam ").replace("Plain", "")
        answer = cloud.invoke(session.function(name), {"says": "hello"})
        assert answer.error is None, answer.payload
        assert answer.json == f"{said} hello"
    assert session.outputs["Outblue"].endswith(session.function("Samblue"))


def test_an_edit_runs_next(cloud, session, loops):
    mark = session.mark()
    apps.edit(loops / "green.mjs", "event.says", "event.says.toUpperCase()")
    session.wait_for("reload", after=mark, function="Samgreen")
    assert cloud.invoke(session.function("Samgreen"), {"says": "hello"}).json == "sam green HELLO"
    assert cloud.invoke(session.function("Samblue"), {"says": "hello"}).json == "sam blue hello"


def test_a_function_of_an_unknown_loop_runs_in_aws(cloud, session):
    late = cloud.client("cloudformation").describe_stack_resource(
        StackName="test-loops", LogicalResourceId="Lateuseast1a")["StackResourceDetail"]["PhysicalResourceId"]
    assert cloud.invoke(late, {}).json == "in AWS"

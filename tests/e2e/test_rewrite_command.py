"""`livelambda rewrite` as a program: what it prints where, what it needs, and how it ends."""

import json

import pytest

from harness import rewriting

APP = """AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Resources:
  Live:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: .
      Handler: index.handler
      Runtime: nodejs20.x
      Layers: [!Sub "arn:${AWS::Partition}:lambda:${AWS::Region}:123456789012:layer:l:1"]
      SnapStart: { ApplyOn: PublishedVersions }
      Events:
        Queue: { Type: SQS, Properties: { Queue: !GetAtt Queue.Arn } }
  Stays:
    Type: AWS::Serverless::Function
    Properties: { InlineCode: !Ref AWS::StackId, Handler: index.handler, Runtime: nodejs20.x }
  Queue: { Type: AWS::SQS::Queue }
"""
PARENT = """Resources:
  Child: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: child.yaml } }
"""


@pytest.fixture
def folder(tmp_path):
    app = tmp_path / "app"
    app.mkdir()
    (app / "index.js").write_text("exports.handler = async () => 1;\n")
    return app


def written(folder, text: str = APP, name: str = "template.yaml"):
    (folder / name).write_text(text)
    return folder


def test_the_template_is_on_stdout_and_what_is_to_be_said_on_stderr(folder):
    outcome = rewriting.rewrite(written(folder))
    assert outcome.status == 0
    assert outcome.template["Resources"]["Live"]["Properties"]["Runtime"] == "provided.al2023"
    file = folder / "template.yaml"
    assert outcome.said == [
        f"warning: {file}:4: Live: has no SnapStart while it is live",
        f"note: {file}:14: Stays: keeps its code in AWS: its code stands in the template, and AWS::StackId in it is known "
        "only after deployment"]


def test_the_output_is_the_same_every_time_and_knows_no_edit_of_live_code(folder):
    first = rewriting.rewrite(written(folder)).text
    (folder / "index.js").write_text("exports.handler = async () => 2;\n")
    assert rewriting.rewrite(folder).text == first


def test_another_template_can_be_named_and_parameters_given(folder):
    text = "Parameters: { Name: { Type: String } }\nResources: { T: { Type: AWS::SNS::Topic } }\n"
    file = written(folder, text, "other.yaml") / "other.yaml"
    assert rewriting.rewrite(folder, "--template", str(file)).template["Resources"] == {"T": {"Type": "AWS::SNS::Topic"}}
    refused = rewriting.rewrite(folder, "--template", str(file), "--parameter", "Nmae=x")
    assert (refused.status, refused.text) == (2, "")
    assert "no parameter Nmae" in refused.said[0]


def test_timeouts_are_raised_with_their_queues_when_asked(folder):
    resources = rewriting.rewrite(written(folder), "--increase-timeout").template["Resources"]
    assert resources["Live"]["Properties"]["Timeout"] == 900
    assert resources["Queue"]["Properties"]["VisibilityTimeout"] == 900
    assert "Timeout" not in resources["Stays"]["Properties"]


def test_nested_templates_are_written_into_a_folder(folder, tmp_path):
    written(written(folder, PARENT), APP, "child.yaml")
    plain = rewriting.rewrite(folder)
    assert plain.status == 0
    assert "note: its nested templates are not printed: --output DIR writes them all" in plain.said
    out = tmp_path / "out"
    assert rewriting.rewrite(folder, "--output", str(out)).text == ""
    assert sorted(path.name for path in out.iterdir()) == ["Child.json", "template.json"]
    child = json.loads((out / "Child.json").read_text())
    parent = json.loads((out / "template.json").read_text())
    given = parent["Resources"]["Child"]["Properties"]["Parameters"]
    assert given == {name: {"Ref": name} for name in child["Parameters"]}
    assert parent["Parameters"].keys() == given.keys()
    assert rewriting.rewrite(folder, "--stack", "Child").template == child


def test_a_stack_that_is_not_there_is_a_usage_error_that_lists_those_that_are(folder):
    written(written(folder, PARENT), APP, "child.yaml")
    outcome = rewriting.rewrite(folder, "--stack", "Chlid")
    assert outcome.status == 2
    assert "Child" in "\n".join(outcome.said)


@pytest.mark.parametrize("text, status, word", [
    ("Resources: [", 3, "template.yaml"),
    ("Parameters: { LiveLambdaBucket: { Type: String } }\nResources: { T: { Type: AWS::SNS::Topic } }\n", 3,
     "the name LiveLambdaBucket is livelambda's own"),
    ("Resources: { N: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: gone.yaml } } }\n", 3, "gone.yaml")])
def test_what_cannot_be_rewritten_is_said_with_its_place(folder, text, status, word):
    outcome = rewriting.rewrite(written(folder, text))
    assert (outcome.status, outcome.text) == (status, "")
    assert word in "\n".join(outcome.said)


def test_an_empty_folder_is_no_app(folder):
    assert rewriting.rewrite(folder).status == 3

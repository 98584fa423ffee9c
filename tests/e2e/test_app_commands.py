"""`deploy`, `diff`, `outputs`, `remove`, and what keeps `start` from hurting a stack: the real program against the local
cloud, with what boto3 sees of it."""

import json
import os
import re
import signal

import pytest

from harness import apps
from harness.processes import PROGRAM, clean_environment, json_lines, run, wait_until
from harness.terminal import Terminal

HANDLER = "export const handler = async () => 'one';"
RESOURCES = """  Topic:
    Type: AWS::SNS::Topic
Outputs:
  TopicArn:
    Value: !Ref Topic
"""


class App:
    def __init__(self, folder, home, cloud):
        self.folder = folder
        self.cloud = cloud
        self.environment = clean_environment(home, **cloud.env)

    def run(self, verb: str, *arguments: str):
        return run([PROGRAM, verb, "--app-dir", self.folder, *arguments], self.environment)

    def events(self, verb: str, *arguments: str) -> list[dict]:
        return json_lines(self.run(verb, "--json", *arguments).stdout)

    def stacks(self) -> set[str]:
        listed = self.cloud.client("cloudformation").describe_stacks()["Stacks"]
        return {stack["StackName"] for stack in listed}


@pytest.fixture
def app(tmp_path, home, cloud, request):
    name = "c" + re.sub("[^a-z]", "", request.node.name)[-20:]
    return App(apps.plain(tmp_path, name, resources=RESOURCES, Plain=HANDLER), home, cloud)


def function_of(app: App, stack: str) -> str:
    resource = app.cloud.client("cloudformation").describe_stack_resource(StackName=stack, LogicalResourceId="Plain")
    return resource["StackResourceDetail"]["PhysicalResourceId"]


def runtime_of(app: App, stack: str) -> str:
    configuration = app.cloud.client("lambda").get_function_configuration(FunctionName=function_of(app, stack))
    return configuration["Runtime"]


def test_deploy_gives_a_stage_its_real_code_and_start_its_stubs(app, start):
    stack = f"one-{app.folder.name}"
    deployed = app.run("deploy", "--stage", "one")
    assert deployed.returncode == 0, deployed.stderr
    assert "TopicArn" in deployed.stdout
    assert runtime_of(app, stack) == "nodejs20.x"
    assert app.cloud.invoke(function_of(app, stack), {}).payload == b'"one"'
    session = start(app.folder, app.cloud, "one")
    assert runtime_of(app, stack) == "provided.al2023"
    assert app.cloud.invoke(function_of(app, stack), {}).payload == b'"one"'
    assert session.stop() == 0
    assert "answer 503 until `livelambda start` or `livelambda deploy`" in session.stderr
    app.run("deploy", "--stage", "one")
    assert runtime_of(app, stack) == "nodejs20.x"
    assert app.cloud.invoke(function_of(app, stack), {}).payload == b'"one"'


def test_nothing_changed_is_no_deployment(app, start):
    first = start(app.folder, app.cloud, "one")
    assert first.select("deploy")
    assert first.stop() == 0
    second = start(app.folder, app.cloud, "one")
    assert not second.select("deploy")
    assert second.select("target")[0]["stacks"] == [f"one-{app.folder.name}", f"one-{app.folder.name}-debug-stack"]
    assert app.cloud.invoke(second.function("Plain"), {}).payload == b'"one"'
    assert second.stop() == 0
    apps.save(app.folder / "plain.mjs", HANDLER.replace("one", "two"))
    third = start(app.folder, app.cloud, "one")
    assert not third.select("deploy"), "code of live functions is no part of a deployment"
    assert third.stop() == 0


def test_outputs_and_diff(app, start):
    missing = app.run("outputs", "--stage", "one")
    assert missing.returncode == 5 and "is not there" in missing.stderr
    new = app.events("diff", "--stage", "one")
    assert any(line.startswith("+ Topic (AWS::SNS::Topic)") for line in new[0]["changes"])
    assert app.stacks().isdisjoint({f"one-{app.folder.name}"}), "a comparison makes nothing"
    session = start(app.folder, app.cloud, "one")
    outputs = app.events("outputs", "--stage", "one")
    assert outputs[0]["outputs"] == session.outputs
    assert app.events("diff", "--stage", "one")[0]["event"] == "stopped"
    apps.edit(app.folder / "template.yaml", "Type: AWS::SNS::Topic", "Type: AWS::SNS::Topic\n    Properties: {TopicName: t}")
    lines = next(event for event in app.events("diff", "--stage", "one") if event["event"] == "infrastructure")["changes"]
    assert re.match(r"~ Topic \(AWS::SNS::Topic\), replaced", lines[0]), lines
    assert app.events("diff", "--stage", "one") and session.stop() == 0


def test_remove_leaves_nothing_and_can_be_repeated(app, start):
    names = {f"one-{app.folder.name}", f"one-{app.folder.name}-debug-stack"}
    assert start(app.folder, app.cloud, "one").stop() == 0
    assert names <= app.stacks()
    buckets = {bucket["Name"] for bucket in app.cloud.client("s3").list_buckets()["Buckets"]}
    refused = app.run("remove", "--stage", "one")
    assert refused.returncode == 2 and "--yes" in refused.stderr
    assert names <= app.stacks()
    removed = app.run("remove", "--stage", "one", "--yes")
    assert removed.returncode == 0, removed.stderr
    assert app.stacks().isdisjoint(names)
    left = {bucket["Name"] for bucket in app.cloud.client("s3").list_buckets()["Buckets"]}
    assert {bucket for bucket in buckets - left if app.folder.name in bucket}
    assert not {bucket for bucket in left if app.folder.name in bucket}
    again = app.run("remove", "--stage", "one", "--yes")
    assert again.returncode == 0 and "nothing of" in again.stdout


def test_what_is_left_of_an_app_whose_template_is_gone_is_removed_by_its_tags(app, tmp_path):
    names = {f"one-{app.folder.name}", f"one-{app.folder.name}-debug-stack"}
    assert app.run("deploy", "--stage", "one").returncode == 0
    assert names <= app.stacks()
    (app.folder / "template.yaml").unlink()
    asked = app.run("remove")
    assert asked.returncode == 2 and "--yes" in asked.stderr
    assert f"livelambda:app={app.folder.name} and livelambda:stage=one" in asked.stdout, "stage and name are remembered"
    assert app.run("remove", "--template", str(app.folder / "template.yaml")).returncode == 2, "a name that was typed has to be right"
    elsewhere = App(tmp_path / "elsewhere", tmp_path / "home", app.cloud)
    elsewhere.folder.mkdir()
    nameless = elsewhere.run("remove", "--stage", "one", "--yes")
    assert nameless.returncode == 3 and "has no template.yaml" in nameless.stderr and "--app" in nameless.stderr
    other = elsewhere.run("remove", "--stage", "two", "--app", app.folder.name, "--yes")
    assert other.returncode == 0 and f"nothing of {app.folder.name} is deployed on stage two" in other.stdout
    assert elsewhere.run("remove", "--stage", "one", "--app", "no name", "--yes").returncode == 2
    assert names <= app.stacks()
    removed = elsewhere.run("remove", "--stage", "one", "--app", app.folder.name, "--yes")
    assert removed.returncode == 0, removed.stderr
    assert app.stacks().isdisjoint(names)
    assert not list(elsewhere.folder.iterdir()), "nothing is left behind where there was nothing"


def test_a_stack_that_livelambda_did_not_make_is_left_alone(app, start):
    client = app.cloud.client("cloudformation")
    stack = f"one-{app.folder.name}"
    client.create_stack(StackName=stack, TemplateBody=json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}))
    for verb in ("start", "deploy"):
        refused = app.run(verb, "--stage", "one")
        assert refused.returncode == 5, refused.stdout
        assert "--take-over" in refused.stderr
        assert f"{stack}-debug-stack" not in app.stacks(), "nothing is changed before it is known to be meant"
    session = start(app.folder, app.cloud, "one", "--take-over")
    assert session.function("Plain")
    tags = client.describe_stacks(StackName=stack)["Stacks"][0]["Tags"]
    assert {"Key": "livelambda:stage", "Value": "one"} in tags
    assert session.stop() == 0


@pytest.mark.parametrize("stage", ["prod", "production", "live", "PROD"])
def test_a_stage_that_looks_like_production_has_to_be_meant(app, stage):
    for verb in ("start", "deploy", "remove"):
        refused = app.run(verb, "--stage", stage)
        assert refused.returncode == 2
        assert "--yes-really" in refused.stderr


def test_parameters_and_another_template(app, tmp_path):
    text = (app.folder / "template.yaml").read_text().replace("Resources:\n", "Parameters:\n  Name: {Type: String}\nResources:\n", 1)
    text = text.replace("Type: AWS::SNS::Topic\n", "Type: AWS::SNS::Topic\n    Properties: {DisplayName: !Ref Name}\n")
    (app.folder / "other.yaml").write_text(text)
    deployed = app.run("deploy", "--stage", "one", "--template", str(app.folder / "other.yaml"), "--parameter", "Name=Ann")
    assert deployed.returncode == 0, deployed.stderr
    stack = app.cloud.client("cloudformation").describe_stacks(StackName=f"one-{app.folder.name}")["Stacks"][0]
    assert {"ParameterKey": "Name", "ParameterValue": "Ann"} in stack["Parameters"]
    broken = app.run("deploy", "--stage", "one", "--template", str(tmp_path / "nowhere.yaml"))
    assert broken.returncode == 2 and "nowhere.yaml is not a file" in broken.stderr


def test_without_credentials_one_sentence_before_anything_else(app):
    app.environment = {key: value for key, value in app.environment.items() if not key.startswith("AWS_")}
    app.environment["AWS_EC2_METADATA_DISABLED"] = "true"
    for verb in ("start", "deploy", "diff", "remove", "outputs"):
        refused = app.run(verb)
        assert refused.returncode == 4, refused.stderr
        assert "no AWS credentials were found" in refused.stderr
        assert "aws configure" in refused.stderr


def test_an_edit_of_the_template_is_shown_and_deployed_on_enter(app):
    terminal = Terminal([PROGRAM, "start", "--app-dir", app.folder, "--stage", "one"], app.environment)
    terminal.wait_for("Ctrl+C ends")
    terminal.type("")  # before there is anything to deploy: it answers nothing
    apps.edit(app.folder / "template.yaml", "Type: AWS::SNS::Topic",
              "Type: AWS::SNS::Topic\n    Properties: {DisplayName: Ann}")
    terminal.wait_for("Press Enter to deploy")
    assert "~ Topic (AWS::SNS::Topic)" in terminal.text
    topics = app.cloud.client("sns")
    arn = app.cloud.client("cloudformation").describe_stack_resource(
        StackName=f"one-{app.folder.name}", LogicalResourceId="Topic")["StackResourceDetail"]["PhysicalResourceId"]
    assert topics.get_topic_attributes(TopicArn=arn)["Attributes"].get("DisplayName", "") == ""
    terminal.type("")
    terminal.wait_for("Ctrl+C ends", 2)
    assert topics.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "Ann"
    apps.save(app.folder / "template.yaml", "Resources: [")
    terminal.wait_for("template.yaml:")
    assert app.cloud.invoke(function_of(app, f"one-{app.folder.name}"), {}).payload == b'"one"', "it goes on"
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 0


def answer_of(app: App, name: str, wanted: bytes):
    wait_until(lambda: app.cloud.invoke(name, {}).payload == wanted, f"{name} answers {wanted}")


def test_what_an_edit_of_the_template_makes_new_runs_live(app, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    apps.save(elsewhere / "added.mjs", HANDLER.replace("one", "added"))
    apps.save(app.folder / "plain.mjs", HANDLER + HANDLER.replace("handler", "other").replace("one", "other"))
    stack = f"one-{app.folder.name}"
    terminal = Terminal([PROGRAM, "start", "--app-dir", app.folder, "--stage", "one"], app.environment)
    terminal.wait_for("Ctrl+C ends")
    assert app.cloud.invoke(function_of(app, stack), {}).payload == b'"one"'
    apps.edit(app.folder / "template.yaml", "plain.handler",
              "plain.other\n  Added:\n    Type: AWS::Serverless::Function\n"
              "    Properties: {Handler: added.handler, CodeUri: ../elsewhere}")
    terminal.wait_for("Press Enter to deploy")
    os.write(terminal.parent, b"\n\n")  # the second one answers nothing
    terminal.wait_for("Ctrl+C ends", 2)
    assert app.cloud.invoke(function_of(app, stack), {}).payload == b'"other"'
    added = app.cloud.client("cloudformation").describe_stack_resource(StackName=stack, LogicalResourceId="Added")
    added = added["StackResourceDetail"]["PhysicalResourceId"]
    assert app.cloud.invoke(added, {}).payload == b'"added"'
    apps.save(elsewhere / "added.mjs", HANDLER.replace("one", "edited"))
    answer_of(app, added, b'"edited"')
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 0


def test_code_that_moves_needs_no_deployment(app, start):
    apps.edit(app.folder / "template.yaml", "Handler: plain.handler", "Handler: plain.handler\n      CodeUri: ./")
    session = start(app.folder, app.cloud, "one")
    assert app.cloud.invoke(session.function("Plain"), {}).payload == b'"one"'
    (app.folder / "moved").mkdir()
    apps.save(app.folder / "moved" / "plain.mjs", HANDLER.replace("one", "moved"))
    begin = session.mark()
    apps.edit(app.folder / "template.yaml", "CodeUri: ./", "CodeUri: moved/")
    answer_of(app, session.function("Plain"), b'"moved"')
    apps.save(app.folder / "moved" / "plain.mjs", HANDLER.replace("one", "two"))
    answer_of(app, session.function("Plain"), b'"two"')
    assert not [one for one in session.events[begin:] if one["event"] in ("deploy", "infrastructure")]
    assert session.stop() == 0


def test_a_parameter_without_a_value_stops_before_anything_is_changed(app):
    text = (app.folder / "template.yaml").read_text()
    apps.save(app.folder / "template.yaml", text.replace("Resources:\n", "Parameters: {Name: {Type: String}}\nResources:\n", 1))
    for verb in ("start", "deploy"):
        refused = app.run(verb, "--stage", "one")
        assert refused.returncode == 2 and "--parameter Name=VALUE" in refused.stderr
    assert not [stack for stack in app.stacks() if app.folder.name in stack]


def test_a_local_cloud_needs_no_shared_files(app, tmp_path):
    broken = tmp_path / "broken"
    broken.write_text("[default\nregion")
    for file in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        app.environment[file] = str(broken)
    compared = app.run("diff", "--local", "--stage", "one")
    assert compared.returncode == 0, compared.stderr


def test_on_a_terminal_the_name_is_asked_for(app):
    client = app.cloud.client("cloudformation")
    stack = f"one-{app.folder.name}"
    client.create_stack(StackName=stack, TemplateBody=json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}))
    command = [PROGRAM, "deploy", "--app-dir", app.folder, "--stage", "one", "--take-over"]
    terminal = Terminal(command, app.environment)
    terminal.wait_for("to go on: ")
    terminal.type("yes")
    terminal.wait_for("is left as it is")
    assert terminal.end() == 2
    assert f"{stack}-debug-stack" not in app.stacks()
    terminal = Terminal(command, app.environment)
    terminal.wait_for("to go on: ")
    terminal.type(stack)
    terminal.wait_for("TopicArn")
    assert terminal.end() == 0
    refused = app.run("remove", "--stage", "one", "--yes")
    assert refused.returncode == 5 and "--take-over" in refused.stderr
    remove = Terminal([PROGRAM, "remove", "--app-dir", app.folder, "--stage", "one", "--take-over"], app.environment)
    remove.wait_for("to go on: ")
    remove.type(stack)
    remove.wait_for("to go on: ", 2)
    remove.type("one")
    assert remove.end() == 0
    assert stack not in app.stacks()


NESTED = """Transform: AWS::Serverless-2016-10-31
Resources:
  Child:
    Type: AWS::Serverless::Application
    Properties:
      Location: child/template.yaml
      Parameters: {Greeting: hello}
  Other:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: child/template.yaml, Parameters: {Greeting: bye}}
Outputs:
  First: {Value: !GetAtt Child.Outputs.Fn}
  Second: {Value: !GetAtt Other.Outputs.Fn}
"""
CHILD = """Transform: AWS::Serverless-2016-10-31
Parameters: {Greeting: {Type: String}}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs20.x
      Handler: hello.handler
      CodeUri: src
      Environment: {Variables: {GREETING: !Ref Greeting}}
  Stays:
    Type: AWS::Serverless::Function
    Properties: {Runtime: nodejs20.x, Handler: index.handler, InlineCode: !Sub "exports.handler = async () => '${AWS::StackId}';"}
Outputs:
  Fn: {Value: !Ref Hello}
"""


def test_functions_of_nested_stacks_are_live(tmp_path, home, cloud, start):
    app = App(tmp_path / "nested", home, cloud)
    (app.folder / "child" / "src").mkdir(parents=True)
    (app.folder / "template.yaml").write_text(NESTED)
    (app.folder / "child" / "template.yaml").write_text(CHILD)
    source = app.folder / "child" / "src" / "hello.js"
    source.write_text("exports.handler = async () => process.env.GREETING;")
    session = start(app.folder, cloud, "one")
    assert [function["logicalId"] for function in session.ready["functions"]] == ["Child/Hello", "Other/Hello"]
    assert "Child/Stays keeps its code in AWS" in session.stderr
    assert cloud.invoke(session.outputs["First"], {}).payload == b'"hello"'
    assert cloud.invoke(session.outputs["Second"], {}).payload == b'"bye"'
    mark = session.mark()
    apps.edit(source, "process.env", "'edited ' + process.env")
    session.wait_for("reload", after=mark)
    assert cloud.invoke(session.outputs["Second"], {}).payload == b'"edited bye"'
    assert session.stop() == 0
    assert not start(app.folder, cloud, "one").select("deploy"), "nothing has changed"

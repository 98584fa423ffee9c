"""Templates that only CloudFormation can expand, live: a macro that adds functions, and loops which it sees first."""

import json
import subprocess

import pytest

from harness import apps, rewriting
from harness.processes import PROGRAM, clean_environment
from harness.session import Session
from harness.stacks import change_set, deploy

# Every function of the template gets a variable, and its parameter Copies names more functions like Plain.
MACRO = """
exports.handler = async ({ fragment, params, templateParameterValues, requestId, transformId }) => {
  if (templateParameterValues.Day === 'Monday') return { requestId, status: 'failure', errorMessage: 'it is Monday' };
  const resources = fragment.Resources;
  if (!resources) return { requestId, status: 'success', fragment: { ...fragment, DisplayName: params.Name } };
  for (const name of params.Copies ?? []) resources[name] = structuredClone(resources.Plain);
  for (const one of Object.values(resources)) {
    if (one.Type !== 'AWS::Serverless::Function') continue;
    one.Properties.Environment = { Variables: { MACRO: transformId } };
  }
  return { requestId, status: 'success', fragment };
};
"""
MACROS = f"""
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{{ Effect: Allow, Action: "sts:AssumeRole", Principal: {{ Service: lambda.amazonaws.com }} }}]
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Handler: index.handler
      Runtime: nodejs20.x
      Role: !GetAtt Role.Arn
      Code: {{ ZipFile: {json.dumps(MACRO)} }}
  Macro:
    Type: AWS::CloudFormation::Macro
    Properties: {{ Name: AddsFunctions, FunctionName: !GetAtt Function.Arn }}
"""
APP = """AWSTemplateFormatVersion: "2010-09-09"
Transform:
  - Name: AddsFunctions
    Parameters: { Copies: [Extra] }
  - AWS::LanguageExtensions
  - AWS::Serverless-2016-10-31
Parameters:
  Names: { Type: CommaDelimitedList, Default: "red, blue" }
  Day: { Type: String, Default: Tuesday }
Globals:
  Function: { Runtime: nodejs20.x, Timeout: 30 }
Resources:
  Plain:
    Type: AWS::Serverless::Function
    Properties: { CodeUri: ./plain, Handler: index.handler }
  Fn::ForEach::Functions:
    - Name
    - !Ref Names
    - Loop${Name}:
        Type: AWS::Serverless::Function
        Properties: { CodeUri: "./${Name}", Handler: index.handler, Environment: { Variables: { NAME: !Ref Name } } }
Outputs:
  Fn::ForEach::Outputs: [Name, !Ref Names, { "Out${Name}": { Value: !GetAtt "Loop${Name}.Arn" } }]
"""
HANDLER = "export const handler = async () => `%s ${process.env.NAME} ${process.env.MACRO}`;\n"
STACK = "test-processed"
MACRO_ID = "123456789012::AddsFunctions"


@pytest.fixture(scope="module")
def app(module_path):
    folder = module_path / "processed"
    folder.mkdir()
    (folder / "template.yaml").write_text(APP)
    for name in ("plain", "red", "blue"):
        (folder / name).mkdir()
        (folder / name / "index.mjs").write_text(HANDLER % name)
    return folder


@pytest.fixture(scope="module")
def macro(cloud):
    deploy(cloud, "macros", MACROS)
    return MACRO_ID


@pytest.fixture(scope="module")
def session(cloud, macro, app, module_path):
    return Session(app, cloud, module_path / "home", "test")


def start(cloud, app, home, *arguments) -> tuple[int, str]:
    done = subprocess.run([PROGRAM, "start", "--app-dir", app, "--stage", *arguments], capture_output=True, text=True,
                          env=clean_environment(home, **cloud.env), stdin=subprocess.DEVNULL, timeout=120)
    return done.returncode, done.stdout + done.stderr


def test_what_a_macro_refuses_is_said_and_nothing_is_left(cloud, macro, app, module_path):
    status, said = start(cloud, app, module_path / "home", "monday", "--parameter", "Day=Monday")
    assert status != 0
    assert f"Transform {macro} failed with: it is Monday" in said, said
    names = [one["StackName"] for one in cloud.client("cloudformation").describe_stacks()["Stacks"]]
    assert "monday-processed" not in names


def test_functions_of_macros_and_loops_are_live(cloud, macro, session):
    assert sorted(one["logicalId"] for one in session.ready["functions"]) == ["Extra", "Loopblue", "Loopred", "Plain"]
    for name, says in {"Plain": f"plain undefined {macro}", "Extra": f"plain undefined {macro}",
                       "Loopred": "red red undefined", "Loopblue": "blue blue undefined"}.items():
        answer = cloud.invoke(session.function(name), {})
        assert answer.error is None, answer.payload
        assert answer.json == says
    assert session.outputs["Outblue"].endswith(session.function("Loopblue"))
    assert "keep their code in AWS" not in session.stderr


def test_the_change_set_that_was_only_asked_leaves_nothing(cloud, session):
    client = cloud.client("cloudformation")
    left = client.list_change_sets(StackName=STACK)["Summaries"]
    assert [one["ExecutionStatus"] for one in left] == ["EXECUTE_COMPLETE"]
    deployed = client.get_template(StackName=STACK)["TemplateBody"]
    assert "Transform" not in deployed and "LiveLambdaBucket" in deployed["Parameters"]
    assert "Fn::ForEach" not in json.dumps(deployed) and "livelambda-path" not in json.dumps(deployed)


def test_an_edit_of_code_reloads_and_one_of_the_template_is_compared_with_what_was_processed(cloud, session, app):
    mark = session.mark()
    apps.edit(app / "red" / "index.mjs", "red", "crimson")
    session.wait_for("reload", after=mark, function="Loopred")
    assert cloud.invoke(session.function("Loopred"), {}).json == "crimson red undefined"
    mark = session.mark()
    apps.edit(app / "template.yaml", "Copies: [Extra]", "Copies: [Extra, More]")
    shown = session.wait_for("infrastructure", after=mark)
    assert [line for line in shown["changes"] if line.startswith("+ ")] and all("More" in line for line in shown["changes"])
    apps.edit(app / "template.yaml", "Copies: [Extra, More]", "Copies: [Extra]")


def test_a_second_start_has_nothing_to_deploy(cloud, session, app, module_path):
    before = len(cloud.stack_events(STACK))
    session.interrupt()
    session.wait()
    again = Session(app, cloud, module_path / "home", "test")
    assert len(cloud.stack_events(STACK)) == before
    again.interrupt()
    again.wait()


def test_deploy_gives_what_macros_and_loops_made_its_own_code(cloud, session, app, module_path):
    def livelambda(verb: str) -> subprocess.CompletedProcess:
        return subprocess.run([PROGRAM, verb, "--app-dir", app, "--stage", "test"], capture_output=True, text=True, check=False,
                              env=clean_environment(module_path / "home", **cloud.env), stdin=subprocess.DEVNULL, timeout=120)

    names = {name: session.function(name) for name in ("Plain", "Extra", "Loopred", "Loopblue")}
    done = livelambda("deploy")
    assert done.returncode == 0, done.stdout + done.stderr
    for name, says in {"Plain": "plain", "Extra": "plain", "Loopred": "crimson red", "Loopblue": "blue blue"}.items():
        assert cloud.client("lambda").get_function_configuration(FunctionName=names[name])["Runtime"] == "nodejs20.x"
        assert cloud.invoke(names[name], {}).json.startswith(says)
    assert "is up to date" in livelambda("diff").stdout


def test_a_macro_within_the_template_gets_what_stands_beside_it(cloud, macro):
    within = {"Fn::Transform": {"Name": "AddsFunctions", "Parameters": {"Name": "Ann"}}, "FifoTopic": True}
    topic = {"Type": "AWS::SNS::Topic", "Properties": within}
    made = change_set(cloud, "within", {"Resources": {"Topic": topic}})
    assert made["Status"] == "CREATE_COMPLETE", made
    processed = cloud.client("cloudformation").get_template(
        StackName="within", ChangeSetName=made["ChangeSetName"], TemplateStage="Processed")["TemplateBody"]
    assert processed["Resources"]["Topic"]["Properties"] == {"DisplayName": "Ann", "FifoTopic": True}
    made = change_set(cloud, "unknown", {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}, "Transform": "Nobodys"})
    assert made["Status"] == "FAILED" and made["StatusReason"] == "No transform named 123456789012::Nobodys found."


def test_rewrite_has_no_network_and_says_what_it_cannot_know(app):
    outcome = rewriting.rewrite(app)
    assert outcome.status == 0, outcome.said
    assert [one for one in outcome.said if "AddsFunctions" in one and "keep their code in AWS" in one]
    assert [one for one in outcome.said if "Fn::ForEach::Functions" in one]

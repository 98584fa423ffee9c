"""Deployments that are interrupted, meet each other, or find a stage in a state that they did not leave it in."""

import json
import signal
import subprocess
import threading

import pytest

from harness import apps, functions, judges
from harness.processes import PROGRAM, clean_environment, wait_until
from harness.session import Session
from harness.stacks import CAPABILITIES, deploy, settled, template
from harness.stages import TOPIC, Account, Stage

HANDLER = "export const handler = async () => 'one';\n"
# Where a deployment may be when it is interrupted, as requests that it makes.
STEPS = ("Action=GetCallerIdentity", "Action=DescribeStacks", "Action=CreateChangeSet", "Action=DescribeChangeSet",
         "Action=ExecuteChangeSet", "PUT /", "Action=DescribeStackEvents", "Action=ListStackResources", "PutItem")
REFUSES_UPDATES = """
exports.handler = async (event) => {
  const { RequestId, StackId, LogicalResourceId } = event;
  const Status = event.RequestType === 'Update' ? 'FAILED' : 'SUCCESS';
  const body = JSON.stringify({ Status, Reason: 'no', PhysicalResourceId: 'x', RequestId, StackId, LogicalResourceId });
  await fetch(event.ResponseURL, { method: 'PUT', body });
};
"""


class Interrupter:
    """A way to the cloud on which the first request of a kind interrupts who sends it."""

    def __init__(self, cloud):
        from harness.recorder import Recorder
        self._cloud, self._step, self._session = cloud, None, None
        self._known = threading.Event()
        self.recorder = Recorder(self._choose)
        self.account = Account({**cloud.env, "AWS_ENDPOINT_URL": self.recorder.endpoint})

    def interrupt_at(self, step: str, stage: Stage) -> Session:
        self._known.clear()
        self._step = step
        self._session = stage.start(wait=False)
        self._known.set()
        return self._session

    def _choose(self, request) -> str:
        text = f"{request.method} {request.target} {request.headers.get('x-amz-target', '')} {request.body[:60]!r}"
        step = self._step
        if step is not None and step in text:
            self._step = None
            self._known.wait(30)
            self._session.interrupt()
        return self._cloud.endpoint

    @property
    def waits(self) -> bool:
        return self._step is not None


@pytest.fixture(scope="module")
def interrupter(cloud):
    judges.module("botocore", "botocore")
    interrupter = Interrupter(cloud)
    yield interrupter
    interrupter.recorder.close()


@pytest.fixture
def stage(cloud, home, tmp_path, request) -> Stage:
    app = apps.plain(tmp_path, "app", resources=TOPIC, Fn=HANDLER)
    return Stage(cloud, home, app, request.node.name.removeprefix("test_").replace("_", "-")[:40].strip("-"))


def unexecuted(cloud, stack: str) -> list[str]:
    return [one["ChangeSetName"] for one in cloud.client("cloudformation").list_change_sets(StackName=stack)["Summaries"]
            if one["ExecutionStatus"] == "AVAILABLE"]


def names(cloud, stage: Stage) -> list[str]:
    return [one["StackName"] for one in cloud.client("cloudformation").describe_stacks()["Stacks"]
            if one["StackName"].startswith(stage.stack)]


def test_ctrl_c_at_every_step(cloud, interrupter, stage):
    stage.account = interrupter.account
    for number, step in enumerate(STEPS):
        stage.write(f"  Queue{number}:\n    Type: AWS::SQS::Queue\n")  # so that there is something to do
        session = interrupter.interrupt_at(step, stage)
        wait_until(lambda: not interrupter.waits, f"{step} comes")
        assert session.wait(20) == 0, f"{step}: {session.describe()}"
    stage.start_and_end()
    for stack in (stage.stack, stage.debug_stack):
        assert settled(cloud, stack)["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
        assert unexecuted(cloud, stack) == []


def test_two_first_deployments_at_once(cloud, stage):
    both = [stage.run("deploy"), stage.run("deploy")]
    for one in both:
        assert one.wait(120) == 0, one.describe()
    assert cloud.stack(stage.stack)["StackStatus"] == "CREATE_COMPLETE"


def test_deploy_start_deploy_leaves_nothing_of_livelambda_in_roles(cloud, stage):
    def policies() -> str:
        role = cloud.client("cloudformation").describe_stack_resource(
            StackName=stage.stack, LogicalResourceId="FnRole")["StackResourceDetail"]["PhysicalResourceId"]
        iam = cloud.client("iam")
        return json.dumps([iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
                           for name in iam.list_role_policies(RoleName=role)["PolicyNames"]])

    first = stage.run("deploy")
    assert first.wait(120) == 0, first.describe()
    real = policies()
    assert "execute-api" not in real
    stage.start_and_end()
    assert "execute-api" in policies()
    second = stage.run("deploy")
    assert second.wait(120) == 0, second.describe()
    assert policies() == real
    resources = [one["LogicalResourceId"] for one in
                 cloud.client("cloudformation").describe_stack_resources(StackName=stage.stack)["StackResources"]]
    assert not [one for one in resources if "LiveLambda" in one], resources


def test_a_large_template_goes_through_the_bucket(cloud, stage):
    stage.write("".join(f"  Topic{number}:\n    Type: AWS::SNS::Topic\n    Metadata: {{ About: {'x' * 1000} }}\n"
                        for number in range(60)))
    stage.start_and_end()
    body = cloud.client("cloudformation").get_template(StackName=stage.stack)["TemplateBody"]
    assert len(json.dumps(body)) > 51_200


def test_a_rollback_that_failed_is_named_with_the_command(cloud, stage):
    thing = {"Type": "Custom::Thing", "Properties": {"ServiceToken": {"Fn::GetAtt": ["Fn", "Arn"]}, "Value": "a"}}
    body = template({"Role": functions.role(), "Thing": thing, "Fn": {"Type": "AWS::Lambda::Function", "Properties": {
        "Handler": "index.handler", "Runtime": "nodejs20.x", "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Code": {"ZipFile": REFUSES_UPDATES}}}})
    deploy(cloud, stage.stack, body)
    body["Resources"]["Thing"]["Properties"]["Value"] = "b"
    cloud.client("cloudformation").update_stack(
        StackName=stage.stack, TemplateBody=json.dumps(body), Capabilities=list(CAPABILITIES),
        Tags=[{"Key": "livelambda:app", "Value": "app"}, {"Key": "livelambda:stage", "Value": stage.name}])
    assert settled(cloud, stage.stack)["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    error = stage.fail("--take-over")
    assert "UPDATE_ROLLBACK_FAILED" in error["message"], error
    assert f"aws cloudformation continue-update-rollback --stack-name {stage.stack}" in error["hint"], error


def test_remove_goes_by_tags_where_the_template_cannot_be_read(cloud, stage):
    stage.start_and_end()
    assert names(cloud, stage)
    (stage.app / "template.yaml").write_text("Resources: [")
    asked = stage.run("remove")
    assert asked.wait(60) == 2, asked.describe()
    assert names(cloud, stage)
    removed = stage.run("remove", "--yes")
    assert removed.wait(120) == 0, removed.describe()
    assert "template.yaml:2: " in removed.stderr, removed.describe()
    assert f"livelambda:app=app and livelambda:stage={stage.name}" in removed.stderr, removed.describe()
    assert names(cloud, stage) == []


def test_remove_during_a_session_ends_it(cloud, stage):
    session = stage.start()
    removed = stage.run("remove", "--yes")
    assert removed.wait(120) == 0, removed.describe()
    assert names(cloud, stage) == []
    assert session.wait(60) == 5, session.describe()
    error = session.select("error")[-1]
    assert "removed" in error["message"], error


def test_standard_input_may_be_closed(cloud, stage):
    session = Session(stage.app, cloud, stage.home, stage.name, wait=False)
    session.kill()
    command = f'exec "{PROGRAM}" start --json --app-dir "{stage.app}" --stage {stage.name} <&-'
    closed = subprocess.Popen(["sh", "-c", command], env=clean_environment(stage.home, **cloud.env), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for line in closed.stdout:
        if '"event":"ready"' in line:
            name = json.loads(line)["functions"][0]["name"]
            break
    assert cloud.invoke(name, {}).json == "one"
    closed.send_signal(signal.SIGINT)
    assert closed.wait(60) == 0


def test_settings_are_read_while_a_session_runs(cloud, stage):
    (stage.app / "other").mkdir()
    (stage.app / "other" / "fn.mjs").write_text(HANDLER.replace("one", "two"))
    session = stage.start()
    name = session.function("Fn")
    assert cloud.invoke(name, {}).json == "one"
    apps.save(stage.app / "livelambda.yaml", "functions: { Fn: { source: other } }\n")
    wait_until(lambda: cloud.invoke(name, {}).json == "two", "the source of the settings runs")
    apps.save(stage.app / "livelambda.yaml", "name: another\nfunctions: { Fn: { source: other } }\n")
    wait_until(lambda: "livelambda.yaml: another `name`" in session.stderr, "it is said what takes another session")
    apps.save(stage.app / "livelambda.yaml", "functions: [\n")
    wait_until(lambda: "livelambda.yaml:2: " in session.stderr or "livelambda.yaml:1: " in session.stderr,
               "what is wrong is said with its line")
    assert cloud.invoke(name, {}).json == "two", "it goes on"
    mark = session.mark()
    apps.save(stage.app / "livelambda.yaml", "functions: { Fn: { live: false } }\n")
    assert session.wait_for("infrastructure", after=mark)["changes"]

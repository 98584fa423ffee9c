"""A stage's stacks from their first deployment to their removal, by the program itself on the local cloud, and every
request to CloudFormation and S3 on the way read by botocore's models."""

import json
import shutil

import pytest

from harness import apps, judges
from harness.stacks import deploy, settled
from harness.stages import TOPIC, Account, Stage

HANDLER = "export const handler = async () => 'one';\n"
BAD_QUEUE = "  Queue:\n    Type: AWS::SQS::Queue\n    Properties: { VisibilityTimeout: 99999 }\n"
HANDLE = "  Handle:\n    Type: AWS::CloudFormation::WaitConditionHandle\n"
NEVER = HANDLE + ("  Never:\n    Type: AWS::CloudFormation::WaitCondition\n"
                  "    Properties: { Handle: !Ref Handle, Timeout: 3600 }\n")


@pytest.fixture(scope="module")
def recorder(cloud):
    judges.module("botocore", "botocore")
    from harness.recorder import Recorder
    recorder = Recorder(cloud.endpoint)
    yield recorder
    recorder.close()


@pytest.fixture(scope="module")
def account(cloud, recorder) -> Account:
    return Account({**cloud.env, "AWS_ENDPOINT_URL": recorder.endpoint})


@pytest.fixture
def stage(account, home, tmp_path, request) -> Stage:
    app = apps.plain(tmp_path, "app", resources=TOPIC, Fn=HANDLER)
    return Stage(account, home, app, request.node.name.removeprefix("test_").replace("_", "-")[:40].strip("-"))


def status_of(cloud, stack: str) -> str:
    return cloud.stack(stack)["StackStatus"]


def stacks(cloud, stage: Stage) -> list[str]:
    return [one["StackName"] for one in cloud.client("cloudformation").describe_stacks()["Stacks"]
            if one["StackName"].startswith(stage.stack)]


def test_nothing_changed_is_only_read(cloud, recorder, stage):
    stage.start_and_end()
    before = len(recorder.requests)
    stage.start_and_end()
    asked = [one for one in recorder.requests[before:] if one.service in ("cloudformation", "s3")]
    actions = sorted(one.body.decode().split("&")[0] for one in asked)
    assert set(actions) <= {"Action=DescribeStacks", "Action=ListStackResources"}, actions
    assert len(actions) <= 5, actions
    tags = {one["Key"]: one["Value"] for one in cloud.stack(stage.stack)["Tags"]}
    assert tags == {"livelambda:app": "app", "livelambda:stage": stage.name}
    assert cloud.outputs(stage.stack)["LiveLambdaTemplate"].startswith("live:")


def test_a_change_is_deployed_and_touches_nothing_else(cloud, stage):
    stage.start_and_end()
    before = len(cloud.stack_events(stage.stack))
    stage.write("  Queue:\n    Type: AWS::SQS::Queue\n")
    stage.start_and_end()
    events = cloud.stack_events(stage.stack)[:-before]
    assert {one["LogicalResourceId"] for one in events} == {"Queue", stage.stack}


def test_a_failure_names_its_reason_after_the_rollback(cloud, stage):
    stage.write(BAD_QUEUE)
    error = stage.fail()
    assert error["kind"] == "deployment" and "Queue (AWS::SQS::Queue)" in error["message"], error
    assert status_of(cloud, stage.stack) == "ROLLBACK_COMPLETE"
    stage.write("")
    stage.start_and_end()  # what the failed creation left is deleted first
    assert status_of(cloud, stage.stack) == "CREATE_COMPLETE"
    stage.write(BAD_QUEUE)
    assert "Queue (AWS::SQS::Queue)" in stage.fail()["message"]
    assert status_of(cloud, stage.stack) == "UPDATE_ROLLBACK_COMPLETE"
    stage.write("")
    before = len(cloud.stack_events(stage.stack))
    stage.start_and_end()  # and what was rolled back to is what is wanted
    assert len(cloud.stack_events(stage.stack)) == before


def test_a_failure_inside_of_a_nested_stack_is_the_reason(cloud, stage):
    (stage.app / "inner.yaml").write_text("Resources:\n  Good:\n    Type: AWS::SNS::Topic\n" + BAD_QUEUE)
    stage.account = cloud  # a template's URL has to be the cloud's own
    stage.write("  Inner:\n    Type: AWS::CloudFormation::Stack\n    Properties: { TemplateURL: inner.yaml }\n")
    session = stage.start(wait=False)
    assert session.wait(120) == 5, session.describe()
    assert "Inner/Queue (AWS::SQS::Queue)" in session.select("error")[-1]["message"]
    assert session.select("deploy", resource="Inner/Good", status="CREATE_COMPLETE")
    assert status_of(cloud, stage.stack) == "ROLLBACK_COMPLETE"


def test_an_interrupted_update_is_cancelled(cloud, stage):
    stage.start_and_end()
    stage.write(NEVER)
    session = stage.start(wait=False)
    session.wait_for("deploy", resource="Never", status="CREATE_IN_PROGRESS", timeout=120)
    session.interrupt()
    assert session.wait(60) == 0, session.describe()
    assert any("cancelled" in one["reason"] for one in session.select("deploy", resource=stage.stack))
    cloud.advance(3_601_000)  # what is under way ends before the way back begins
    assert settled(cloud, stage.stack)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    stage.write("")
    stage.start_and_end()


def test_an_interrupted_creation_goes_on_and_is_picked_up(cloud, stage):
    stage.write(NEVER)
    session = stage.start(wait=False)
    session.wait_for("deploy", resource="Never", status="CREATE_IN_PROGRESS", timeout=120)
    session.interrupt()
    assert session.wait(60) == 0, session.describe()
    reasons = [one["reason"] for one in session.select("deploy", resource=stage.stack)]
    assert any(f"aws cloudformation wait stack-create-complete --stack-name {stage.stack}" in one for one in reasons)
    assert status_of(cloud, stage.stack) == "CREATE_IN_PROGRESS"
    again = stage.start(wait=False)
    again.wait_for("deploy", resource=stage.stack, timeout=120,
                   reason=lambda text: "already under way" in text)
    cloud.advance(3_601_000)
    # Its events are told if they come after the word that it is waited for; either way what it left is deleted.
    again.wait_for("deploy", resource=stage.stack, timeout=120, reason=lambda text: "failed creation left behind" in text)
    again.interrupt()
    assert again.wait(60) == 0, again.describe()


def test_a_name_under_review_with_old_change_sets_of_ours_is_created(cloud, stage):
    formation = cloud.client("cloudformation")
    formation.create_change_set(StackName=stage.stack, ChangeSetName="livelambda-killed", ChangeSetType="CREATE",
                                TemplateBody=json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}))
    stage.start_and_end()
    assert status_of(cloud, stage.stack) == "CREATE_COMPLETE"


def test_a_stack_of_others_is_taken_over_only_when_it_is_said(cloud, stage):
    deploy(cloud, stage.stack, {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    topic = cloud.client("cloudformation").describe_stack_resource(
        StackName=stage.stack, LogicalResourceId="Topic")["StackResourceDetail"]["PhysicalResourceId"]
    error = stage.fail()
    assert "livelambda did not make it" in error["message"] and "--take-over" in error["hint"], error
    assert stacks(cloud, stage) == [stage.stack]  # not even the debug stack was begun
    stage.start_and_end("--take-over")
    tags = {one["Key"] for one in cloud.stack(stage.stack)["Tags"]}
    assert tags == {"livelambda:app", "livelambda:stage", "livelambda:taken-over"}
    assert cloud.client("sns").get_topic_attributes(TopicArn=topic)
    stage.start_and_end()  # it is known from now on


def test_an_app_is_deployed_with_its_own_code_compared_and_removed(cloud, stage):
    stage.write("  Bucket:\n    Type: AWS::S3::Bucket\n  Kept:\n    Type: AWS::SNS::Topic\n    DeletionPolicy: Retain\n"
                "Outputs:\n  Bucket: { Value: !Ref Bucket }\n")
    stage.start_and_end()
    real = stage.run("deploy")
    assert real.wait(120) == 0, real.describe()
    assert cloud.outputs(stage.stack)["LiveLambdaTemplate"].startswith("real:")
    outputs = stage.run("outputs")
    assert outputs.wait(60) == 0, outputs.describe()
    bucket = cloud.outputs(stage.stack)["Bucket"]
    assert bucket in outputs.stdout and "LiveLambdaTemplate" not in outputs.stdout
    s3 = cloud.client("s3")
    s3.put_object(Bucket=bucket, Key="mine", Body=b"x")
    own = cloud.outputs(stage.debug_stack)["Bucket"]
    refused = stage.run("remove", "--yes")
    assert refused.wait(120) == 5, refused.describe()
    error = json.loads(next(line for line in refused.lines if '"event":"error"' in line))
    assert bucket in error["message"] and f"aws s3 rm s3://{bucket} --recursive" in error["hint"], error
    s3.delete_object(Bucket=bucket, Key="mine")
    removed = stage.run("remove", "--yes")
    assert removed.wait(120) == 0, removed.describe()
    assert stacks(cloud, stage) == []
    assert not {bucket, own} & {one["Name"] for one in s3.list_buckets()["Buckets"]}
    again = stage.run("remove", "--yes")
    assert again.wait(120) == 0, again.describe()


def test_a_difference_is_told_and_nothing_is_changed(cloud, recorder, stage):
    stage.start_and_end()
    events = len(cloud.stack_events(stage.stack))
    same = stage.run("diff")
    assert same.wait(60) == 0 and '"infrastructure"' not in same.stdout, same.describe()
    stage.write("    Properties: { TopicName: named }\n  Queue:\n    Type: AWS::SQS::Queue\n"
                "Outputs:\n  T: { Value: !Ref Topic }\n")
    before = len(recorder.requests)
    other = stage.run("diff")
    assert other.wait(60) == 0, other.describe()
    told = next(json.loads(line) for line in other.lines if '"infrastructure"' in line)
    assert sorted(told["changes"]) == sorted([
        "~ Topic (AWS::SNS::Topic), replaced", '    Properties: + {"TopicName":"named"}', "+ Queue (AWS::SQS::Queue)",
        "+ Outputs.T"]), told
    assert len(cloud.stack_events(stage.stack)) == events
    asked = b" ".join(one.body for one in recorder.requests[before:] if one.service == "cloudformation")
    assert b"Action=GetTemplate" in asked and b"Action=DeleteChangeSet" in asked and b"ExecuteChangeSet" not in asked
    stage.start_and_end()
    assert cloud.outputs(stage.stack)["T"].endswith(":named")


def test_a_debug_stack_of_the_first_release_is_upgraded_in_place_and_a_newer_one_left_alone(cloud, stage):
    from harness.processes import ROOT
    first = json.loads((ROOT / "src/deploy/testing/debug_stack_1.json").read_text())
    formation = cloud.client("cloudformation")
    tags = [{"Key": "livelambda:app", "Value": "app"}, {"Key": "livelambda:stage", "Value": stage.name}]
    formation.create_stack(StackName=stage.debug_stack, TemplateBody=json.dumps(first), Tags=tags)
    assert settled(cloud, stage.debug_stack)["StackStatus"] == "CREATE_COMPLETE"
    before = cloud.outputs(stage.debug_stack)
    stage.start_and_end()
    after = cloud.outputs(stage.debug_stack)
    assert {name: after[name] for name in before} == before
    assert after["Version"] == "2"
    newer = json.loads(json.dumps(first))
    newer["Outputs"]["Version"] = {"Value": "99"}
    formation.update_stack(StackName=stage.debug_stack, TemplateBody=json.dumps(newer), Tags=tags)
    settled(cloud, stage.debug_stack)
    shutil.rmtree(stage.app / ".livelambda", ignore_errors=True)
    events = len(cloud.stack_events(stage.debug_stack))
    error = stage.fail()
    assert "made by a newer livelambda" in error["message"], error
    assert len(cloud.stack_events(stage.debug_stack)) == events


def test_stubs_of_another_livelambda_are_replaced(cloud, stage):
    stage.start_and_end()
    formation, s3 = cloud.client("cloudformation"), cloud.client("s3")
    bucket = cloud.outputs(stage.debug_stack)["Bucket"]
    parameters = {one["ParameterKey"]: one["ParameterValue"] for one in cloud.stack(stage.stack)["Parameters"]}
    [name] = (name for name in parameters if name.startswith("LiveLambdaStub"))
    ours = parameters[name]
    s3.copy_object(Bucket=bucket, Key="stubs/of-before.zip", CopySource={"Bucket": bucket, "Key": ours})
    template = formation.get_template(StackName=stage.stack)["TemplateBody"]
    template = json.loads(template) if isinstance(template, str) else template
    template["Outputs"]["LiveLambdaTemplate"]["Value"] = "live:of-before"  # the stub's key is part of the hash
    formation.update_stack(StackName=stage.stack, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
                           Tags=cloud.stack(stage.stack)["Tags"],
                           Parameters=[{"ParameterKey": key, "ParameterValue": "stubs/of-before.zip" if key == name else value}
                                       for key, value in parameters.items()])
    assert settled(cloud, stage.stack)["StackStatus"] == "UPDATE_COMPLETE"
    bridge = cloud.outputs(stage.debug_stack)
    stage.start_and_end()
    assert {"ParameterKey": name, "ParameterValue": ours} in cloud.stack(stage.stack)["Parameters"]
    assert cloud.outputs(stage.debug_stack) == bridge


def test_every_request_was_one_that_botocore_could_have_sent(recorder):
    from harness.recorder import Recorded, RequestJudge
    judge = RequestJudge(("cloudformation", "s3", "sts", "dynamodb"))
    for request in recorder.requests:
        judge.judge(request)
    assert not judge.found, "\n".join(judge.found)
    expected = {f"cloudformation.{name}" for name in (
        "CancelUpdateStack", "CreateChangeSet", "DeleteChangeSet", "DeleteStack", "DescribeChangeSet",
        "DescribeStackEvents", "DescribeStacks", "ExecuteChangeSet", "GetTemplate", "ListChangeSets",
        "ListStackResources")}
    expected |= {"s3.DeleteObjects", "s3.HeadObject", "s3.ListObjectVersions", "s3.PutObject"}
    assert not expected - set(judge.judged), expected - set(judge.judged)
    # The judge can fail.
    signed = {"authorization": "Credential=K/20260102/us-east-1/cloudformation/aws4_request",
              "content-type": "application/x-www-form-urlencoded"}
    judge.judge(Recorded("POST", "/", signed, b"Action=DeleteStack&Version=2010-05-15&StackNam=x"))
    judge.judge(Recorded("POST", "/", signed, b"Action=CreateChangeSet&Version=2010-05-15&StackName=x"))
    assert len(judge.found) == 2

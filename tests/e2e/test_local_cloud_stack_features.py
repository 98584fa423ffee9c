"""Nested stacks, custom resources, wait conditions, macros, rules, the parameter store in templates, and every way back,
driven by boto3."""

import itertools
import json

import pytest
import requests

from harness import functions
from harness.errors import aws_error, not_implemented
from harness.processes import wait_until
from harness.stacks import CAPABILITIES, OFTEN, change_set, deploy, settled, template

BUCKET = "templates"
TOPIC = {"Type": "AWS::SNS::Topic"}
EXTENSIONS = "AWS::LanguageExtensions"
MINUTE = 60_000
BROKEN = {"Type": "AWS::Lambda::Function", "Properties": {
    "Runtime": "provided.al2023", "Handler": "x", "Role": {"Fn::GetAtt": ["Role", "Arn"]},
    "Code": {"S3Bucket": "no-such-bucket", "S3Key": "x"}}}
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def formation(cloud):
    return cloud.client("cloudformation")


@pytest.fixture(scope="module")
def put(cloud):
    """put(name, template): its address in S3."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET)

    def put(name: str, content: dict | str) -> str:
        body = content if isinstance(content, str) else json.dumps(content)
        s3.put_object(Bucket=BUCKET, Key=name, Body=body.encode())
        return f"{cloud.endpoint}/{BUCKET}/{name}"

    return put


def group(name: str, days: object = 7, **more) -> dict:
    return {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name, "RetentionInDays": days}, **more}


def retention(cloud, prefix: str) -> dict[str, int]:
    groups = cloud.client("logs").describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]
    return {one["logGroupName"]: one["retentionInDays"] for one in groups}


def resources(formation, stack: str) -> dict[str, dict]:
    return {one["LogicalResourceId"]: one for one in
            formation.describe_stack_resources(StackName=stack)["StackResources"]}


def history(cloud, stack: str) -> list[tuple[str, str]]:
    return [(one["LogicalResourceId"], one["ResourceStatus"]) for one in reversed(cloud.stack_events(stack))]


def reasons(cloud, stack: str, status: str) -> list[str]:
    return [one["ResourceStatusReason"] for one in cloud.stack_events(stack)
            if one["ResourceStatus"] == status and "ResourceStatusReason" in one]


def update(formation, cloud, stack: str, body: dict, **more) -> dict:
    """UpdateStack, and the stack once it is settled."""
    formation.update_stack(StackName=stack, TemplateBody=json.dumps(body), Capabilities=list(CAPABILITIES), **more)
    return settled(cloud, stack)


# --- Nested stacks

def nested(url: str, **parameters) -> dict:
    return {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url, "Parameters": parameters}}


CHILD = template({"Group": group({"Fn::Sub": "/${Name}/child"}, {"Ref": "Days"})},
                 {"Group": {"Ref": "Group"}, "Name": {"Ref": "AWS::StackName"}},
                 Parameters={"Name": {"Type": "String"}, "Days": {"Type": "Number", "Default": 7}})


def test_a_nested_stack_is_made_updated_and_deleted_with_its_parent(cloud, formation, put):
    url = put("child.json", CHILD)

    def parent(days: int) -> dict:
        return template({"Inner": nested(url, Name="nested", Days=days), "Topic": {**TOPIC, "DependsOn": "Inner"}},
                        {"Group": {"Fn::GetAtt": ["Inner", "Outputs.Group"]}, "Inner": {"Ref": "Inner"}})

    outputs = deploy(cloud, "nesting", parent(7))
    assert outputs["Group"] == "/nested/child"
    inner = cloud.stack(outputs["Inner"])
    root = cloud.stack("nesting")
    assert inner["StackStatus"] == "CREATE_COMPLETE" and inner["StackName"].startswith("nesting-Inner-")
    assert inner["ParentId"] == inner["RootId"] == root["StackId"]
    deploy(cloud, "nesting", parent(14), "UPDATE")
    assert retention(cloud, "/nested/") == {"/nested/child": 14}
    assert cloud.stack(outputs["Inner"])["StackStatus"] == "UPDATE_COMPLETE"
    formation.delete_stack(StackName="nesting")
    formation.get_waiter("stack_delete_complete").wait(StackName=root["StackId"], WaiterConfig=OFTEN)
    assert cloud.stack(outputs["Inner"])["StackStatus"] == "DELETE_COMPLETE"
    assert retention(cloud, "/nested/") == {}


def test_a_template_that_changes_at_the_same_address_is_an_update(cloud, formation, put):
    url = put("moving.json", template({"Group": group("/moving/a")}))
    parent = template({"Inner": nested(url)})
    deploy(cloud, "moving", parent)
    with aws_error("ValidationError", 400, "No updates are to be performed."):
        update(formation, cloud, "moving", parent)
    put("moving.json", template({"Group": group("/moving/a", 30)}))
    assert update(formation, cloud, "moving", parent)["StackStatus"] == "UPDATE_COMPLETE"
    assert retention(cloud, "/moving/") == {"/moving/a": 30}


def test_what_fails_in_a_nested_stack_rolls_the_parent_back(cloud, formation, put):
    url = put("broken.json", template({"Group": group("/broken/a"), "Role": functions.role(),
                                       "Broken": {**BROKEN, "DependsOn": "Group"}}))
    formation.create_stack(StackName="breaking", TemplateBody=json.dumps(template({"Topic": TOPIC, "Inner": nested(url)})),
                           Capabilities=list(CAPABILITIES))
    assert settled(cloud, "breaking")["StackStatus"] == "ROLLBACK_COMPLETE"
    failed = reasons(cloud, "breaking", "CREATE_FAILED")[0]
    assert failed.startswith("Embedded stack arn:aws:cloudformation:") and "was not successfully created: " \
        "The following resource(s) failed to create: [Broken]." in failed
    assert retention(cloud, "/broken/") == {}
    inner = [one for one in formation.list_stacks()["StackSummaries"] if one["StackName"].startswith("breaking-Inner")]
    assert [one["StackStatus"] for one in inner] == ["DELETE_COMPLETE"]


def test_a_parent_that_is_set_back_sets_its_nested_stacks_back(cloud, formation, put):
    url = put("child.json", CHILD)

    def parent(days: int, more: dict) -> dict:
        return template({"Inner": nested(url, Name="back", Days=days), **more}, {"Inner": {"Ref": "Inner"}})

    inner = deploy(cloud, "setting-back", parent(7, {}))["Inner"]
    broken = {"Role": functions.role(), "Broken": {**BROKEN, "DependsOn": "Inner"}}
    assert update(formation, cloud, "setting-back", parent(14, broken))["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert cloud.stack(inner)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert retention(cloud, "/back/") == {"/back/child": 7}


def test_a_change_set_includes_nested_stacks(cloud, formation, put):
    url = put("child.json", CHILD)
    parent = template({"Inner": nested(url, Name="included")})
    made = formation.create_change_set(StackName="including", ChangeSetName="all", ChangeSetType="CREATE",
                                       TemplateBody=json.dumps(parent), IncludeNestedStacks=True)
    described = formation.describe_change_set(ChangeSetName=made["Id"])
    change = described["Changes"][0]["ResourceChange"]
    inner = formation.describe_change_set(ChangeSetName=change["ChangeSetId"])
    assert described["IncludeNestedStacks"] and inner["ParentChangeSetId"] == inner["RootChangeSetId"] == made["Id"]
    assert [one["ResourceChange"]["LogicalResourceId"] for one in inner["Changes"]] == ["Group"]
    with aws_error("InvalidChangeSetStatus", 400):
        formation.execute_change_set(ChangeSetName=inner["ChangeSetId"])
    formation.execute_change_set(ChangeSetName=made["Id"])
    assert settled(cloud, "including")["StackStatus"] == "CREATE_COMPLETE"
    assert resources(formation, "including")["Inner"]["PhysicalResourceId"] == inner["StackId"]
    assert retention(cloud, "/included/") == {"/included/child": 7}


# --- Custom resources

RESPONDER = """
import http.client, json, os, urllib.parse

def handler(event, headers):
    properties = event["ResourceProperties"]
    if properties.get("Mode") == "silent" and event["RequestType"] != "Delete":
        return
    answer = {"Status": "SUCCESS", "PhysicalResourceId": properties.get("Id", event.get("PhysicalResourceId", "made")),
              "StackId": event["StackId"], "RequestId": event["RequestId"],
              "LogicalResourceId": event["LogicalResourceId"], "Data": {"Event": json.dumps(event)}}
    if properties.get("Fail") == event["RequestType"]:
        answer.update(Status="FAILED", Reason="as it was told")
    note(event)
    url = urllib.parse.urlsplit(event["ResponseURL"])
    connection = http.client.HTTPConnection(url.netloc)
    connection.request("PUT", url.path, json.dumps(answer), {"content-type": ""})
    assert connection.getresponse().status == 200

def note(event):
    print("EVENT " + json.dumps({"type": event["RequestType"], "id": event.get("PhysicalResourceId"),
                                 "properties": event["ResourceProperties"]}))
"""


@pytest.fixture(scope="module")
def responder(cloud) -> str:
    """The ARN of a function that answers custom resources as their properties say."""
    code = functions.upload(cloud, RESPONDER)
    return deploy(cloud, "responder", template(
        {"Role": functions.role(), "Function": functions.function(code, FunctionName="responder")},
        {"Arn": {"Fn::GetAtt": ["Function", "Arn"]}}))["Arn"]


def logged(cloud, function: str, word: str) -> list[str]:
    """What the function has logged after the word, so far."""
    logs = cloud.client("logs")
    group = f"/aws/lambda/{function}"
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        return []
    events = logs.filter_log_events(logGroupName=group)["events"]
    return [one["message"].split(word, 1)[1].strip() for one in events if word in one["message"]]


def requested(cloud) -> list[tuple[str, str | None]]:
    """What the function was asked so far: type and physical id."""
    notes = [json.loads(text) for text in logged(cloud, "responder", "EVENT ")]
    return [(one["type"], one["id"]) for one in notes]


def custom(token: str, kind: str = "Custom::Thing", **properties) -> dict:
    return {"Type": kind, "Properties": {"ServiceToken": token, **properties}}


def test_a_custom_resource_is_made_by_its_function(cloud, formation, responder):
    seen = len(requested(cloud))

    def stack(**properties) -> dict:
        return template({"Thing": custom(responder, Count=3, Flag=True, List=[1, {"Deep": False}], **properties)},
                        {"Id": {"Ref": "Thing"}, "Event": {"Fn::GetAtt": ["Thing", "Event"]}})

    outputs = deploy(cloud, "custom", stack(Id="first"))
    event = json.loads(outputs["Event"])
    assert outputs["Id"] == "first" and event["RequestType"] == "Create" and "PhysicalResourceId" not in event
    assert event["StackId"] == cloud.stack("custom")["StackId"] and event["ServiceToken"] == responder
    assert (event["ResourceType"], event["LogicalResourceId"]) == ("Custom::Thing", "Thing")
    assert event["ResourceProperties"] == {"ServiceToken": responder, "Count": "3", "Flag": "true",
                                           "List": ["1", {"Deep": "false"}], "Id": "first"}
    outputs = deploy(cloud, "custom", stack(Id="first", More="x"), "UPDATE")
    event = json.loads(outputs["Event"])
    assert (event["RequestType"], event["PhysicalResourceId"]) == ("Update", "first")
    assert "More" not in event["OldResourceProperties"] and event["ResourceProperties"]["More"] == "x"
    deploy(cloud, "custom", stack(Id="second"), "UPDATE")  # another id: the old one is deleted
    formation.delete_stack(StackName="custom")
    formation.get_waiter("stack_delete_complete").wait(StackName=event["StackId"], WaiterConfig=OFTEN)
    assert requested(cloud)[seen:] == [("Create", None), ("Update", "first"), ("Update", "first"), ("Delete", "first"),
                                       ("Delete", "second")]


def test_a_custom_resource_that_fails_is_deleted_again(cloud, formation, responder):
    seen = len(requested(cloud))
    formation.create_stack(StackName="custom-failing", TemplateBody=json.dumps(template(
        {"Thing": custom(responder, "AWS::CloudFormation::CustomResource", Id="half", Fail="Create")})))
    assert settled(cloud, "custom-failing")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert reasons(cloud, "custom-failing", "CREATE_FAILED")[0].startswith(
        "Received response status [FAILED] from custom resource. Message returned: as it was told (RequestId: ")
    assert requested(cloud)[seen:] == [("Create", None), ("Delete", "half")]


def test_a_custom_resource_that_fails_to_update_is_set_back(cloud, formation, responder):
    deploy(cloud, "custom-back", template({"Thing": custom(responder, Id="kept", Value="a")}))
    changed = template({"Thing": custom(responder, Id="kept", Value="b", Fail="Update")})
    assert update(formation, cloud, "custom-back", changed)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert ("Thing", "UPDATE_FAILED") in history(cloud, "custom-back")


@pytest.mark.parametrize("timeout, waits", [(None, 60 * MINUTE), (120, 2 * MINUTE)])
def test_a_custom_resource_without_an_answer_fails_when_its_time_is_over(cloud, formation, responder, timeout, waits):
    name = f"custom-silent-{timeout}"
    thing = custom(responder, Mode="silent", **({"ServiceTimeout": timeout} if timeout else {}))
    formation.create_stack(StackName=name, TemplateBody=json.dumps(template({"Thing": thing})))
    wait_until(lambda: ("Thing", "CREATE_IN_PROGRESS") in history(cloud, name), "the function is asked")
    cloud.advance(waits - MINUTE)
    assert cloud.stack(name)["StackStatus"] == "CREATE_IN_PROGRESS"
    cloud.advance(MINUTE)
    assert settled(cloud, name)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "CloudFormation did not receive a response from your Custom Resource." in reasons(cloud, name, "CREATE_FAILED")[0]


def test_a_custom_resource_is_asked_by_a_topic_too(cloud, formation):
    code = functions.upload(cloud, RESPONDER + """
answer = handler
def handler(event, headers):
    answer(json.loads(event["Records"][0]["Sns"]["Message"]), headers)
""")
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"Subscription": [
        {"Protocol": "lambda", "Endpoint": {"Fn::GetAtt": ["Function", "Arn"]}}]}}
    outputs = deploy(cloud, "custom-topic", template(
        {"Role": functions.role(), "Function": functions.function(code), "Topic": topic,
         "May": {"Type": "AWS::Lambda::Permission", "Properties": {
             "Action": "lambda:InvokeFunction", "FunctionName": {"Ref": "Function"},
             "Principal": "sns.amazonaws.com", "SourceArn": {"Ref": "Topic"}}},
         "Thing": {**custom({"Ref": "Topic"}, Id="by-topic"), "DependsOn": "May"}}, {"Id": {"Ref": "Thing"}}))
    assert outputs["Id"] == "by-topic"


@pytest.mark.parametrize("token, words", [
    ("arn:aws:lambda:us-east-1:123456789012:function:nobody", "Function not found"),
    ("http://example.com", "Invalid service token")])
def test_a_service_token_that_is_none_fails_the_resource(cloud, formation, token, words):
    name = f"custom-token-{next(_numbers)}"
    formation.create_stack(StackName=name, TemplateBody=json.dumps(template({"Thing": custom(token)})))
    assert settled(cloud, name)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert words in reasons(cloud, name, "CREATE_FAILED")[0]


def test_an_answer_that_nobody_waits_for_is_refused(cloud):
    assert requests.put(f"{cloud.endpoint}/_local/cloudformation/guessed", data=b"{}", timeout=30).status_code == 403


def test_a_function_of_a_runtime_that_is_not_here_is_made_and_fails_by_name(cloud):
    code = functions.upload(cloud, "")
    java = functions.function(code, Runtime="java25", Handler="example.Handler::handle")
    name = deploy(cloud, "java", template({"Role": functions.role(), "Function": java}, {"Name": {"Ref": "Function"}}))["Name"]
    assert cloud.client("lambda").get_function(FunctionName=name)["Configuration"]["Runtime"] == "java25"
    answer = cloud.invoke(name, {})
    assert answer.error == "Unhandled" and b"does not run java25 functions" in answer.payload


# --- Wait conditions

HANDLE = {"Type": "AWS::CloudFormation::WaitConditionHandle"}


def waiting(count: int = 1) -> dict:
    return template({"Handle": HANDLE, "Wait": {"Type": "AWS::CloudFormation::WaitCondition", "DependsOn": "Handle",
                                                "Properties": {"Handle": {"Ref": "Handle"}, "Count": count,
                                                               "Timeout": 600}}},
                    {"Data": {"Fn::GetAtt": ["Wait", "Data"]}})


def handle_of(cloud, formation, stack: str) -> str:
    def made():
        known = resources(formation, stack)
        return "Wait" in known and known["Handle"]["PhysicalResourceId"]

    return wait_until(made, "the handle is there")


def signal(url: str, unique: str, status: str = "SUCCESS"):
    body = json.dumps({"Status": status, "UniqueId": unique, "Data": f"data of {unique}", "Reason": "because"})
    assert requests.put(url, data=body, headers={"content-type": ""}, timeout=30).status_code == 200


def test_a_stack_waits_for_its_signals(cloud, formation):
    formation.create_stack(StackName="waiting", TemplateBody=json.dumps(waiting(2)))
    url = handle_of(cloud, formation, "waiting")
    signal(url, "a")
    signal(url, "a")  # once more does not count
    assert cloud.stack("waiting")["StackStatus"] == "CREATE_IN_PROGRESS"
    signal(url, "b")
    assert settled(cloud, "waiting")["StackStatus"] == "CREATE_COMPLETE"
    assert json.loads(cloud.outputs("waiting")["Data"]) == {"a": "data of a", "b": "data of b"}


def test_a_signal_of_failure_and_no_signal_at_all_fail_the_stack(cloud, formation):
    formation.create_stack(StackName="waiting-failed", TemplateBody=json.dumps(waiting()))
    signal(handle_of(cloud, formation, "waiting-failed"), "a", "FAILURE")
    assert settled(cloud, "waiting-failed")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert reasons(cloud, "waiting-failed", "CREATE_FAILED") \
        == ["WaitCondition received failed message: 'because' for uniqueId: a"]
    formation.create_stack(StackName="waiting-late", TemplateBody=json.dumps(waiting()))
    handle_of(cloud, formation, "waiting-late")
    cloud.advance(10 * MINUTE)
    assert settled(cloud, "waiting-late")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert reasons(cloud, "waiting-late", "CREATE_FAILED") \
        == ["WaitCondition timed out. Received 0 conditions when expecting 1"]


def test_a_stack_that_takes_too_long_is_rolled_back(cloud, formation):
    body = waiting()
    body["Resources"]["After"] = {**TOPIC, "DependsOn": "Wait"}
    formation.create_stack(StackName="late", TemplateBody=json.dumps(body), TimeoutInMinutes=5)
    handle_of(cloud, formation, "late")
    cloud.advance(5 * MINUTE)
    assert settled(cloud, "late")["StackStatus"] == "ROLLBACK_COMPLETE"


# --- Macros

def test_for_each_makes_resources_and_outputs(cloud):
    body = template(
        {"Fn::ForEach::Groups": ["Name", {"Ref": "Names"}, {
            "Group${Name}": group({"Fn::Sub": "/each/${Name}"})}],
         "Fn::ForEach::Outer": ["X", ["a", "b"], {"Fn::ForEach::Inner": ["Y", ["1", "2"], {
             "Topic${X}${Y}": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "${X}-${Y}"}}}]}]},
        Transform=EXTENSIONS, Parameters={"Names": {"Type": "CommaDelimitedList", "Default": "one,two"}})
    body["Outputs"] = {"Fn::ForEach::Outs": ["Name", {"Ref": "Names"}, {
        "Out${Name}": {"Value": {"Fn::Join": ["-", [{"Ref": "Name"}, {"Ref": "Group${Name}"}]]}}}],
        "Length": {"Value": {"Fn::Length": {"Ref": "Names"}}},
        "Json": {"Value": {"Fn::ToJsonString": {"a": [{"Ref": "AWS::Region"}]}}},
        "Default": {"Value": {"Fn::FindInMap": ["M", "none", "x", {"DefaultValue": "there is none"}]}}}
    body["Mappings"] = {"M": {"k": {"x": "y"}}}
    assert deploy(cloud, "each", body) == {"Outone": "one-/each/one", "Outtwo": "two-/each/two", "Length": "2",
                                           "Json": '{"a":["us-east-1"]}', "Default": "there is none"}
    names = set(resources(cloud.client("cloudformation"), "each"))
    assert names == {"Groupone", "Grouptwo", "Topica1", "Topica2", "Topicb1", "Topicb2"}
    processed = cloud.client("cloudformation").get_template(StackName="each", TemplateStage="Processed")["TemplateBody"]
    assert "Transform" not in processed and "Groupone" in processed["Resources"]


def test_policies_may_be_functions_with_language_extensions(cloud, formation):
    body = template({"Topic": {**TOPIC, "DeletionPolicy": {"Ref": "Keep"}}}, {"Arn": {"Ref": "Topic"}},
                    Transform=EXTENSIONS, Parameters={"Keep": {"Type": "String", "Default": "Retain"}})
    arn = deploy(cloud, "kept", body)["Arn"]
    formation.delete_stack(StackName="kept")
    wait_until(lambda: "kept" not in [one["StackName"] for one in formation.describe_stacks()["Stacks"]], "it is gone")
    assert cloud.client("sns").get_topic_attributes(TopicArn=arn)


@pytest.mark.parametrize("more, words", [
    ({"Resources": {"Fn::ForEach::X": ["N", ["a"], {"T${N}": TOPIC}]}}, "Encountered unsupported function: Fn::ForEach"),
    ({"Resources": {"T": {**TOPIC, "DeletionPolicy": {"Ref": "P"}}}}, "Unrecognized DeletionPolicy"),
    ({"Resources": {"T": {**TOPIC, "DeletionPolicy": "Snapshot"}}}, "does not support deletion policy Snapshot"),
    ({"Resources": {"T": {**TOPIC, "UpdatePolicy": {"CodeDeployLambdaAliasUpdate": {}}}}}, "UpdatePolicy of resource T"),
    ({"Resources": {"T": {**TOPIC, "CreationPolicy": {}}}}, "CreationPolicy of resource T"),
    ({"Resources": {"T": TOPIC}, "Hooks": {}}, "section Hooks is not implemented"),
    ({"Resources": {"T": TOPIC}, "Parameters": {f"P{i}": {"Type": "String"} for i in range(201)}},
     "Number of parameters, 201, is greater than maximum allowed, 200"),
    ({"Resources": {"T": TOPIC}, "Outputs": {f"O{i}": {"Value": "x"} for i in range(201)}},
     "Number of outputs, 201, is greater than maximum allowed, 200"),
    ({"Resources": {"T": TOPIC}, "Description": "x" * 1025}, "'Description' length is greater than 1024"),
], ids=lambda value: None if isinstance(value, dict) else value[:30])
def test_what_a_template_may_not_hold(formation, more, words):
    with aws_error("ValidationError", 400, words):
        formation.create_stack(StackName="refused", TemplateBody=json.dumps(more))


def test_a_template_has_at_most_500_resources_and_1_mb(cloud, formation, put):
    with aws_error("ValidationError", 400, "length less than or equal to 51200"):
        formation.validate_template(TemplateBody=" " * 51_201)
    many = template({f"T{i}": TOPIC for i in range(501)})
    with aws_error("ValidationError", 400, "Number of resources, 501, is greater than maximum allowed, 500"):
        formation.validate_template(TemplateBody=json.dumps(many))
    with aws_error("ValidationError", 400, "Template may not exceed 1048576 bytes in size"):
        formation.validate_template(TemplateURL=put("large.json", " " * 1_048_577))


def test_an_include_brings_text_from_s3(cloud, formation, put):
    put("part.yaml", "RetentionInDays: 30\nLogGroupName: /included/by-name\n")
    location = {"Name": "AWS::Include", "Parameters": {"Location": f"s3://{BUCKET}/part.yaml"}}
    body = template({"Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"Fn::Transform": location}}})
    deploy(cloud, "include", body)
    assert retention(cloud, "/included/by-name") == {"/included/by-name": 30}
    body["Resources"]["Group"]["Properties"]["Fn::Transform"]["Parameters"]["Location"] = "part.yaml"
    made = change_set(cloud, "include-wrong", body)
    assert made["Status"] == "FAILED" and made["StatusReason"] \
        == "Transform AWS::Include failed with: The location parameter is not a valid S3 uri."
    made = change_set(cloud, "macro-unknown", template({"T": TOPIC}, Transform="My::Macro"))
    assert made["StatusReason"] == "No transform named My::Macro found."


# --- Parameters, rules, dynamic references

def test_the_parameter_store_gives_values(cloud, formation):
    ssm = cloud.client("ssm")
    ssm.put_parameter(Name="/app/name", Value="from-store", Type="String")
    ssm.put_parameter(Name="/app/list", Value="a,b", Type="StringList")
    ssm.put_parameter(Name="/app/secret", Value="hidden", Type="SecureString")
    body = template(
        {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {
            "DisplayName": "{{resolve:ssm:/app/name:1}}-{{resolve:ssm:/app/name}}"}}},
        {"Name": {"Ref": "Name"}, "Second": {"Fn::Select": [1, {"Ref": "List"}]}, "Key": {"Ref": "Key"},
         "Vpc": {"Ref": "Vpc"}, "Zone": {"Fn::Select": [0, {"Ref": "Zones"}]}, "Topic": {"Ref": "Topic"}},
        Parameters={"Name": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/app/name"},
                    "List": {"Type": "AWS::SSM::Parameter::Value<List<String>>", "Default": "/app/list"},
                    "Key": {"Type": "AWS::SSM::Parameter::Name", "Default": "/app/name"},
                    "Vpc": {"Type": "AWS::EC2::VPC::Id", "Default": "vpc-1"},
                    "Zones": {"Type": "List<AWS::EC2::AvailabilityZone::Name>", "Default": "us-east-1a,us-east-1b"}})
    outputs = deploy(cloud, "stored", body)
    topic = cloud.client("sns").get_topic_attributes(TopicArn=outputs.pop("Topic"))["Attributes"]
    assert outputs == {"Name": "from-store", "Second": "b", "Key": "/app/name", "Vpc": "vpc-1", "Zone": "us-east-1a"}
    assert topic["DisplayName"] == "from-store-from-store"
    shown = {one["ParameterKey"]: one for one in cloud.stack("stored")["Parameters"]}
    assert shown["Name"]["ParameterValue"] == "/app/name" and shown["Name"]["ResolvedValue"] == "from-store"
    with aws_error("ValidationError", 400, "Unable to fetch parameters [/app/none] from parameter store for this account."):
        change_set(cloud, "stored", body, "UPDATE", Name="/app/none")
    with aws_error("ValidationError", 400, "have types not supported by CloudFormation"):
        change_set(cloud, "stored", body, "UPDATE", Name="/app/secret")
    with aws_error("ValidationError", 400, "Unrecognized parameter type: AWS::EC2::Nothing"):
        change_set(cloud, "strange", template({"T": TOPIC}, Parameters={"P": {"Type": "AWS::EC2::Nothing", "Default": "x"}}))


@pytest.mark.parametrize("reference, words", [
    ("ssm:/nowhere", "Parameters: [ssm:/nowhere] cannot be found."),
    ("ssm-secure:/app/secret", "SSM Secure reference is not supported"),
    ("other:x", "{{resolve:other:x}} is not implemented by the local cloud")])
def test_a_dynamic_reference_that_gives_nothing_fails_the_resource(cloud, formation, reference, words):
    name = f"dynamic-{next(_numbers)}"
    named = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "{{resolve:" + reference + "}}"}}
    formation.create_stack(StackName=name, TemplateBody=json.dumps(template({"Topic": named})))
    assert settled(cloud, name)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert words in reasons(cloud, name, "CREATE_FAILED")[0]


def test_rules_hold_parameters_to_their_assertions(cloud, formation):
    body = template({"T": TOPIC}, Parameters={"Stage": {"Type": "String"}, "Size": {"Type": "String", "Default": "small"}},
                    Rules={"Production": {
                        "RuleCondition": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
                        "Assertions": [{"Assert": {"Fn::Contains": [["large", "huge"], {"Ref": "Size"}]},
                                        "AssertDescription": "Production is large"}]}})
    with aws_error("ValidationError", 400, "Production is large"):
        change_set(cloud, "ruled", body, Stage="prod")
    deploy(cloud, "ruled", body, Stage="test")
    deploy(cloud, "ruled", body | {"Resources": {"T": TOPIC, "U": TOPIC}}, "UPDATE", Stage="prod", Size="huge")


# --- What has no effect

def test_what_has_no_effect_is_said_once_for_each_use(cloud, formation):
    vpc = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16", "EnableDnsSupport": True}}
    subnet = {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.0.1.0/24"}}
    security = {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "d", "VpcId": {"Ref": "Vpc"}}}
    images = {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "images"}}
    alarm = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmName": "loud", "MetricName": "m"}}
    outputs = deploy(cloud, "inert", template(
        {"Vpc": vpc, "Subnet": subnet, "Security": security, "Images": images, "Alarm": alarm,
         "Gateway": {"Type": "AWS::EC2::InternetGateway"}, "Cdk": {"Type": "AWS::CDK::Metadata"}},
        {"Vpc": {"Ref": "Vpc"}, "Cidr": {"Fn::GetAtt": ["Vpc", "CidrBlock"]}, "Subnet": {"Ref": "Subnet"},
         "Group": {"Fn::GetAtt": ["Security", "GroupId"]}, "Uri": {"Fn::GetAtt": ["Images", "RepositoryUri"]},
         "Alarm": {"Fn::GetAtt": ["Alarm", "Arn"]}, "Zone": {"Fn::GetAtt": ["Subnet", "AvailabilityZone"]}}))
    assert outputs["Vpc"].startswith("vpc-0") and outputs["Subnet"].startswith("subnet-") and outputs["Cidr"] == "10.0.0.0/16"
    assert outputs["Group"].startswith("sg-") and outputs["Zone"] == "us-east-1a"
    assert outputs["Uri"] == "123456789012.dkr.ecr.us-east-1.amazonaws.com/images"
    assert outputs["Alarm"] == "arn:aws:cloudwatch:us-east-1:123456789012:alarm:loud"
    said = [(one["LogicalResourceId"], one["ResourceStatusReason"]) for one in cloud.stack_events("inert")
            if "accepted without effect" in one.get("ResourceStatusReason", "")]
    assert sorted(said) == sorted(
        (name, f"Resource type {kind} is accepted without effect by the local cloud") for name, kind in
        [("Vpc", "AWS::EC2::VPC"), ("Subnet", "AWS::EC2::Subnet"), ("Security", "AWS::EC2::SecurityGroup"),
         ("Images", "AWS::ECR::Repository"), ("Alarm", "AWS::CloudWatch::Alarm"),
         ("Gateway", "AWS::EC2::InternetGateway"), ("Cdk", "AWS::CDK::Metadata")])


def test_a_property_that_aws_does_not_know_fails_a_type_without_effect(cloud, formation):
    formation.create_stack(StackName="inert-wrong", TemplateBody=json.dumps(template(
        {"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"Colour": "red"}}})))
    assert settled(cloud, "inert-wrong")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert reasons(cloud, "inert-wrong", "CREATE_FAILED") == ["Encountered unsupported property Colour"]


# --- Ways back

def test_a_creation_without_rollback_goes_on_where_it_stopped(cloud, formation):
    broken = template({"Group": group("/stopped/a"), "Role": functions.role(), "Broken": {**BROKEN, "DependsOn": "Group"}})
    formation.create_stack(StackName="stopped", TemplateBody=json.dumps(broken), Capabilities=list(CAPABILITIES),
                           OnFailure="DO_NOTHING")
    assert settled(cloud, "stopped")["StackStatus"] == "CREATE_FAILED"
    assert retention(cloud, "/stopped/") == {"/stopped/a": 7}
    mended = template({"Group": group("/stopped/a"), "Topic": TOPIC})
    assert update(formation, cloud, "stopped", mended)["StackStatus"] == "UPDATE_COMPLETE"
    assert set(resources(formation, "stopped")) == {"Group", "Topic"}


def test_a_creation_without_rollback_is_rolled_back_on_request(cloud, formation):
    body = template({"Group": group("/undone/a"), "Role": functions.role(), "Broken": {**BROKEN, "DependsOn": "Group"}})
    formation.create_stack(StackName="undone", TemplateBody=json.dumps(body), Capabilities=list(CAPABILITIES),
                           DisableRollback=True)
    assert settled(cloud, "undone")["StackStatus"] == "CREATE_FAILED"
    formation.rollback_stack(StackName="undone")
    assert settled(cloud, "undone")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert retention(cloud, "/undone/") == {}
    with aws_error("ValidationError", 400, "can not be rolled back"):
        formation.rollback_stack(StackName="undone")


def test_a_creation_that_fails_may_vanish(cloud, formation):
    body = template({"Role": functions.role(), "Broken": BROKEN})
    stack = formation.create_stack(StackName="vanishing", TemplateBody=json.dumps(body), OnFailure="DELETE",
                                   Capabilities=list(CAPABILITIES))["StackId"]
    assert settled(cloud, stack)["StackStatus"] == "DELETE_COMPLETE"


def test_an_update_without_rollback_stays_and_can_go_back_or_on(cloud, formation):
    deploy(cloud, "halted", template({"Group": group("/halted/a")}))
    failing = template({"Group": group("/halted/a", 14), "Role": functions.role(),
                        "Broken": {**BROKEN, "DependsOn": "Group"}})
    assert update(formation, cloud, "halted", failing, DisableRollback=True)["StackStatus"] == "UPDATE_FAILED"
    assert retention(cloud, "/halted/") == {"/halted/a": 14}
    formation.rollback_stack(StackName="halted")
    assert settled(cloud, "halted")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert retention(cloud, "/halted/") == {"/halted/a": 7}
    assert set(resources(formation, "halted")) == {"Group"}
    assert update(formation, cloud, "halted", failing, DisableRollback=True)["StackStatus"] == "UPDATE_FAILED"
    onwards = template({"Group": group("/halted/a", 30), "Topic": TOPIC})
    assert update(formation, cloud, "halted", onwards)["StackStatus"] == "UPDATE_COMPLETE"
    assert retention(cloud, "/halted/") == {"/halted/a": 30}
    assert set(resources(formation, "halted")) == {"Group", "Topic"}


def test_a_rollback_that_fails_is_continued(cloud, formation, responder):
    """The custom resource refuses to go back until its function is told otherwise."""
    deploy(cloud, "stuck", template({"Thing": custom(responder, Id="stuck", Fail="Update")}))
    changed = template({"Thing": custom(responder, Id="stuck", Value="b"), "Role": functions.role(),
                        "Broken": {**BROKEN, "DependsOn": "Thing"}})
    assert update(formation, cloud, "stuck", changed)["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    with aws_error("ValidationError", 400, "is in UPDATE_ROLLBACK_FAILED state and can not be updated."):
        update(formation, cloud, "stuck", template({"Topic": TOPIC}))
    formation.continue_update_rollback(StackName="stuck")
    assert settled(cloud, "stuck")["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    with aws_error("ValidationError", 400, "not in the UPDATE_FAILED state: [Role]"):
        formation.continue_update_rollback(StackName="stuck", ResourcesToSkip=["Role"])
    formation.continue_update_rollback(StackName="stuck", ResourcesToSkip=["Thing"])
    assert settled(cloud, "stuck")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert set(resources(formation, "stuck")) == {"Thing"}
    assert update(formation, cloud, "stuck", changed)["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    with aws_error("ValidationError", 400, "ForceRollback and ResourcesToSkip are mutually exclusive"):
        formation.continue_update_rollback(StackName="stuck", ResourcesToSkip=["Thing"], ForceRollback=True)
    formation.continue_update_rollback(StackName="stuck", ForceRollback=True)
    assert settled(cloud, "stuck")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    with aws_error("ValidationError", 400, "UPDATE_ROLLBACK_FAILED"):
        formation.continue_update_rollback(StackName="stuck")


def test_an_update_is_cancelled(cloud, formation, responder):
    deploy(cloud, "cancelled", template({"Topic": TOPIC}))
    slow = template({"Topic": TOPIC, "Thing": custom(responder, Mode="silent", ServiceTimeout=60),
                     "After": {**TOPIC, "DependsOn": "Thing"}})
    formation.update_stack(StackName="cancelled", TemplateBody=json.dumps(slow))
    wait_until(lambda: ("Thing", "CREATE_IN_PROGRESS") in history(cloud, "cancelled"), "the function is asked")
    formation.cancel_update_stack(StackName="cancelled")
    cloud.advance(MINUTE)
    assert settled(cloud, "cancelled")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    with aws_error("ValidationError", 400, "CancelUpdateStack cannot be called from current stack status"):
        formation.cancel_update_stack(StackName="cancelled")


def test_a_deletion_that_fails_is_forced_or_leaves_things_behind(cloud, formation, responder):
    for number, more in ((1, {"RetainResources": ["Thing"]}), (2, {"DeletionMode": "FORCE_DELETE_STACK"})):
        name = f"clinging-{number}"
        deploy(cloud, name, template({"Thing": custom(responder, Id="clinging", Fail="Delete")}))
        stack = cloud.stack(name)["StackId"]
        with aws_error("ValidationError", 400, "DELETE_FAILED"):
            formation.delete_stack(StackName=name, **more)
        formation.delete_stack(StackName=name)
        assert settled(cloud, name)["StackStatus"] == "DELETE_FAILED"
        formation.delete_stack(StackName=name, **more)
        assert settled(cloud, stack)["StackStatus"] == "DELETE_COMPLETE"


def test_a_protected_stack_is_not_deleted(cloud, formation):
    formation.create_stack(StackName="protected", TemplateBody=json.dumps(template({"T": TOPIC})),
                           EnableTerminationProtection=True)
    assert settled(cloud, "protected")["EnableTerminationProtection"]
    with aws_error("ValidationError", 400, "cannot be deleted while TerminationProtection is enabled"):
        formation.delete_stack(StackName="protected")
    formation.update_termination_protection(StackName="protected", EnableTerminationProtection=False)
    formation.delete_stack(StackName="protected")


# --- Exports, lists, roles, notifications

def test_imports_are_listed_and_protect_their_export(cloud, formation):
    def exporting(value: str) -> dict:
        body = template({"T": TOPIC})
        body["Outputs"] = {"O": {"Value": value, "Export": {"Name": "exported"}}}
        return body

    deploy(cloud, "exporter", exporting("one"))
    with aws_error("ValidationError", 400, "Export 'exported' is not imported by any stack."):
        formation.list_imports(ExportName="exported")
    deploy(cloud, "importer", template({"T": TOPIC}, {"Got": {"Fn::ImportValue": "exported"}}))
    assert formation.list_imports(ExportName="exported")["Imports"] == ["importer"]
    assert update(formation, cloud, "exporter", exporting("two"))["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "Export exported cannot be updated as it is in use by importer" in reasons(
        cloud, "exporter", "UPDATE_ROLLBACK_IN_PROGRESS")[0]
    with aws_error("ValidationError", 400, "Stack [nobody] does not exist"):
        formation.describe_stack_events(StackName="nobody")


def test_long_lists_come_in_pages(cloud, formation):
    body = template({f"T{i}": TOPIC for i in range(130)})
    made = formation.create_change_set(StackName="long", ChangeSetName="all", ChangeSetType="CREATE",
                                       TemplateBody=json.dumps(body), ClientToken="token")
    first = formation.describe_change_set(ChangeSetName=made["Id"])
    second = formation.describe_change_set(ChangeSetName=made["Id"], NextToken=first["NextToken"])
    assert (len(first["Changes"]), len(second["Changes"]), "NextToken" in second) == (100, 30, False)
    formation.execute_change_set(ChangeSetName=made["Id"], ClientRequestToken="mine")
    settled(cloud, "long")
    events = list(formation.get_paginator("describe_stack_events").paginate(StackName="long"))
    flat = [one["EventId"] for page in events for one in page["StackEvents"]]
    assert len(events) >= 4 and len(set(flat)) == len(flat) and all(len(page["StackEvents"]) <= 100 for page in events)
    assert events[0]["StackEvents"][0]["ClientRequestToken"] == "mine"
    listed = list(formation.get_paginator("list_stack_resources").paginate(StackName="long"))
    assert [len(page["StackResourceSummaries"]) for page in listed] == [100, 30]
    with aws_error("ValidationError", 400):
        formation.list_stacks(NextToken="wrong")
    pages = list(formation.get_paginator("list_exports").paginate())
    assert pages and list(formation.get_paginator("list_change_sets").paginate(StackName="long"))


def test_a_role_acts_for_the_stack(cloud, formation):
    trusted = deploy(cloud, "deploy-roles", template(
        {"Role": functions.role(trust={"Service": "cloudformation.amazonaws.com"}), "Other": functions.role()},
        {"Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Other": {"Fn::GetAtt": ["Other", "Arn"]}}))
    formation.create_stack(StackName="by-role", TemplateBody=json.dumps(template({"T": TOPIC})),
                           RoleARN=trusted["Role"])
    assert settled(cloud, "by-role")["RoleARN"] == trusted["Role"]
    with aws_error("ValidationError", 400, "is invalid or cannot be assumed"):
        formation.create_stack(StackName="by-other", TemplateBody=json.dumps(template({"T": TOPIC})),
                               RoleARN=trusted["Other"])


def test_a_topic_hears_of_every_event(cloud, formation):
    code = functions.upload(cloud, """
def handler(event, headers):
    for line in event["Records"][0]["Sns"]["Message"].splitlines():
        if line.startswith(("LogicalResourceId=", "ResourceStatus=")):
            print("HEARD", line)
""")
    arn = deploy(cloud, "hearing", template(
        {"Role": functions.role(), "Function": functions.function(code, FunctionName="hearing"),
         "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"Subscription": [
             {"Protocol": "lambda", "Endpoint": {"Fn::GetAtt": ["Function", "Arn"]}}]}},
         "May": {"Type": "AWS::Lambda::Permission", "Properties": {
             "Action": "lambda:InvokeFunction", "FunctionName": {"Ref": "Function"},
             "Principal": "sns.amazonaws.com", "SourceArn": {"Ref": "Topic"}}}}, {"Arn": {"Ref": "Topic"}}))["Arn"]
    formation.create_stack(StackName="heard", TemplateBody=json.dumps(template({"T": TOPIC})), NotificationARNs=[arn])
    assert settled(cloud, "heard")["NotificationARNs"] == [arn]

    def complete():
        lines = logged(cloud, "hearing", "HEARD ")
        return "ResourceStatus='CREATE_COMPLETE'" in lines and "LogicalResourceId='T'" in lines

    wait_until(complete, "the events arrive")


def test_what_is_not_there_is_refused_by_name(formation):
    for call, words in (
            (lambda: formation.detect_stack_drift(StackName="x"), "DetectStackDrift"),
            (lambda: formation.set_stack_policy(StackName="x", StackPolicyBody="{}"), "SetStackPolicy"),
            (lambda: formation.signal_resource(StackName="x", LogicalResourceId="y", UniqueId="z", Status="SUCCESS"),
             "SignalResource"),
            (lambda: formation.create_stack(StackName="x", TemplateBody="{}", StackPolicyBody="{}"), "StackPolicyBody"),
            (lambda: formation.create_change_set(StackName="x", ChangeSetName="c", ChangeSetType="IMPORT",
                                                 TemplateBody="{}"), "IMPORT")):
        with not_implemented(words):
            call()

"""CloudFormation of the local cloud, judged by boto3 and its waiters."""

import json

import pytest

from harness import functions
from harness.errors import aws_error, not_implemented
from harness.stacks import OFTEN, SAM, change_set, deploy, settled, template

TOPIC = {"Type": "AWS::SNS::Topic"}
GROUP = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": {"Fn::Sub": "/${AWS::StackName}/group"},
                                                       "RetentionInDays": 7}}
# Fails when it is made: there is no such bucket.
BROKEN = functions.function({"S3Bucket": "no-such-bucket", "S3Key": "k"})


@pytest.fixture(scope="module")
def formation(cloud):
    return cloud.client("cloudformation")


def topics(cloud) -> set[str]:
    return {one["TopicArn"] for one in cloud.client("sns").list_topics().get("Topics", [])}


def history(cloud, stack: str) -> list[tuple[str, str]]:
    """(logical id, status) from the first event on."""
    return [(one["LogicalResourceId"], one["ResourceStatus"]) for one in reversed(cloud.stack_events(stack))]


def reasons(cloud, stack: str, status: str) -> list[str]:
    return [one["ResourceStatusReason"] for one in cloud.stack_events(stack)
            if one["ResourceStatus"] == status and "ResourceStatusReason" in one]


def test_a_stack_is_created_by_change_set(cloud, formation):
    made = change_set(cloud, "created", template({"Topic": TOPIC, "Group": GROUP}, {"Arn": {"Ref": "Topic"}}))
    assert (made["Status"], made["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert {(one["ResourceChange"]["Action"], one["ResourceChange"]["LogicalResourceId"]) for one in made["Changes"]} \
        == {("Add", "Topic"), ("Add", "Group")}
    assert cloud.stack("created")["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert not formation.describe_stack_resources(StackName="created")["StackResources"]
    formation.get_waiter("change_set_create_complete").wait(ChangeSetName=made["ChangeSetId"], WaiterConfig=OFTEN)
    formation.execute_change_set(ChangeSetName=made["ChangeSetId"])
    formation.get_waiter("stack_create_complete").wait(StackName="created", WaiterConfig=OFTEN)

    assert cloud.outputs("created")["Arn"] in topics(cloud)
    events = history(cloud, "created")
    assert events[:2] == [("created", "REVIEW_IN_PROGRESS"), ("created", "CREATE_IN_PROGRESS")]
    assert events[-1] == ("created", "CREATE_COMPLETE")
    for resource in ("Topic", "Group"):
        begun, done = events.index((resource, "CREATE_IN_PROGRESS")), events.index((resource, "CREATE_COMPLETE"))
        assert begun < done
    resources = {one["LogicalResourceId"]: one for one in
                 formation.describe_stack_resources(StackName="created")["StackResources"]}
    assert resources["Topic"]["PhysicalResourceId"] == cloud.outputs("created")["Arn"]
    assert resources["Group"]["PhysicalResourceId"] == "/created/group"
    assert {one["ResourceStatus"] for one in resources.values()} == {"CREATE_COMPLETE"}
    listed = formation.list_stack_resources(StackName="created")["StackResourceSummaries"]
    assert {one["LogicalResourceId"] for one in listed} == {"Topic", "Group"}
    assert formation.get_template(StackName="created")["TemplateBody"]["Resources"]["Topic"] == TOPIC


def test_an_update_changes_what_differs_and_nothing_else(cloud):
    deploy(cloud, "updated", template({"Topic": TOPIC, "Group": GROUP, "Going": TOPIC}, {"Arn": {"Ref": "Topic"}}))
    arn = cloud.outputs("updated")["Arn"]
    longer = {**GROUP, "Properties": {**GROUP["Properties"], "RetentionInDays": 14}}
    changed = template({"Topic": TOPIC, "Group": longer, "Coming": TOPIC}, {"Arn": {"Ref": "Topic"}})
    made = change_set(cloud, "updated", changed, "UPDATE")
    changes = {one["ResourceChange"]["LogicalResourceId"]: one["ResourceChange"] for one in made["Changes"]}
    assert {name: one["Action"] for name, one in changes.items()} \
        == {"Group": "Modify", "Coming": "Add", "Going": "Remove"}
    assert changes["Group"]["Replacement"] == "False"
    cloud.client("cloudformation").delete_change_set(ChangeSetName=made["ChangeSetId"])
    before = len(cloud.stack_events("updated"))
    deploy(cloud, "updated", changed, "UPDATE")
    assert cloud.outputs("updated")["Arn"] == arn
    news = history(cloud, "updated")[before:]
    assert ("Group", "UPDATE_COMPLETE") in news and ("Going", "DELETE_COMPLETE") in news
    assert not [one for one in news if one[0] == "Topic"]
    groups = cloud.client("logs").describe_log_groups(logGroupNamePrefix="/updated/")["logGroups"]
    assert groups[0]["retentionInDays"] == 14


def test_a_change_that_replaces_says_so_and_makes_anew(cloud):
    def named(name: str) -> dict:
        return template({"Topic": {**TOPIC, "Properties": {"TopicName": name}}}, {"Arn": {"Ref": "Topic"}})

    deploy(cloud, "replaced", named("before"))
    made = change_set(cloud, "replaced", named("after"), "UPDATE")
    assert made["Changes"][0]["ResourceChange"]["Replacement"] == "True"
    deploy_again = cloud.client("cloudformation")
    deploy_again.execute_change_set(ChangeSetName=made["ChangeSetId"])
    deploy_again.get_waiter("stack_update_complete").wait(StackName="replaced", WaiterConfig=OFTEN)
    assert cloud.outputs("replaced")["Arn"].endswith(":after")
    assert not [arn for arn in topics(cloud) if arn.endswith(":before")]


def test_no_change_is_no_change_set(cloud, formation):
    same = template({"Topic": TOPIC})
    deploy(cloud, "same", same)
    made = change_set(cloud, "same", same, "UPDATE")
    assert made["Status"] == "FAILED"
    assert "The submitted information didn't contain changes." in made["StatusReason"]
    with aws_error("InvalidChangeSetStatus", 400):
        formation.execute_change_set(ChangeSetName=made["ChangeSetId"])
    with aws_error("ValidationError", 400, "No updates are to be performed."):
        formation.update_stack(StackName="same", TemplateBody=json.dumps(same))


def test_a_deleted_stack_takes_its_resources_along(cloud, formation):
    arn = deploy(cloud, "deleted", template({"Topic": TOPIC, "Kept": {**TOPIC, "DeletionPolicy": "Retain"}},
                                            {"Arn": {"Ref": "Topic"}, "Kept": {"Ref": "Kept"}}))
    stack_id = cloud.stack("deleted")["StackId"]
    formation.delete_stack(StackName="deleted")
    formation.get_waiter("stack_delete_complete").wait(StackName=stack_id, WaiterConfig=OFTEN)
    assert arn["Arn"] not in topics(cloud) and arn["Kept"] in topics(cloud)
    with aws_error("ValidationError", 400, "Stack with id deleted does not exist"):
        formation.describe_stacks(StackName="deleted")
    assert formation.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"
    listed = {one["StackId"]: one["StackStatus"] for one in formation.list_stacks()["StackSummaries"]}
    assert listed[stack_id] == "DELETE_COMPLETE"


def test_a_stack_that_fails_is_rolled_back(cloud, formation):
    before = topics(cloud)
    made = change_set(cloud, "failing", template(
        {"Topic": TOPIC, "Role": functions.role(), "Broken": {**BROKEN, "DependsOn": "Topic"}}))
    formation.execute_change_set(ChangeSetName=made["ChangeSetId"])
    assert settled(cloud, "failing")["StackStatus"] == "ROLLBACK_COMPLETE"
    events = history(cloud, "failing")
    for earlier, later in ((("Topic", "CREATE_COMPLETE"), ("Broken", "CREATE_FAILED")),
                           (("Broken", "CREATE_FAILED"), ("failing", "ROLLBACK_IN_PROGRESS")),
                           (("failing", "ROLLBACK_IN_PROGRESS"), ("Topic", "DELETE_COMPLETE")),
                           (("Topic", "DELETE_COMPLETE"), ("failing", "ROLLBACK_COMPLETE"))):
        assert events.index(earlier) < events.index(later)
    assert "NoSuchBucket" in reasons(cloud, "failing", "CREATE_FAILED")[0]
    assert reasons(cloud, "failing", "ROLLBACK_IN_PROGRESS") \
        == ["The following resource(s) failed to create: [Broken]. Rollback requested by user."]
    assert topics(cloud) == before
    with aws_error("ValidationError", 400, "is in ROLLBACK_COMPLETE state and can not be updated."):
        change_set(cloud, "failing", template({"Topic": TOPIC}), "UPDATE")


def test_an_update_that_fails_is_set_back(cloud, formation):
    deploy(cloud, "set-back", template({"Group": GROUP}, {"Name": {"Ref": "Group"}}))
    longer = {**GROUP, "Properties": {**GROUP["Properties"], "RetentionInDays": 14}}
    made = change_set(cloud, "set-back", template(
        {"Group": longer, "Role": functions.role(), "Broken": {**BROKEN, "DependsOn": "Group"}}), "UPDATE")
    formation.execute_change_set(ChangeSetName=made["ChangeSetId"])
    assert settled(cloud, "set-back")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    groups = cloud.client("logs").describe_log_groups(logGroupNamePrefix="/set-back/")["logGroups"]
    assert groups[0]["retentionInDays"] == 7
    resources = formation.describe_stack_resources(StackName="set-back")["StackResources"]
    assert {one["LogicalResourceId"] for one in resources if one["ResourceStatus"] != "DELETE_COMPLETE"} == {"Group"}
    assert cloud.outputs("set-back") == {"Name": "/set-back/group"}
    deploy(cloud, "set-back", template({"Group": longer}), "UPDATE")  # and goes on from there


@pytest.mark.parametrize("resource, reason", [
    ({"Type": "AWS::Kinesis::Stream"}, "Resource type AWS::Kinesis::Stream is not implemented by the local cloud"),
    ({"Type": "AWS::SNS::Topic", "Properties": {"Colour": "red"}}, "Encountered unsupported property Colour")],
    ids=["type", "property"])
def test_what_is_not_there_fails_the_stack_by_name(cloud, formation, resource, reason):
    name = "unknown-" + resource["Type"].split("::")[1].lower()
    made = change_set(cloud, name, template({"Unknown": resource}))
    formation.execute_change_set(ChangeSetName=made["ChangeSetId"])
    assert settled(cloud, name)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert reasons(cloud, name, "CREATE_FAILED") == [reason]


def test_roles_need_to_be_acknowledged(cloud):
    unnamed = template({"Role": functions.role()})
    with aws_error("InsufficientCapabilitiesException", 400, "Requires capabilities : [CAPABILITY_IAM]"):
        change_set(cloud, "roles", unnamed, capabilities=())
    named = template({"Role": {**functions.role(), "Properties": {
        **functions.role()["Properties"], "RoleName": "a-name"}}})
    with aws_error("InsufficientCapabilitiesException", 400, "Requires capabilities : [CAPABILITY_NAMED_IAM]"):
        change_set(cloud, "roles", named, capabilities=("CAPABILITY_IAM",))
    assert change_set(cloud, "roles", unnamed, capabilities=("CAPABILITY_IAM",))["Status"] == "CREATE_COMPLETE"


def test_a_macro_needs_a_change_set_or_a_word(cloud, formation):
    table = template({"Table": {"Type": "AWS::Serverless::SimpleTable"}}, Transform=SAM)
    with aws_error("InsufficientCapabilitiesException", 400, "CAPABILITY_AUTO_EXPAND"):
        formation.create_stack(StackName="macro", TemplateBody=json.dumps(table))
    formation.create_stack(StackName="macro", TemplateBody=json.dumps(table), Capabilities=["CAPABILITY_AUTO_EXPAND"])
    formation.get_waiter("stack_create_complete").wait(StackName="macro", WaiterConfig=OFTEN)
    resource = formation.describe_stack_resource(StackName="macro", LogicalResourceId="Table")["StackResourceDetail"]
    assert resource["ResourceType"] == "AWS::DynamoDB::Table"


@pytest.mark.parametrize("text, words", [
    ("{not: [a, template", "Template format error"),
    (json.dumps(template({"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "Nobody"}}}})),
     "Unresolved resource dependencies [Nobody]"),
    (json.dumps(template({"A": {**TOPIC, "DependsOn": "B"}, "B": {**TOPIC, "DependsOn": "A"}})),
     "Circular dependency between resources"),
    (json.dumps(template({"Topic": {"Type": "AWS::SNS::Topic"}}, Parameters={"Needed": {"Type": "String"}})),
     "Parameters: [Needed] must have values")], ids=["syntax", "reference", "circle", "parameter"])
def test_a_broken_template_is_a_validation_error(cloud, text, words):
    with aws_error("ValidationError", 400, words):
        change_set(cloud, "broken", text)


def test_intrinsic_functions_give_awss_values(cloud):
    outputs = deploy(cloud, "functions", template(
        {"Topic": {**TOPIC, "Condition": "IsLarge"}, "Missing": {**TOPIC, "Condition": "IsSmall"}},
        {"Sub": {"Fn::Sub": ["${AWS::StackName}-${Size}-${Own}-${!Literal}", {"Own": {"Ref": "Size"}}]},
         "Join": {"Fn::Join": ["|", {"Ref": "Names"}]},
         "Select": {"Fn::Select": ["1", {"Fn::Split": [",", "x,y,z"]}]},
         "If": {"Fn::If": ["IsLarge", "is large", "is small"]},
         "Map": {"Fn::FindInMap": ["Sizes", {"Ref": "Size"}, "Memory"]},
         "Base64": {"Fn::Base64": "text"}, "Cidr": {"Fn::Select": [2, {"Fn::Cidr": ["10.0.0.0/16", 4, 8]}]},
         "Region": {"Ref": "AWS::Region"}, "Account": {"Ref": "AWS::AccountId"}},
        Parameters={"Size": {"Type": "String", "Default": "large", "AllowedValues": ["small", "large"]},
                    "Names": {"Type": "CommaDelimitedList", "Default": "one,two"}},
        Mappings={"Sizes": {"large": {"Memory": "1024"}, "small": {"Memory": "128"}}},
        Conditions={"IsLarge": {"Fn::Equals": [{"Ref": "Size"}, "large"]},
                    "IsSmall": {"Fn::Not": [{"Condition": "IsLarge"}]}}))
    assert outputs == {"Sub": "functions-large-large-${Literal}", "Join": "one|two", "Select": "y", "If": "is large",
                       "Map": "1024", "Base64": "dGV4dA==", "Cidr": "10.0.2.0/24", "Region": cloud.region,
                       "Account": "123456789012"}
    resources = cloud.client("cloudformation").describe_stack_resources(StackName="functions")["StackResources"]
    assert [one["LogicalResourceId"] for one in resources] == ["Topic"]


def test_an_export_is_imported_and_protected(cloud, formation):
    exporting = template({"Topic": TOPIC})
    exporting["Outputs"] = {"Arn": {"Value": {"Ref": "Topic"}, "Export": {"Name": "the-topic"}}}
    deploy(cloud, "exporting", exporting)
    outputs = deploy(cloud, "importing", template({"Topic": TOPIC}, {"Arn": {"Fn::ImportValue": "the-topic"}}))
    assert outputs["Arn"] == cloud.outputs("exporting")["Arn"]
    assert [one["Name"] for one in formation.list_exports()["Exports"]] == ["the-topic"]
    formation.delete_stack(StackName="exporting")
    assert settled(cloud, "exporting")["StackStatus"] == "DELETE_FAILED"
    assert outputs["Arn"] in topics(cloud)


def test_a_change_set_of_another_state_is_refused(cloud, formation):
    with aws_error("ValidationError", 400, "does not exist"):
        change_set(cloud, "nobody", template({"Topic": TOPIC}), "UPDATE")
    deploy(cloud, "twice", template({"Topic": TOPIC}))
    with aws_error("ValidationError", 400, "already exists and cannot be created again"):
        change_set(cloud, "twice", template({"Topic": TOPIC}), "CREATE")
    with aws_error(("ChangeSetNotFound", "ChangeSetNotFoundException"), 404):
        formation.describe_change_set(StackName="twice", ChangeSetName="nothing")


def test_an_operation_that_is_not_there_is_refused_by_name(formation):
    with not_implemented("cloudformation:CreateStackSet"):
        formation.create_stack_set(StackSetName="set")
    with not_implemented("ResourcesToImport"):
        formation.create_change_set(
            StackName="x", ChangeSetName="c", TemplateBody=json.dumps(template({"T": TOPIC})),
            ResourcesToImport=[{"ResourceType": "AWS::SNS::Topic", "LogicalResourceId": "T",
                                "ResourceIdentifier": {"TopicArn": "x"}}])

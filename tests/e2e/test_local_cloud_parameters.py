"""SSM's parameter store, driven by boto3."""

import pytest

from harness.errors import aws_error, not_implemented
from harness.stacks import deploy, template


@pytest.fixture(scope="module")
def ssm(cloud):
    return cloud.client("ssm")


def put(ssm, name, value="v", **more):
    return ssm.put_parameter(Name=name, Value=value, **{"Type": "String", **more})


def test_a_parameter_comes_back_as_it_was_put(ssm):
    made = put(ssm, "/app/name", "first", Description="what for", AllowedPattern="[a-z]+",
               Tags=[{"Key": "team", "Value": "blue"}])
    assert (made["Version"], made["Tier"]) == (1, "Standard")
    got = ssm.get_parameter(Name="/app/name")["Parameter"]
    assert (got["Name"], got["Type"], got["Value"], got["Version"]) == ("/app/name", "String", "first", 1)
    assert got["ARN"] == "arn:aws:ssm:us-east-1:123456789012:parameter/app/name" and got["DataType"] == "text"
    assert ssm.get_parameter(Name=got["ARN"])["Parameter"]["Value"] == "first"
    put(ssm, "plain", "x")
    plain = ssm.get_parameter(Name="plain")["Parameter"]
    assert plain["ARN"].endswith(":parameter/plain")
    assert ssm.get_parameter(Name=plain["ARN"])["Parameter"]["Name"] == "plain"


def test_what_is_not_there_is_parameter_not_found(ssm):
    with aws_error("ParameterNotFound", 400):
        ssm.get_parameter(Name="/none")
    with aws_error("ParameterNotFound", 400):
        ssm.delete_parameter(Name="/none")
    with aws_error("ParameterNotFound", 400):
        ssm.get_parameter_history(Name="/none")
    with aws_error("ParameterNotFound", 400):
        ssm.label_parameter_version(Name="/none", Labels=["a"])
    with aws_error("InvalidResourceId", 400):
        ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="/none")


def test_versions_and_labels_select_values(ssm):
    put(ssm, "/versions/a", "1")
    with aws_error("ParameterAlreadyExists", 400, "The parameter already exists. To overwrite this value, set the "
                                                  "overwrite option in the request to true."):
        put(ssm, "/versions/a", "2")
    assert ssm.put_parameter(Name="/versions/a", Value="2", Overwrite=True)["Version"] == 2
    put(ssm, "/versions/a", "3", Overwrite=True)
    assert ssm.label_parameter_version(Name="/versions/a", ParameterVersion=1, Labels=["old", "aws-bad", "1bad"]) \
        ["InvalidLabels"] == ["1bad", "aws-bad"]
    selected = ssm.get_parameter(Name="/versions/a:2")["Parameter"]
    assert (selected["Value"], selected["Selector"]) == ("2", ":2")
    assert ssm.get_parameter(Name="/versions/a:old")["Parameter"]["Value"] == "1"
    ssm.label_parameter_version(Name="/versions/a", Labels=["old"])  # moves to the latest
    assert ssm.get_parameter(Name="/versions/a:old")["Parameter"]["Value"] == "3"
    with aws_error("ParameterVersionNotFound", 400, "could not find version 9 of /versions/a"):
        ssm.get_parameter(Name="/versions/a:9")
    with aws_error("ParameterVersionNotFound", 400, "could not find label none"):
        ssm.get_parameter(Name="/versions/a:none")
    with aws_error("ParameterVersionLabelLimitExceeded", 400):
        ssm.label_parameter_version(Name="/versions/a", Labels=[f"label{n}" for n in range(10)])
    history = ssm.get_parameter_history(Name="/versions/a")["Parameters"]
    assert [(one["Version"], one["Value"], one["Labels"]) for one in history] == [(1, "1", []), (2, "2", []),
                                                                                  (3, "3", ["old"])]
    pages = list(ssm.get_paginator("get_parameter_history").paginate(Name="/versions/a",
                                                                     PaginationConfig={"PageSize": 2}))
    assert [len(page["Parameters"]) for page in pages] == [2, 1]
    removed = ssm.unlabel_parameter_version(Name="/versions/a", ParameterVersion=3, Labels=["old", "other"])
    assert (removed["RemovedLabels"], removed["InvalidLabels"]) == (["old"], ["other"])


def test_a_hundred_versions_are_kept(ssm):
    for number in range(100):
        put(ssm, "/many", str(number), Overwrite=True)
    ssm.label_parameter_version(Name="/many", ParameterVersion=1, Labels=["keep"])
    with aws_error("ParameterMaxVersionLimitExceeded", 400, "Version 1, the oldest version, can't be deleted"):
        put(ssm, "/many", "over", Overwrite=True)
    ssm.unlabel_parameter_version(Name="/many", ParameterVersion=1, Labels=["keep"])
    assert put(ssm, "/many", "over", Overwrite=True)["Version"] == 101
    with aws_error("ParameterVersionNotFound"):
        ssm.get_parameter(Name="/many:1")


def test_a_secure_string_is_plain_only_with_decryption(ssm):
    put(ssm, "/secret", "hush", Type="SecureString")
    assert "hush" not in ssm.get_parameter(Name="/secret")["Parameter"]["Value"]
    assert ssm.get_parameter(Name="/secret", WithDecryption=True)["Parameter"]["Value"] == "hush"
    with not_implemented("PutParameter with KeyId"):
        put(ssm, "/secret", "hush", Type="SecureString", KeyId="alias/own", Overwrite=True)


def test_values_keep_the_rules_of_tier_pattern_and_type(ssm):
    put(ssm, "/size/standard", "x" * 4096)
    with aws_error("ValidationException", 400, "Standard tier parameters support a maximum parameter value of 4096"):
        put(ssm, "/size/standard", "x" * 4097, Overwrite=True)
    assert put(ssm, "/size/smart", "x" * 4097, Tier="Intelligent-Tiering")["Tier"] == "Advanced"
    assert put(ssm, "/size/advanced", "x" * 8192, Tier="Advanced")["Tier"] == "Advanced"
    with aws_error("ValidationException", 400, "8192"):
        put(ssm, "/size/advanced", "x" * 8193, Tier="Advanced", Overwrite=True)
    with aws_error("ValidationException", 400, "You can't downgrade a parameter"):
        put(ssm, "/size/advanced", "x", Tier="Standard", Overwrite=True)
    with aws_error("ParameterPatternMismatchException", 400,
                   r"Parameter value, cannot be validated against allowedPattern: ^\d+$"):
        put(ssm, "/pattern", "letters", AllowedPattern=r"^\d+$")
    with aws_error("InvalidAllowedPatternException", 400):
        put(ssm, "/pattern", "letters", AllowedPattern="[")
    with aws_error("HierarchyTypeMismatchException", 400):
        put(ssm, "/size/standard", "a,b", Type="StringList", Overwrite=True)
    with aws_error("ValidationException", 400, "A parameter type is required when you create a parameter."):
        ssm.put_parameter(Name="/untyped", Value="x")
    with aws_error("ValidationException", 400, "tags and overwrite can't be used together"):
        put(ssm, "/both", Overwrite=True, Tags=[{"Key": "a", "Value": "b"}])


def test_names_keep_the_rules(ssm):
    put(ssm, "/" + "/".join("abcdefghijklmno"))
    with aws_error("HierarchyLevelLimitExceededException", 400):
        put(ssm, "/" + "/".join("abcdefghijklmnop"))
    with aws_error("AccessDeniedException", 400, "No access to reserved parameter name: /aws/mine."):
        put(ssm, "/aws/mine")
    with aws_error("ValidationException", 400, 'can\'t be prefixed with "aws" or "ssm" (case-insensitive)'):
        put(ssm, "SSMthing")
    with aws_error("ValidationException", 400, "Parameter name must be a fully qualified name."):
        put(ssm, "a/b")
    with aws_error("ValidationException", 400):
        put(ssm, "/with space")


def test_several_are_read_and_deleted_at_once(ssm):
    put(ssm, "/several/a", "1")
    put(ssm, "/several/b", "2")
    got = ssm.get_parameters(Names=["/several/b", "/several/a:1", "/several/none"])
    assert [one["Value"] for one in got["Parameters"]] == ["2", "1"]
    assert got["InvalidParameters"] == ["/several/none"]
    deleted = ssm.delete_parameters(Names=["/several/a", "/several/b", "/several/none"])
    assert deleted["DeletedParameters"] == ["/several/a", "/several/b"]
    assert deleted["InvalidParameters"] == ["/several/none"]
    with aws_error("ValidationException", 400, "Member must have length less than or equal to 10"):
        ssm.get_parameters(Names=[f"/n{number}" for number in range(11)])


def test_a_path_lists_what_is_below_it_in_pages(ssm):
    for number in range(12):
        put(ssm, f"/tree/leaf{number:02}", str(number))
    put(ssm, "/tree/branch/leaf", "deep", Type="StringList")
    put(ssm, "/treetop", "beside")

    def names(**arguments):
        pages = ssm.get_paginator("get_parameters_by_path").paginate(**arguments)
        return [one["Name"] for page in pages for one in page["Parameters"]]

    assert len(ssm.get_parameters_by_path(Path="/tree")["Parameters"]) == 10
    assert names(Path="/tree") == [f"/tree/leaf{number:02}" for number in range(12)]
    assert names(Path="/tree/", Recursive=True)[0] == "/tree/branch/leaf"
    assert names(Path="/tree", Recursive=True,
                 ParameterFilters=[{"Key": "Type", "Values": ["StringList"]}]) == ["/tree/branch/leaf"]
    ssm.label_parameter_version(Name="/tree/leaf03", Labels=["live"])
    assert names(Path="/tree", ParameterFilters=[{"Key": "Label", "Values": ["live"]}]) == ["/tree/leaf03"]
    assert names(Path="/none") == []
    with aws_error("ValidationException", 400, "The parameter name must begin with a forward slash"):
        ssm.get_parameters_by_path(Path="tree")
    with aws_error("InvalidFilterKey", 400):
        ssm.get_parameters_by_path(Path="/tree", ParameterFilters=[{"Key": "Name", "Values": ["a"]}])


def test_parameters_are_described_by_filters(ssm):
    put(ssm, "/described/a", Description="about a", Tags=[{"Key": "env", "Value": "test"}])
    put(ssm, "/described/b/c", Type="SecureString")

    def names(*filters):
        pages = ssm.get_paginator("describe_parameters").paginate(ParameterFilters=list(filters))
        return [one["Name"] for page in pages for one in page["Parameters"]]

    assert names({"Key": "Path", "Values": ["/described"]}) == ["/described/a"]
    assert names({"Key": "Path", "Option": "Recursive", "Values": ["/described"]}) == ["/described/a",
                                                                                       "/described/b/c"]
    assert names({"Key": "Name", "Option": "BeginsWith", "Values": ["described/"]}) == ["/described/a",
                                                                                        "/described/b/c"]
    assert names({"Key": "Name", "Option": "Contains", "Values": ["cribed"]},
                 {"Key": "Type", "Values": ["SecureString"]}) == ["/described/b/c"]
    assert names({"Key": "tag:env", "Values": ["test"]}) == ["/described/a"]
    one = ssm.describe_parameters(ParameterFilters=[{"Key": "Name", "Values": ["/described/b/c"]}])["Parameters"][0]
    assert one["KeyId"] == "alias/aws/ssm" and one["LastModifiedUser"].endswith(":root") and "Value" not in one
    with aws_error("InvalidFilterKey", 400):
        names({"Key": "Colour", "Values": ["red"]})
    with aws_error("InvalidFilterOption", 400):
        names({"Key": "Type", "Option": "Contains", "Values": ["S"]})


def test_tags_are_added_listed_and_removed(ssm):
    put(ssm, "/tagged")
    who = {"ResourceType": "Parameter", "ResourceId": "/tagged"}
    ssm.add_tags_to_resource(**who, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    ssm.remove_tags_from_resource(**who, TagKeys=["a"])
    assert ssm.list_tags_for_resource(**who)["TagList"] == [{"Key": "b", "Value": "2"}]
    with aws_error("TooManyTagsError", 400):
        ssm.add_tags_to_resource(**who, Tags=[{"Key": f"k{n}", "Value": ""} for n in range(50)])
    with not_implemented("ListTagsForResource of a resource of type Document"):
        ssm.list_tags_for_resource(ResourceType="Document", ResourceId="x")


def test_what_is_not_there_is_refused_by_name(ssm):
    with not_implemented("/aws/service/ami-amazon-linux-latest/al2023"):
        ssm.get_parameter(Name="/aws/service/ami-amazon-linux-latest/al2023")
    with not_implemented("ssm:SendCommand"):
        ssm.send_command(DocumentName="AWS-RunShellScript")
    with not_implemented("PutParameter with DataType aws:ec2:image"):
        put(ssm, "/ami", "ami-12345678", DataType="aws:ec2:image")


def test_a_stack_makes_changes_and_removes_a_parameter(cloud, ssm):
    def stack(value, **more):
        return template({"Thing": {"Type": "AWS::SSM::Parameter", "Properties": {
            "Name": "/stack/thing", "Type": "String", "Value": value, "Tags": {"made": "by a stack"}, **more}},
            "Other": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "StringList", "Value": "a,b"}}},
            {"Ref": {"Ref": "Thing"}, "Value": {"Fn::GetAtt": ["Thing", "Value"]}, "Other": {"Ref": "Other"}})

    outputs = deploy(cloud, "parameters", stack("one"))
    assert outputs["Ref"] == "/stack/thing" and outputs["Value"] == "one" and outputs["Other"].startswith("CFN-Other-")
    tags = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="/stack/thing")["TagList"]
    assert {"Key": "made", "Value": "by a stack"} in tags
    outputs = deploy(cloud, "parameters", stack("two", Description="new"), "UPDATE")
    got = ssm.get_parameter(Name="/stack/thing")["Parameter"]
    assert (got["Value"], got["Version"], outputs["Value"]) == ("two", 2, "two")
    client = cloud.client("cloudformation")
    client.delete_stack(StackName="parameters")
    client.get_waiter("stack_delete_complete").wait(StackName="parameters", WaiterConfig={"Delay": 0.05})
    with aws_error("ParameterNotFound"):
        ssm.get_parameter(Name="/stack/thing")

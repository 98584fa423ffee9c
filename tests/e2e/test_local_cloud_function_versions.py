"""Lambda's API for functions, judged by boto3: making and changing them, versions, aliases, policies, tags, limits."""

import base64
import hashlib
import io
import json
import os
import re
import zipfile

import boto3
import pytest

from harness.errors import aws_error, not_implemented
from harness.functions import BUCKET, function, package, role, upload
from harness.processes import wait_until
from harness.stacks import change_set, deploy, settled, template

ECHO = """
import os
def handler(event, headers):
    return {"version": os.environ["AWS_LAMBDA_FUNCTION_VERSION"], "text": os.environ.get("TEXT"),
            "arn": headers["Lambda-Runtime-Invoked-Function-Arn"], "stream": os.environ["AWS_LAMBDA_LOG_STREAM_NAME"],
            "trace": headers["Lambda-Runtime-Trace-Id"], "code": "CODE"}
"""
ARN = "arn:aws:lambda:us-east-1:123456789012:function:"


def code(mark: str) -> bytes:
    return package(ECHO.replace("CODE", mark))


@pytest.fixture(scope="module")
def client(cloud):
    return cloud.client("lambda", parameter_validation=False)  # the local cloud's own refusals count


@pytest.fixture(scope="module")
def roles(cloud) -> dict[str, str]:
    anybody = {"AWS": "arn:aws:iam::123456789012:root"}
    return deploy(cloud, "roles", template(
        {"Role": role(), "Bystander": role(trust=anybody, managed=()),
         "NotLambdas": role(trust={"Service": "ec2.amazonaws.com"})},
        {name: {"Fn::GetAtt": [name, "Arn"]} for name in ("Role", "Bystander", "NotLambdas")}))


@pytest.fixture(scope="module")
def make(client, roles):
    def make(name: str, **more) -> dict:
        return client.create_function(**{
            "FunctionName": name, "Runtime": "provided.al2023", "Role": roles["Role"],
            "Handler": "code_of_function.handler", "Code": {"ZipFile": code("first")}, "Timeout": 30, **more})

    return make


@pytest.fixture(scope="module")
def bystander(cloud, roles):
    """A client of a role that may do nothing."""
    credentials = cloud.client("sts").assume_role(RoleArn=roles["Bystander"], RoleSessionName="bystander")["Credentials"]
    return boto3.client("lambda", endpoint_url=cloud.endpoint, region_name=cloud.region,
                        aws_access_key_id=credentials["AccessKeyId"],
                        aws_secret_access_key=credentials["SecretAccessKey"],
                        aws_session_token=credentials["SessionToken"])


# --- Functions

def test_a_function_is_made_of_bytes_changed_and_deleted(cloud, client, make):
    made = make("life", Description="first", Tags={"team": "a"}, Environment={"Variables": {"TEXT": "one"}})
    sha = base64.b64encode(hashlib.sha256(code("first")).digest()).decode()
    assert made["FunctionArn"] == ARN + "life" and made["Version"] == "$LATEST" and made["CodeSha256"] == sha
    assert made["CodeSize"] == len(code("first")) and made["State"] == "Active"
    assert cloud.invoke("life", {}).json["text"] == "one"
    with aws_error("ResourceConflictException", 409, "Function already exist: life"):
        make("life")

    changed = client.update_function_configuration(FunctionName="life", MemorySize=512, Environment={
        "Variables": {"TEXT": "two"}})
    assert (changed["MemorySize"], changed["Timeout"], changed["Description"]) == (512, 30, "first")
    assert changed["RevisionId"] != made["RevisionId"] and changed["CodeSha256"] == sha
    assert cloud.invoke("life", {}).json["text"] == "two"
    with aws_error("PreconditionFailedException", 412, "The Revision Id provided does not match"):
        client.update_function_configuration(FunctionName="life", MemorySize=256, RevisionId=made["RevisionId"])

    tried = client.update_function_code(FunctionName="life", ZipFile=code("second"), DryRun=True)
    assert tried["CodeSha256"] != sha and cloud.invoke("life", {}).json["code"] == "first"
    client.update_function_code(FunctionName="life", ZipFile=code("second"), RevisionId=changed["RevisionId"])
    assert cloud.invoke("life", {}).json["code"] == "second"
    location = upload(cloud, ECHO.replace("CODE", "third"))
    published = client.update_function_code(FunctionName="life", Publish=True, **location)
    assert published["Version"] == "1" and published["FunctionArn"] == ARN + "life:1"
    assert cloud.invoke("life", {}).json["code"] == "third"
    whole = client.get_function(FunctionName="life")
    assert whole["Tags"] == {"team": "a"} and whole["Configuration"]["CodeSha256"] == published["CodeSha256"]

    client.delete_function(FunctionName="life")
    for call in (client.get_function, client.delete_function, client.get_function_configuration):
        with aws_error("ResourceNotFoundException", 404, f"Function not found: {ARN}life"):
            call(FunctionName="life")


def test_functions_are_listed_in_pages(client, make):
    for number in range(3):
        make(f"page-{number}", Publish=True)
    pages = list(client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2}))
    names = [one["FunctionName"] for page in pages for one in page["Functions"]]
    assert len(pages) > 1 and names == sorted(names) and {"page-0", "page-1", "page-2"} <= set(names)
    every = [one["FunctionArn"] for page in client.get_paginator("list_functions").paginate(FunctionVersion="ALL")
             for one in page["Functions"]]
    assert {ARN + "page-0:$LATEST", ARN + "page-0:1"} <= set(every)
    with aws_error("InvalidParameterValueException", 400, "Marker"):
        client.list_functions(Marker="none")


REFUSED = {
    "name": ({"name": "with space"}, "ValidationException", "functionName"),
    "long name": ({"name": "n" * 65}, "ValidationException", "functionName"),
    "timeout": ({"Timeout": 901}, "ValidationException", "Value '901' at 'timeout' failed to satisfy constraint: Member must "
                                              "have value less than or equal to 900"),
    "no timeout": ({"Timeout": 0}, "ValidationException", "greater than or equal to 1"),
    "memory": ({"MemorySize": 127}, "ValidationException", "Value '127' at 'memorySize'"),
    "much memory": ({"MemorySize": 10_241}, "ValidationException", "10240"),
    "long handler": ({"Handler": "h" * 129}, "ValidationException", "128"),
    "handler with a space": ({"Handler": "a b.c"}, "ValidationException", "handler"),
    "description": ({"Description": "d" * 257}, "ValidationException", "256"),
    "little storage": ({"EphemeralStorage": {"Size": 511}}, "ValidationException", "512"),
    "much storage": ({"EphemeralStorage": {"Size": 10_241}}, "ValidationException", "10240"),
    "reserved variables": (
        {"Environment": {"Variables": {"AWS_REGION": "x", "_HANDLER": "y"}}}, "InvalidParameterValueException",
        "reserved keys that are currently not supported for modification. Reserved keys used in this request: "),
    "big variables": ({"Environment": {"Variables": {"BIG": "x" * 4096}}}, "InvalidParameterValueException",
                      "exceeded the 4KB limit"),
    "variable name": ({"Environment": {"Variables": {"1X": "x"}}}, "ValidationException", "[a-zA-Z]([a-zA-Z0-9_])+"),
    "runtime": ({"Runtime": "go1.x"}, "InvalidParameterValueException", "runtime go1.x"),
    "package type": ({"PackageType": "Image", "Code": {}}, "InvalidParameterValueException",
                     "PackageType Image needs an image"),
    "role": ({"Role": "arn:aws:iam::123456789012:role/nobody"}, "InvalidParameterValueException",
     "The role defined for the function cannot be assumed by Lambda."),
    "archive": ({"Code": {"ZipFile": b"not a zip"}}, "InvalidParameterValueException", "Could not unzip uploaded file"),
    "bucket": ({"Code": {"S3Bucket": "none-such", "S3Key": "k"}}, "InvalidParameterValueException",
     "Error occurred while GetObject. S3 Error Code: NoSuchBucket"),
    "no code": ({"Code": {}}, "InvalidParameterValueException", "Please provide a source for function code."),
    "tags": ({"Tags": {f"k{n}": "v" for n in range(51)}}, "InvalidParameterValueException", "50 tags")}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_made_is_refused(make, what):
    change, code_, words = REFUSED[what]
    with aws_error(code_, 400, words):
        make(**{"name": "refused", **change})


def test_what_is_not_there_is_refused_by_name(client, make):
    for change, words in (({"FileSystemConfigs": [{"Arn": "arn:aws:elasticfilesystem:us-east-1:123456789012:"
                                                          "access-point/fsap-01234567890123456",
                                                   "LocalMountPath": "/mnt/a"}]}, "CreateFunction with FileSystem"),
                          ({"KMSKeyArn": "arn:aws:kms:us-east-1:123456789012:key/x"}, "CreateFunction with KMSKeyArn"),
                          ({"Code": {"S3Bucket": BUCKET, "S3Key": "x", "S3ObjectVersion": "1"}}, "S3ObjectVersion")):
        with not_implemented(words):
            make("refused", **change)


def test_a_role_of_another_service_is_refused(make, roles):
    with aws_error("InvalidParameterValueException", 400, "cannot be assumed by Lambda"):
        make("refused", Role=roles["NotLambdas"])


def test_an_archive_that_unpacks_to_more_than_250_megabytes_is_refused(cloud, client, make):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("big", "w") as big:
            for _ in range(251):
                big.write(bytes(1024 * 1024))
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="big.zip", Body=packed.getvalue())
    with aws_error("InvalidParameterValueException", 400, "Unzipped size must be smaller than 262144000 bytes"):
        make("refused", Code={"S3Bucket": BUCKET, "S3Key": "big.zip"})


def test_the_account_has_its_limits(client):
    settings = client.get_account_settings()
    assert settings["AccountLimit"]["ConcurrentExecutions"] == 1000
    assert settings["AccountLimit"]["CodeSizeUnzipped"] == 262_144_000
    assert settings["AccountUsage"]["FunctionCount"] >= 1


def test_who_may_nothing_is_refused(bystander, make, roles):
    make("guarded")
    denied = "is not authorized to perform: lambda:"
    for call, arguments in ((bystander.get_function, {}), (bystander.delete_function, {}), (bystander.invoke, {}),
                            (bystander.publish_version, {}), (bystander.get_policy, {}),
                            (bystander.list_aliases, {}), (bystander.get_function_url_config, {}),
                            (bystander.update_function_configuration, {"Timeout": 5})):
        with aws_error("AccessDeniedException", 403, denied):
            call(FunctionName="guarded", **arguments)
    with aws_error("AccessDeniedException", 403, denied + "GetFunction"):
        bystander.get_function(FunctionName="not-even-there")
    with aws_error("AccessDeniedException", 403, denied + "ListFunctions"):
        bystander.list_functions()


# --- Invocations

def test_client_context_has_a_limit_and_must_be_json(client, make):
    make("context")
    within = base64.b64encode(b'{"a":"' + b"x" * (3583 // 4 * 3 - 8) + b'"}').decode()
    assert len(within) <= 3583
    client.invoke(FunctionName="context", ClientContext=within)
    for context in (base64.b64encode(b'{"a":"' + b"x" * 2690 + b'"}').decode(), base64.b64encode(b"{").decode(), "%"):
        with aws_error("InvalidRequestContentException", 400, "Client context must be a valid Base64-encoded JSON"):
            client.invoke(FunctionName="context", ClientContext=context)


def test_the_trace_header_reaches_the_function(cloud, client, make):
    make("traced")
    client.meta.events.register("before-call.lambda.Invoke", _trace)
    try:
        payload = client.invoke(FunctionName="traced")["Payload"].read()
    finally:
        client.meta.events.unregister("before-call.lambda.Invoke", _trace)
    assert json.loads(payload)["trace"] == TRACE


TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


def _trace(params, **_):
    params["headers"]["X-Amzn-Trace-Id"] = TRACE


# --- Versions

@pytest.fixture(scope="module")
def versions(cloud, client, make):
    """Version 1 of "one", version 2 of "two", and a $LATEST of its own."""
    make("versions", Environment={"Variables": {"TEXT": "one"}}, Publish=True)
    client.update_function_configuration(FunctionName="versions", Environment={"Variables": {"TEXT": "two"}})
    client.publish_version(FunctionName="versions", Description="the second")
    client.update_function_configuration(FunctionName="versions", Environment={"Variables": {"TEXT": "latest"}})
    return "versions"


def test_a_version_stays_as_it_was(cloud, versions):
    for qualifier, text in (("1", "one"), ("2", "two"), ("$LATEST", "latest")):
        answer = cloud.invoke(versions, {}, Qualifier=qualifier).json
        assert answer["text"] == text and answer["version"] == qualifier
        assert answer["arn"] == f"{ARN}versions:{qualifier}" and f"[{qualifier}]" in answer["stream"]
    assert cloud.invoke(ARN + "versions:1", {}).json["text"] == "one"
    assert cloud.invoke("versions:2", {}).json["text"] == "two"


def test_the_log_says_which_version_ran(client, versions):
    response = client.invoke(FunctionName=versions, Qualifier="1", LogType="Tail")
    assert response["ExecutedVersion"] == "1"
    assert re.search(r"START RequestId: \S+ Version: 1\n", base64.b64decode(response["LogResult"]).decode())


def test_versions_are_listed_and_read(client, versions):
    listed = client.list_versions_by_function(FunctionName=versions)["Versions"]
    assert [one["Version"] for one in listed] == ["$LATEST", "1", "2"]
    assert listed[2]["Description"] == "the second" and listed[2]["FunctionArn"] == ARN + "versions:2"
    read = client.get_function_configuration(FunctionName=versions, Qualifier="1")
    assert read["Environment"]["Variables"] == {"TEXT": "one"} and read["FunctionArn"] == ARN + "versions:1"
    pages = client.get_paginator("list_versions_by_function").paginate(FunctionName=versions,
                                                                      PaginationConfig={"PageSize": 1})
    assert [one["Version"] for page in pages for one in page["Versions"]] == ["$LATEST", "1", "2"]


def test_what_has_not_changed_is_not_published_again(client, make):
    make("same")
    first = client.publish_version(FunctionName="same")
    assert client.publish_version(FunctionName="same")["Version"] == first["Version"] == "1"
    with aws_error("InvalidParameterValueException", 400, "is different from current CodeSHA256"):
        client.publish_version(FunctionName="same", CodeSha256="other")
    with aws_error("PreconditionFailedException", 412):
        client.publish_version(FunctionName="same", RevisionId="other")


def test_a_version_is_deleted_unless_an_alias_has_it(client, make):
    make("pruned", Publish=True)
    client.create_alias(FunctionName="pruned", Name="live", FunctionVersion="1")
    with aws_error("ResourceConflictException", 409, "because aliases [live] reference it"):
        client.delete_function(FunctionName="pruned", Qualifier="1")
    with aws_error("InvalidParameterValueException", 400, "$LATEST version cannot be deleted"):
        client.delete_function(FunctionName="pruned", Qualifier="$LATEST")
    client.delete_alias(FunctionName="pruned", Name="live")
    client.delete_function(FunctionName="pruned", Qualifier="1")
    with aws_error("ResourceNotFoundException", 404, ARN + "pruned:1"):
        client.get_function(FunctionName="pruned", Qualifier="1")
    client.update_function_configuration(FunctionName="pruned", Timeout=7)
    assert client.publish_version(FunctionName="pruned")["Version"] == "2"  # numbers are not used again


# --- Aliases

def test_an_alias_leads_to_its_version(cloud, client, versions):
    made = client.create_alias(FunctionName=versions, Name="live", FunctionVersion="1", Description="now")
    assert made["AliasArn"] == ARN + "versions:live" and made["FunctionVersion"] == "1"
    answer = cloud.invoke(versions, {}, Qualifier="live").json
    assert answer["text"] == "one" and answer["version"] == "1" and answer["arn"] == ARN + "versions:live"
    updated = client.update_alias(FunctionName=versions, Name="live", FunctionVersion="2")
    assert updated["Description"] == "now" and updated["RevisionId"] != made["RevisionId"]
    assert cloud.invoke(ARN + "versions:live", {}).json["text"] == "two"
    with aws_error("PreconditionFailedException", 412):
        client.update_alias(FunctionName=versions, Name="live", RevisionId=made["RevisionId"])
    assert client.get_alias(FunctionName=versions, Name="live")["FunctionVersion"] == "2"
    configuration = client.get_function_configuration(FunctionName=versions, Qualifier="live")
    assert configuration["Version"] == "2" and configuration["FunctionArn"] == ARN + "versions:live"
    assert [one["Name"] for one in client.list_aliases(FunctionName=versions, FunctionVersion="2")["Aliases"]] == ["live"]
    assert not client.list_aliases(FunctionName=versions, FunctionVersion="1")["Aliases"]
    client.delete_alias(FunctionName=versions, Name="live")
    client.delete_alias(FunctionName=versions, Name="live")
    with aws_error("ResourceNotFoundException", 404, f"Cannot find alias arn: {ARN}versions:live"):
        client.get_alias(FunctionName=versions, Name="live")
    with aws_error("ResourceNotFoundException", 404, "Function not found"):
        cloud.invoke(versions, {}, Qualifier="live")


def test_an_alias_shares_its_invocations_by_weights(cloud, client, versions):
    client.create_alias(FunctionName=versions, Name="shared", FunctionVersion="1",
                        RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
    seen = {client.invoke(FunctionName=versions, Qualifier="shared")["ExecutedVersion"] for _ in range(40)}
    assert seen == {"1", "2"}
    client.update_alias(FunctionName=versions, Name="shared", RoutingConfig={"AdditionalVersionWeights": {"2": 1.0}})
    assert {client.invoke(FunctionName=versions, Qualifier="shared")["ExecutedVersion"] for _ in range(5)} == {"2"}
    client.update_alias(FunctionName=versions, Name="shared", RoutingConfig={"AdditionalVersionWeights": {}})
    assert client.invoke(FunctionName=versions, Qualifier="shared")["ExecutedVersion"] == "1"


@pytest.mark.parametrize("arguments, code_, status", [
    ({"Name": "7"}, "ValidationException", 400), ({"Name": "a b"}, "ValidationException", 400),
    ({"Name": "x", "FunctionVersion": "9"}, "ResourceNotFoundException", 404),
    ({"Name": "x", "FunctionVersion": "first"}, "ValidationException", 400),
    ({"Name": "x", "FunctionVersion": "$LATEST", "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.1}}},
     "InvalidParameterValueException", 400),
    ({"Name": "x", "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.1}}}, "InvalidParameterValueException", 400),
    ({"Name": "x", "RoutingConfig": {"AdditionalVersionWeights": {"2": 1.1}}}, "ValidationException", 400),
    ({"Name": "x", "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1, "$LATEST": 0.1}}},
     "InvalidParameterValueException", 400)])
def test_aliases_that_cannot_be_are_refused(client, versions, arguments, code_, status):
    with aws_error(code_, status):
        client.create_alias(**{"FunctionName": versions, "FunctionVersion": "1", **arguments})


def test_an_alias_is_made_once(client, versions):
    client.create_alias(FunctionName=versions, Name="once", FunctionVersion="1")
    with aws_error("ResourceConflictException", 409, f"Alias already exists: {ARN}versions:once"):
        client.create_alias(FunctionName=versions, Name="once", FunctionVersion="1")


# --- Policies

def test_permissions_are_added_read_and_removed(client, make):
    make("shared")
    with aws_error("ResourceNotFoundException", 404):
        client.get_policy(FunctionName="shared")
    allow = {"FunctionName": "shared", "StatementId": "events", "Action": "lambda:InvokeFunction",
             "Principal": "events.amazonaws.com", "SourceArn": "arn:aws:events:us-east-1:123456789012:rule/r",
             "SourceAccount": "123456789012"}
    statement = json.loads(client.add_permission(**allow)["Statement"])
    assert statement == {
        "Sid": "events", "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
        "Action": "lambda:InvokeFunction", "Resource": ARN + "shared",
        "Condition": {"ArnLike": {"AWS:SourceArn": allow["SourceArn"]},
                      "StringEquals": {"AWS:SourceAccount": "123456789012"}}}
    with aws_error("ResourceConflictException", 409, "The statement id (events) provided already exists"):
        client.add_permission(**allow)
    policy = client.get_policy(FunctionName="shared")
    assert json.loads(policy["Policy"])["Statement"] == [statement]
    with aws_error("PreconditionFailedException", 412):
        client.add_permission(**{**allow, "StatementId": "more", "RevisionId": "other"})
    client.remove_permission(FunctionName="shared", StatementId="events", RevisionId=policy["RevisionId"])
    with aws_error("ResourceNotFoundException", 404, "Statement events is not found in resource policy."):
        client.remove_permission(FunctionName="shared", StatementId="events")


def test_a_policy_is_of_its_qualifier_alone(client, bystander, make, roles):
    make("split", Publish=True)
    client.create_alias(FunctionName="split", Name="live", FunctionVersion="1")
    client.add_permission(FunctionName="split", Qualifier="live", StatementId="b", Action="lambda:InvokeFunction",
                          Principal=roles["Bystander"])
    assert bystander.invoke(FunctionName="split", Qualifier="live")["StatusCode"] == 200
    for qualifier in ("$LATEST", "1"):
        with aws_error("AccessDeniedException", 403, "lambda:InvokeFunction"):
            bystander.invoke(FunctionName="split", Qualifier=qualifier)
    with aws_error("AccessDeniedException", 403, "lambda:InvokeFunction"):
        bystander.invoke(FunctionName="split")
    with aws_error("ResourceNotFoundException", 404):
        client.get_policy(FunctionName="split")
    assert json.loads(client.get_policy(FunctionName="split", Qualifier="live")["Policy"])["Statement"][0][
        "Resource"] == ARN + "split:live"
    with aws_error("InvalidParameterValueException", 400, "adding policies for $LATEST"):
        client.add_permission(FunctionName="split", Qualifier="$LATEST", StatementId="b",
                              Action="lambda:InvokeFunction", Principal="*")


def test_permissions_that_cannot_be_are_refused(client, make):
    make("picky")
    allow = {"FunctionName": "picky", "StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "*"}
    with aws_error("ValidationException", 400, "'action'"):
        client.add_permission(**{**allow, "Action": "s3:GetObject"})
    with aws_error("InvalidParameterValueException", 400, "The provided principal was invalid"):
        client.add_permission(**{**allow, "Principal": "nobody"})
    with aws_error("InvalidParameterValueException", 400, "FunctionUrlAuthType is only supported"):
        client.add_permission(**allow, FunctionUrlAuthType="NONE")
    for number in range(200):
        try:
            client.add_permission(**{**allow, "StatementId": f"{number:0100d}"})
        except client.exceptions.PolicyLengthExceededException as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400
            return
    raise AssertionError("a policy has no limit")


# --- Concurrency and tags

def test_concurrency_is_reserved_and_given_back(client, make):
    make("reserved")
    assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName="reserved")
    assert client.put_function_concurrency(FunctionName="reserved", ReservedConcurrentExecutions=0)[
        "ReservedConcurrentExecutions"] == 0
    with aws_error("TooManyRequestsException", 429, "Rate Exceeded"):
        client.invoke(FunctionName="reserved")
    before = client.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    client.put_function_concurrency(FunctionName="reserved", ReservedConcurrentExecutions=5)
    assert client.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == before - 5
    assert client.get_function(FunctionName="reserved")["Concurrency"] == {"ReservedConcurrentExecutions": 5}
    assert client.invoke(FunctionName="reserved")["StatusCode"] == 200
    with aws_error("InvalidParameterValueException", 400, "below its minimum value of [100]"):
        client.put_function_concurrency(FunctionName="reserved", ReservedConcurrentExecutions=901)
    client.delete_function_concurrency(FunctionName="reserved")
    assert client.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == before


def test_tags_are_added_and_removed(client, make):
    arn = make("tagged", Tags={"a": "1"})["FunctionArn"]
    client.tag_resource(Resource=arn, Tags={"b": "2", "a": "3"})
    assert client.list_tags(Resource=arn)["Tags"] == {"a": "3", "b": "2"}
    client.untag_resource(Resource=arn, TagKeys=["a", "none"])
    assert client.list_tags(Resource=arn)["Tags"] == {"b": "2"}
    with aws_error("ResourceNotFoundException", 404):
        client.list_tags(Resource=arn + "x")
    with not_implemented("ListTags of"):
        client.list_tags(Resource="arn:aws:lambda:us-east-1:123456789012:layer:l")


# --- Stacks

def test_stacks_make_versions_and_aliases(cloud, client):
    def with_text(text: str, number: int) -> dict:
        """A version has a new logical id whenever the function changes, as SAM and the CDK do it."""
        name = f"Version{number}"
        return template(
            {"Role": role(), "Function": function(location, FunctionName="stacked",
                                                  Environment={"Variables": {"TEXT": text}}),
             name: {"Type": "AWS::Lambda::Version", "DeletionPolicy": "Retain", "Properties": {
                 "FunctionName": {"Ref": "Function"}, "Description": text}},
             "Live": {"Type": "AWS::Lambda::Alias", "Properties": {
                 "Name": "live", "FunctionName": {"Ref": "Function"},
                 "FunctionVersion": {"Fn::GetAtt": [name, "Version"]}}},
             "Allow": {"Type": "AWS::Lambda::Permission", "Properties": {
                 "Action": "lambda:InvokeFunction", "FunctionName": {"Ref": "Live"},
                 "Principal": "events.amazonaws.com"}}},
            {"Version": {"Ref": name}, "Alias": {"Ref": "Live"}})

    location = upload(cloud, ECHO)
    outputs = deploy(cloud, "stacked", with_text("one", 1))
    assert outputs == {"Version": ARN + "stacked:1", "Alias": ARN + "stacked:live"}
    assert cloud.invoke(outputs["Alias"], {}).json["text"] == "one"
    policy = client.get_policy(FunctionName="stacked", Qualifier="live")
    assert json.loads(policy["Policy"])["Statement"][0]["Resource"] == ARN + "stacked:live"
    outputs = deploy(cloud, "stacked", with_text("two", 2), "UPDATE")
    assert outputs["Version"] == ARN + "stacked:2"
    assert cloud.invoke(outputs["Alias"], {}).json["text"] == "two"
    assert cloud.invoke("stacked:1", {}).json["text"] == "one"


def test_a_version_without_a_change_fails_the_stack(cloud):
    location = upload(cloud, ECHO)
    version = {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Function"}}}
    made = change_set(cloud, "unchanged", template(
        {"Role": role(), "Function": function(location), "First": version, "Second": {**version, "DependsOn": "First"}}))
    cloud.client("cloudformation").execute_change_set(ChangeSetName=made["ChangeSetId"])
    assert settled(cloud, "unchanged")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert any("A version for this Lambda function exists ( 1 )" in one.get("ResourceStatusReason", "")
               for one in cloud.stack_events("unchanged"))


def test_provisioned_concurrency_is_refused_by_name(cloud):
    location = upload(cloud, ECHO)
    made = change_set(cloud, "provisioned", template(
        {"Role": role(), "Function": function(location),
         "Version": {"Type": "AWS::Lambda::Version", "Properties": {
             "FunctionName": {"Ref": "Function"},
             "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 1}}}}))
    if made["Status"] == "FAILED":
        assert "ProvisionedConcurrencyConfig" in made["StatusReason"]
        return
    cloud.client("cloudformation").execute_change_set(ChangeSetName=made["ChangeSetId"])
    settled(cloud, "provisioned")
    assert any("ProvisionedConcurrencyConfig" in one.get("ResourceStatusReason", "")
               for one in cloud.stack_events("provisioned"))


def test_environments_of_a_deleted_version_end(cloud, client, make):
    make("ended", Code={"ZipFile": package("import os\ndef handler(event, headers):\n    return os.getpid()\n")})
    pid = cloud.invoke("ended", {}).json
    client.delete_function(FunctionName="ended")
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), "the process of a deleted function is gone")

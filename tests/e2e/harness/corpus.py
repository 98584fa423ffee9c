"""Templates of others, prepared as `sam build` and `sam package` do it: local folders and files become objects in S3,
and parameters without a default get a plausible value."""

import io
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from . import sam
from .local_cloud import LocalCloud
from .processes import ROOT
from .stacks import CAPABILITIES, settled

FOLDER = ROOT.parent / "shared/corpus/templates"
BUCKET = "corpus-artifacts"
# What an API's definition in a file of its own might be; the functions of the templates' own files are not known.
OPENAPI = {"openapi": "3.0.1", "info": {"title": "api", "version": "1"}, "paths": {"/": {"get": {
    "responses": {"200": {"description": "ok"}}, "x-amazon-apigateway-integration": {
        "type": "aws_proxy", "httpMethod": "POST", "payloadFormatVersion": "2.0",
        "uri": {"Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/"
                           "arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:given/invocations"}}}}}}

# What the parameters of these names, or of these types, are given; {n} counts. Layers, secrets, and buckets of these names,
# have to be there before.
EXISTING = re.compile(r"(?i)existing|staging|artifact")
BY_NAME = {"ApiKeyValue": "given-value-of-20-characters",
           "DomainName": "example.com", "CustomDomainName": "api.example.com", "phoneNumber": "+12065550100"}
BY_PATTERN = [
    (r"Email", "someone@example.com"),
    (r"(?i)(secret|kiro).*arn$", "arn:aws:secretsmanager:us-east-1:123456789012:secret:given-AbCdEf"),
    (r"(?i)certif|certificate.*arn", "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"),
    (r"(?i)busarn$", "arn:aws:events:us-east-1:123456789012:event-bus/default"),
    (r"(?i)layerarn$", "arn:aws:lambda:us-east-1:123456789012:layer:given:1"),
    (r"(?i)vpcendpoint", "vpce-0123456789abcdef0"), (r"(?i)vpc", "vpc-0123456789abcdef0"),
    (r"(?i)subnets?(id)?s?\d*$", "subnet-0123456789abcdef0"), (r"(?i)securitygroup", "sg-0123456789abcdef0"),
    (r"(?i)ecruri", "123456789012.dkr.ecr.us-east-1.amazonaws.com/given:latest"),
    (r"(?i)(url|endpoint)", "https://example.com/"), (r"(?i)password", "Passw0rdPassw0rd"),
    (r"(?i)bucket", "given-bucket-{n}"), (r"", "given{n}")]
BY_TYPE = {"Number": "1", "AWS::EC2::Image::Id": "ami-0123456789abcdef0", "AWS::EC2::VPC::Id": "vpc-0123456789abcdef0",
           "AWS::EC2::Subnet::Id": "subnet-0123456789abcdef0", "AWS::EC2::SecurityGroup::Id": "sg-0123456789abcdef0",
           "List<AWS::EC2::Subnet::Id>": "subnet-0123456789abcdef0,subnet-0123456789abcdef1"}


@dataclass
class Prepared:
    template: dict
    parameters: dict[str, str]


def names() -> list[str]:
    return sorted(path.name for path in FOLDER.iterdir()) if FOLDER.exists() else []


def _zip(files: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o100755 << 16
            archive.writestr(info, text)
    return packed.getvalue()


# Handlers that answer whoever asks: an API, or CloudFormation for a custom resource.
NODEJS = """exports.{function} = async (event) => {{
  if (event.ResponseURL) await fetch(event.ResponseURL, {{ method: 'PUT', body: JSON.stringify({{ Status: 'SUCCESS',
    StackId: event.StackId, RequestId: event.RequestId, LogicalResourceId: event.LogicalResourceId,
    PhysicalResourceId: event.PhysicalResourceId ?? 'made' }}) }});
  return {{ statusCode: 200, body: 'ok' }};
}};
"""
PYTHON = """import json, urllib.request


def {function}(event, context):
    if "ResponseURL" in event:
        answer = {{key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}}
        answer.update(Status="SUCCESS", PhysicalResourceId=event.get("PhysicalResourceId", "made"))
        urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], json.dumps(answer).encode(), method="PUT"))
    return {{"statusCode": 200, "body": "ok"}}
"""


def package(runtime: str, handler: str) -> bytes:
    """A handler where the runtime looks for it."""
    module, _, function = handler.rpartition(".")
    if runtime.startswith("nodejs"):
        return _zip({f"{module}.js": NODEJS.format(function=function)})
    if runtime.startswith("python"):
        return _zip({f"{module.replace('.', '/')}.py": PYTHON.format(function=function)})
    return _zip({"bootstrap": "#!/bin/sh\nexit 1\n"})


class _Artifacts:
    """Objects that a tool would upload."""

    def __init__(self, cloud: LocalCloud):
        self.s3 = cloud.client("s3")
        self.s3.create_bucket(Bucket=BUCKET)
        self.count = 0

    def put(self, body: bytes) -> str:
        self.count += 1
        self.s3.put_object(Bucket=BUCKET, Key=f"artifact-{self.count}", Body=body)
        return f"s3://{BUCKET}/artifact-{self.count}"


def _is_local(value: object) -> bool:
    return isinstance(value, str) and not value.startswith(("s3://", "https://"))


def _prepare_function(properties: dict, defaults: dict, artifacts: _Artifacts):
    if "InlineCode" in properties:
        return
    if "Image" in (properties.get("PackageType"), defaults.get("PackageType")):
        if _is_local(properties.get("ImageUri", "")):
            properties["ImageUri"] = "123456789012.dkr.ecr.us-east-1.amazonaws.com/built:latest"
        return
    if _is_local(properties.get("CodeUri", ".")):
        runtime = properties.get("Runtime", defaults.get("Runtime", ""))
        handler = properties.get("Handler", defaults.get("Handler", "bootstrap"))
        properties["CodeUri"] = artifacts.put(package(runtime, handler if isinstance(handler, str) else "app.handler"))


def _prepare_includes(value: object, artifacts: _Artifacts):
    if isinstance(value, dict):
        transform = value.get("Fn::Transform")
        if isinstance(transform, dict) and _is_local(transform.get("Parameters", {}).get("Location")):
            transform["Parameters"]["Location"] = artifacts.put(json.dumps(OPENAPI).encode())
        for member in value.values():
            _prepare_includes(member, artifacts)
    elif isinstance(value, list):
        for element in value:
            _prepare_includes(element, artifacts)


def _value_for(name: str, declared: dict, count: int) -> str:
    if "AllowedValues" in declared:
        return str(declared["AllowedValues"][0])
    value = BY_NAME.get(name) or BY_TYPE.get(declared["Type"])
    return value or next(text for pattern, text in BY_PATTERN if re.search(pattern, name)).format(n=count)


def prepare(cloud: LocalCloud, name: str) -> Prepared:
    template = sam.read((FOLDER / name).read_text())
    artifacts = _Artifacts(cloud)
    defaults = (template.get("Globals") or {}).get("Function") or {}
    defaults.pop("CodeUri", None)
    for resource in template["Resources"].values():
        properties = resource.get("Properties") or {}
        kind = resource["Type"]
        if kind == "AWS::Serverless::Function":
            _prepare_function(resource.setdefault("Properties", {}), defaults, artifacts)
        elif kind == "AWS::Serverless::LayerVersion" and _is_local(properties.get("ContentUri")):
            properties["ContentUri"] = artifacts.put(_zip({"nodejs/given.js": "", "python/given.py": ""}))
        elif "DefinitionUri" in properties and _is_local(properties["DefinitionUri"]):
            properties["DefinitionUri"] = artifacts.put(json.dumps(OPENAPI).encode())
    _prepare_includes(template, artifacts)
    parameters = {key: _value_for(key, declared, number)
                  for number, (key, declared) in enumerate((template.get("Parameters") or {}).items())
                  if "Default" not in declared}
    return Prepared(json.loads(json.dumps(template, default=str)), parameters)


def _create(cloud: LocalCloud, name: str) -> str:
    """Makes the stack as a tool does, by change set; the change set's failure, or ""."""
    prepared = prepare(cloud, name)
    s3, formation = cloud.client("s3"), cloud.client("cloudformation")
    for key, value in prepared.parameters.items():
        if EXISTING.search(key) and value.startswith("given-bucket"):
            s3.create_bucket(Bucket=value)
        if ":layer:given:" in value:
            cloud.client("lambda").publish_layer_version(LayerName="given", Content={"ZipFile": _zip({"given": ""})})
        if ":secret:given-" in value:  # its last six characters are for Secrets Manager to choose
            prepared.parameters[key] = cloud.client("secretsmanager").create_secret(
                Name="given", SecretString='{"username": "given", "password": "given"}')["ARN"]
    s3.put_object(Bucket=BUCKET, Key="template.json", Body=json.dumps(prepared.template).encode())
    try:
        made = formation.create_change_set(
            StackName="corpus", ChangeSetName="corpus", ChangeSetType="CREATE", Capabilities=list(CAPABILITIES),
            TemplateURL=f"{cloud.endpoint}/{BUCKET}/template.json",
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in prepared.parameters.items()])
    except formation.exceptions.ClientError as error:
        return error.response["Error"]["Message"]
    described = formation.describe_change_set(ChangeSetName=made["Id"])
    if described["Status"] == "FAILED":
        return described["StatusReason"]
    formation.execute_change_set(ChangeSetName=made["Id"])
    return ""


def _stopper(kind: str, reason: str) -> str:
    if reason.startswith("Resource type "):
        return kind
    if found := re.fullmatch(r"Encountered unsupported property (\S+)", reason):
        return f"{kind} {found[1]}"
    return f"{kind}: {reason}"


def deploy(cloud: LocalCloud, name: str) -> list[str]:
    """Deploys a template into an empty account; what stopped it, each type, property or reason once."""
    if refused := _create(cloud, name):
        return [refused]
    if settled(cloud, "corpus")["StackStatus"] == "CREATE_COMPLETE":
        return []
    return sorted({_stopper(event["ResourceType"], event["ResourceStatusReason"])
                   for event in cloud.stack_events("corpus")
                   if event["ResourceStatus"] == "CREATE_FAILED" and event["PhysicalResourceId"] != event["StackId"]})

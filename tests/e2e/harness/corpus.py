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

FOLDER = Path(__file__).parents[3] / "shared/corpus/templates"
BUCKET = "corpus-artifacts"
OPENAPI = {"openapi": "3.0.1", "info": {"title": "api", "version": "1"},
           "paths": {"/": {"get": {"responses": {"200": {"description": "ok"}}}}}}

# What the parameters of these names, or of these types, are given; {n} counts.
BY_NAME = {"DomainName": "example.com", "CustomDomainName": "api.example.com", "phoneNumber": "+12065550100"}
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
    return sorted(path.name for path in FOLDER.iterdir())


def _zip(files: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o100755 << 16
            archive.writestr(info, text)
    return packed.getvalue()


def package(runtime: str, handler: str) -> bytes:
    """A handler where the runtime looks for it."""
    module, _, function = handler.rpartition(".")
    if runtime.startswith("nodejs"):
        return _zip({f"{module}.js": f"exports.{function} = async () => ({{ statusCode: 200, body: 'ok' }});\n"})
    if runtime.startswith("python"):
        path = module.replace(".", "/")
        return _zip({f"{path}.py": f"def {function}(event, context):\n    return {{'statusCode': 200, 'body': 'ok'}}\n"})
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

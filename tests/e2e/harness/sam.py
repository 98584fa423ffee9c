"""The SAM translator as a judge: what AWS makes of a serverless template, and how that differs from something else."""

import copy
import json
import logging
import re
from pathlib import Path

import yaml

from . import judges
from .processes import ROOT

class Session:
    """Stands for boto3's: the translator asks it for the region alone."""
    region_name = "us-east-1"


def no_policies() -> dict[str, str]:
    """Stands for IAM's list; the translator has most names itself."""
    return {}


def translate(template: dict, parameters: dict[str, str]) -> dict:
    logging.getLogger("samtranslator").setLevel(logging.CRITICAL)
    translator = judges.module("SAM translator", "samtranslator.translator.translator")
    parser = judges.module("SAM translator", "samtranslator.parser.parser")
    result = translator.Translator({}, parser.Parser(), boto_session=Session()).translate(
        copy.deepcopy(template), parameter_values=dict(parameters), get_managed_policy_map=no_policies)
    return json.loads(json.dumps(result))


def refusal(template: dict) -> str | None:
    """What the translator has against a template, or None."""
    exceptions = judges.module("SAM translator", "samtranslator.model.exceptions")
    try:
        translate(template, {})
    except exceptions.InvalidDocumentException as error:
        return " ".join([error.message, *(one.message for one in error.causes)])
    return None


class _Loader(yaml.SafeLoader):
    pass


def _short_tag(loader: yaml.SafeLoader, suffix: str, node: yaml.Node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else "Fn::" + suffix: value}


_Loader.add_multi_constructor("!", _short_tag)
# Dates are text in templates.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()}


def read(text: str) -> dict:
    """A template with CloudFormation's short tags."""
    return yaml.load(text, _Loader)


# --- Differences that are accepted, each with its reason

# The hash in a REST deployment's name is of the API's definition as SAM serialises it in Python. All that matters is
# that it changes with the definition.
_HASH = re.compile(r"Deployment[0-9a-f]{10}\b")
_HASH_TEXT = re.compile(r"deployment id: [0-9a-f]{40}")


def _without_hashes(document: dict) -> dict:
    text = _HASH.sub("DeploymentHASH", json.dumps(document))
    return json.loads(_HASH_TEXT.sub("deployment id: HASH", text))


# What a bucket waits for comes from a set in Python, in no order.
def _without_order(document: dict) -> dict:
    for resource in document["Resources"].values():
        if resource["Type"] == "AWS::S3::Bucket" and isinstance(resource.get("DependsOn"), list):
            resource["DependsOn"].sort()
    return document


def comparable(document: dict) -> dict:
    same = _without_order(_without_hashes(document))
    return {key: value for key, value in same.items() if key not in ("Transform", "Globals")}


def differences(mine: dict, judged: dict) -> list[str]:
    """Resource by resource, then section by section; empty if they are the same."""
    found = []
    ours, theirs = mine["Resources"], judged["Resources"]
    for name in sorted(set(ours) | set(theirs)):
        if ours.get(name) != theirs.get(name):
            found.append(f"{name}\n  local cloud    {json.dumps(ours.get(name), sort_keys=True)}\n"
                         f"  SAM translator {json.dumps(theirs.get(name), sort_keys=True)}")
    for section in sorted((set(mine) | set(judged)) - {"Resources"}):
        if mine.get(section) != judged.get(section):
            found.append(f"section {section}\n  local cloud    {mine.get(section)}\n"
                         f"  SAM translator {judged.get(section)}")
    return found


# --- Templates as they come to the transform

PREFIX = "AWS::Serverless::"
# What the local cloud refuses by name. A template that has one is not in scope.
TYPES_ELSEWHERE = {PREFIX + name for name in ("StateMachine", "GraphQLApi", "Connector", "CapacityProvider",
                                              "WebSocketApi", "WebFunction", "MicrovmImage", "NetworkConnector")}
EVENTS_ELSEWHERE = {"AlexaSkill", "Cognito", "DocumentDB", "IoTRule", "MQ", "MSK", "SelfManagedKafka"}


def is_sam(template: dict) -> bool:
    return "AWS::Serverless-2016-10-31" in str(template.get("Transform"))


def elsewhere(template: dict) -> list[str]:
    """What of the template is out of scope, by name."""
    found = set()
    for resource in template["Resources"].values():
        kind, properties = resource.get("Type", ""), resource.get("Properties") or {}
        if kind in TYPES_ELSEWHERE:
            found.add(kind)
        if kind == PREFIX + "Function":
            found |= {f"event {event.get('Type')}" for event in (properties.get("Events") or {}).values()
                      if event.get("Type") in EVENTS_ELSEWHERE}
            found |= {"CapacityProviderConfig"} & properties.keys()
        if kind in (PREFIX + "Api", PREFIX + "HttpApi"):
            found |= {f"{kind} Domain"} if "Domain" in properties else set()
            for authorizer in ((properties.get("Auth") or {}).get("Authorizers") or {}).values():
                found |= {"Cognito authorizer"} if "UserPoolArn" in authorizer else set()
    return sorted(found)


def packaged(template: dict) -> dict:
    """As `sam package` leaves it: code and definitions in S3, images in a registry, includes in their place."""
    result = _included(json.loads(json.dumps(template)))
    common = (result.get("Globals") or {}).get("Function", {})
    for resource in result["Resources"].values():
        properties = resource.get("Properties") or {}
        if resource.get("Type") == PREFIX + "Function":
            everything = {**common, **properties}
            image = everything.get("PackageType") == "Image"
            if image and "ImageUri" not in everything:
                properties["ImageUri"] = "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:1"
            elif not image and not {"CodeUri", "InlineCode"} & everything.keys():
                properties["CodeUri"] = "s3://bucket/key"
    sections = [*(result.get("Globals") or {}).values(),
                *(one.get("Properties") or {} for one in result["Resources"].values()
                  if one.get("Type", "").startswith(PREFIX))]
    for section in sections:
        for name in {"CodeUri", "ContentUri", "DefinitionUri"} & section.keys():
            if isinstance(section[name], str) and not section[name].startswith("s3://"):
                section[name] = "s3://bucket/key"
    return result


def _included(value):
    if isinstance(value, list):
        return [_included(one) for one in value]
    if not isinstance(value, dict):
        return value
    if value.get("Fn::Transform", {}).get("Name") == "AWS::Include":
        return {"openapi": "3.0.1", "info": {"title": "included"}, "paths": {}}
    return {key: _included(one) for key, one in value.items()}


def needed_parameters(template: dict) -> dict[str, str]:
    """A value for each parameter without a default."""
    def value(name: str, declared: dict) -> str:
        return str(declared["AllowedValues"][0]) if "AllowedValues" in declared else \
            "someone@example.com" if "mail" in name.lower() else "10"

    return {name: value(name, declared) for name, declared in (template.get("Parameters") or {}).items()
            if "Default" not in declared}


OWN = Path(__file__).parent.parent / "sam_templates"
# Templates of aws-samples/serverless-patterns; they lie beside the project, if they are there.
CORPUS = sorted((ROOT.parent / "shared" / "corpus" / "templates").glob("*"))


def own(name: str) -> dict:
    return read((OWN / f"{name}.yaml").read_text())

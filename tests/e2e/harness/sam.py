"""The SAM translator as a judge: what AWS makes of a serverless template, and how that differs from something else."""

import copy
import json
import re

import yaml

from . import judges

# The managed policies that the templates of the tests name, as IAM lists them.
MANAGED = {
    "AWSLambdaBasicExecutionRole": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
    "AWSLambdaVPCAccessExecutionRole": "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole",
    "AWSXRayDaemonWriteAccess": "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess",
    "AmazonDynamoDBReadOnlyAccess": "arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess",
}


class Policies:
    """Stands for ManagedPolicyLoader, which would ask IAM."""

    @staticmethod
    def load() -> dict[str, str]:
        return dict(MANAGED)


class Session:
    """Stands for boto3's: the translator asks it for the region alone."""
    region_name = "us-east-1"


def translate(template: dict, parameters: dict[str, str]) -> dict:
    translator = judges.module("SAM translator", "samtranslator.translator.translator")
    parser = judges.module("SAM translator", "samtranslator.parser.parser")
    result = translator.Translator({}, parser.Parser(), boto_session=Session()).translate(
        copy.deepcopy(template), parameter_values=dict(parameters), get_managed_policy_map=Policies.load)
    return json.loads(json.dumps(result))


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


def comparable(document: dict) -> dict:
    return {key: value for key, value in _without_hashes(document).items() if key not in ("Transform", "Globals")}


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

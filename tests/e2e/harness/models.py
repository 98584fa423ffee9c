"""botocore's service models as a judge: every answer of a client held against the shape that AWS publishes. boto3
itself passes over members that it does not know or does not find; this does not."""

import json
import re
from xml.etree import ElementTree

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from botocore.utils import parse_timestamp

# Members that every answer of a protocol may have beside its shape.
ENVELOPE = {"ResponseMetadata"}

# Values that AWS gives and its models leave out: a stack's own events carry its status where a resource's stands.
ACCEPTED = {"ResourceStatus": ("REVIEW_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
                               "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")}


def _local(tag: str) -> str:
    return tag.rsplit("}", 1)[-1]


class Judge:
    """Reads the answers of the clients that it watches: `found` lists what breaks the model; a strict one lets the call
    fail."""

    def __init__(self, strict: bool = False):
        self.strict = strict
        self.found: list[str] = []
        self.judged: set[str] = set()

    def watch(self, client):
        client.meta.events.register("after-call", self._after_call)
        return client

    def _after_call(self, http_response, model: OperationModel, **_):
        if http_response.status_code >= 300:
            return
        operation = f"{model.service_model.service_name}.{model.name}"
        self.judged.add(operation)
        if model.has_streaming_output or model.has_event_stream_output:
            return  # whoever asked reads it
        before = len(self.found)
        self._judge(model, http_response.content)
        self.found[before:] = [f"{operation}: {one}" for one in self.found[before:]]
        assert not (self.strict and self.found), self.found

    def _judge(self, model: OperationModel, content: bytes):
        shape = model.output_shape
        if shape is None:
            return
        protocol = model.service_model.metadata["protocol"]
        payload = shape.serialization.get("payload")
        if payload:
            shape = shape.members[payload]
        if protocol in ("json", "rest-json", "smithy-rpc-v2-cbor"):
            in_body = {name for name, member in shape.members.items() if "location" not in member.serialization}
            if in_body or content:
                self._json(shape, json.loads(content or b"{}"), "")
            return
        if not content:
            if any("location" not in member.serialization for member in shape.members.values()):
                self.found.append("no body")
            return
        root = ElementTree.fromstring(content)
        if protocol == "query":
            result = next((one for one in root if _local(one.tag) == model.name + "Result"), None)
            if result is None and shape.members:
                self.found.append(f"no {model.name}Result")
            root = result
        if root is not None:
            self._xml(shape, root, "")

    # --- Values of either form

    def _missing(self, shape: StructureShape, there: set[str], path: str):
        for name in shape.required_members:
            if name not in there and "location" not in shape.members[name].serialization:
                self.found.append(f"{path}/{name} is required and not there")

    def _text(self, shape: Shape, value: str, path: str):
        kind = shape.type_name
        patterns = {"integer": r"-?\d+", "long": r"-?\d+", "boolean": r"true|false",
                    "double": r"-?\d+(\.\d+)?([eE]-?\d+)?"}
        if kind in patterns and not re.fullmatch(patterns[kind], value):
            self.found.append(f"{path} is {value!r}, which is no {kind}")
        if kind == "timestamp":
            try:
                parse_timestamp(value)
            except ValueError:
                self.found.append(f"{path} is {value!r}, which is no time")
        if kind == "string":
            self._enumerated(shape, value, path)

    def _enumerated(self, shape: Shape, value: str, path: str):
        allowed = shape.metadata.get("enum")
        if allowed and value not in allowed and value not in ACCEPTED.get(shape.name, ()):
            self.found.append(f"{path} is {value!r}, which is none of {allowed}")

    # --- JSON

    def _json(self, shape: Shape, value, path: str):
        if isinstance(shape, StructureShape):
            if not isinstance(value, dict):
                self.found.append(f"{path} is no object")
                return
            names = {member.serialization.get("name", name): name for name, member in shape.members.items()}
            for key, one in value.items():
                if key in names:
                    self._json(shape.members[names[key]], one, f"{path}/{key}")
                else:
                    self.found.append(f"{path}/{key} is not in the model")
            self._missing(shape, {names[key] for key in value if key in names}, path)
        elif isinstance(shape, ListShape):
            for number, one in enumerate(value):
                self._json(shape.member, one, f"{path}/{number}")
        elif isinstance(shape, MapShape):
            for key, one in value.items():
                self._json(shape.value, one, f"{path}/{key}")
        else:
            kinds = {"string": str, "blob": str, "boolean": bool, "integer": int, "long": int, "double": (int, float),
                     "float": (int, float), "timestamp": (int, float, str)}
            kind = kinds[shape.type_name]
            if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
                self.found.append(f"{path} is {value!r}, which is no {shape.type_name}")
            elif shape.type_name == "string":
                self._enumerated(shape, value, path)

    # --- XML

    def _xml(self, shape: Shape, node: ElementTree.Element, path: str):
        if isinstance(shape, StructureShape):
            names = {}
            for name, member in shape.members.items():
                flat = isinstance(member, ListShape) and member.serialization.get("flattened")
                own = member.serialization.get("name") or (member.member.serialization.get("name") if flat else None)
                names[own or name] = (name, member, flat)
            there = set()
            for child in node:
                tag = _local(child.tag)
                if tag not in names:
                    if tag not in ENVELOPE:
                        self.found.append(f"{path}/{tag} is not in the model")
                    continue
                name, member, flat = names[tag]
                there.add(name)
                self._xml(member.member if flat else member, child, f"{path}/{tag}")
            self._missing(shape, there, path)
        elif isinstance(shape, ListShape):
            wanted = shape.member.serialization.get("name", "member")
            for number, child in enumerate(node):
                if _local(child.tag) != wanted:
                    self.found.append(f"{path}/{_local(child.tag)} should be {wanted}")
                self._xml(shape.member, child, f"{path}/{number}")
        elif isinstance(shape, MapShape):
            for child in node:
                if [_local(one.tag) for one in child] != ["key", "value"]:
                    self.found.append(f"{path}/{_local(child.tag)} is no key with a value")
        else:
            if len(node):
                self.found.append(f"{path} has members, and is a {shape.type_name}")
            self._text(shape, node.text or "", path)

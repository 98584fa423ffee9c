"""What livelambda asks of AWS, recorded on its way to a cloud, and held against botocore's models: each request is read
back into the parameters that a client of botocore would have been given, and nothing may be left over."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.etree import ElementTree

import botocore.session
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from botocore.utils import parse_timestamp
from botocore.validate import ParamValidator


@dataclass
class Recorded:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    status: int = 0

    @property
    def service(self) -> str:
        """By the scope that it is signed for."""
        _, _, rest = self.headers.get("authorization", "").partition("Credential=")
        return rest.split("/")[3] if rest else ""


class Recorder:
    """Stands in front of a cloud: has an endpoint, and the requests that came to it. Or of several: `endpoint_of` says
    which one takes a request."""

    def __init__(self, endpoint_of: str | Callable[[Recorded], str]):
        self.requests: list[Recorded] = []
        recorder = self
        choose = endpoint_of if callable(endpoint_of) else lambda _: endpoint_of

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                seen = Recorded(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                recorder.requests.append(seen)
                upstream = urlsplit(choose(seen))
                connection = HTTPConnection(upstream.hostname, upstream.port, timeout=60)
                connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    connection.putheader(name, value)
                connection.endheaders(body)
                answer = connection.getresponse()
                content = answer.read()
                seen.status = answer.status
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("transfer-encoding", "connection", "date", "server", "content-length"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)) if self.command != "HEAD" else
                                 answer.getheader("Content-Length", "0"))
                self.end_headers()
                self.wfile.write(content)
                connection.close()

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@dataclass
class RequestJudge:
    """`found` lists what breaks a model, `judged` the operations that were read."""

    services: tuple[str, ...]
    found: list[str] = field(default_factory=list)
    judged: list[str] = field(default_factory=list)
    _models: dict = field(default_factory=dict)

    def judge(self, request: Recorded):
        if request.service not in self.services:
            return
        try:
            operation, parameters = self._read(request)
        except Exception as error:  # noqa: BLE001 what cannot be read is a finding
            self.found.append(f"{request.method} {request.target} {request.body[:300]!r}: {error!r}")
            return
        self.judged.append(f"{request.service}.{operation.name}")
        if operation.input_shape is None:
            return
        report = ParamValidator().validate(parameters, operation.input_shape)
        if report.has_errors():
            self.found.append(f"{operation.name} {parameters}: {report.generate_report()}")

    def _model(self, service: str):
        if service not in self._models:
            self._models[service] = botocore.session.get_session().get_service_model(service)
        return self._models[service]

    def _read(self, request: Recorded) -> tuple[OperationModel, dict]:
        model = self._model(request.service)
        protocol = model.metadata["protocol"]
        if protocol == "query":
            return _read_query(model, request)
        if protocol == "json":
            operation = model.operation_model(request.headers["x-amz-target"].rsplit(".", 1)[1])
            return operation, _from_json(operation.input_shape, json.loads(request.body))
        assert protocol == "rest-xml", protocol
        return _read_rest_xml(model, request)


def _scalar(shape: Shape, text: str):
    if shape.type_name in ("integer", "long"):
        return int(text)
    if shape.type_name == "boolean":
        assert text in ("true", "false"), text
        return text == "true"
    if shape.type_name == "timestamp":
        return parse_timestamp(text)
    return text


# --- The query protocol: "Tags.member.1.Key"

def _read_query(model, request: Recorded) -> tuple[OperationModel, dict]:
    assert request.headers["content-type"].startswith("application/x-www-form-urlencoded")
    form = dict(pairs := parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True))
    assert len(form) == len(pairs), "a name stands twice"
    assert form.pop("Version") == model.api_version
    operation = model.operation_model(form.pop("Action"))
    parameters = _from_form(operation.input_shape, form, "") if operation.input_shape else {}
    assert not form, f"left over: {form}"
    return operation, parameters or {}


def _from_form(shape: Shape, form: dict[str, str], prefix: str):
    if isinstance(shape, StructureShape):
        dot = prefix + "." if prefix else ""
        members = {name: _from_form(member, form, dot + name) for name, member in shape.members.items()}
        return {name: value for name, value in members.items() if value is not None} or None
    if isinstance(shape, ListShape):
        found = []
        while (one := _from_form(shape.member, form, f"{prefix}.member.{len(found) + 1}")) is not None:
            found.append(one)
        return found or None
    if isinstance(shape, MapShape):
        return None  # of none that is used: it would be left over
    return _scalar(shape, form.pop(prefix)) if prefix in form else None


def _from_json(shape: Shape, value):
    """Binary values are base64 on the wire; all else validates as it stands."""
    if isinstance(shape, StructureShape):
        return {name: _from_json(shape.members[name], one) if name in shape.members else one
                for name, one in value.items()}
    if isinstance(shape, ListShape):
        return [_from_json(shape.member, one) for one in value]
    if isinstance(shape, MapShape):
        return {name: _from_json(shape.value, one) for name, one in value.items()}
    return value


# --- REST with XML: an operation is known by its method, its path and the words of its query

_TRANSPORT = ("x-amz-date", "x-amz-content-sha256", "x-amz-security-token")


def _read_rest_xml(model, request: Recorded) -> tuple[OperationModel, dict]:
    path, _, query = request.target.partition("?")
    given = dict(parse_qsl(query, keep_blank_values=True))
    # Of S3, after the bucket, which botocore puts into the path as well.
    segments = path.lstrip("/").split("/", 1)
    found = []
    for name in model.operation_names:
        operation = model.operation_model(name)
        uri, _, words = operation.http["requestUri"].partition("?")
        # What botocore writes into the query of every request of an operation tells it from others.
        literal = dict(parse_qsl(words, keep_blank_values=True))
        literal.pop("x-id", None)
        has_key = "{Key+}" in uri
        if operation.http["method"] != request.method or has_key != (len(segments) == 2 and segments[1] != ""):
            continue
        if "{Bucket}" not in uri and not has_key:
            continue
        if all(word in given for word in literal):
            found.append((len(literal), name, operation, literal))
    assert found, "no such operation"
    best = max(found, key=lambda one: one[0])[0]
    # PutObject and CopyObject differ by a header that one requires.
    for _, _, operation, literal in sorted((one for one in found if one[0] == best), key=lambda one: one[:2]):
        required = [operation.input_shape.members[one].serialization for one in operation.input_shape.required_members]
        names = [one["name"].lower() for one in required if one.get("location") == "header"]
        if all(name in request.headers for name in names):
            return operation, _rest_parameters(operation, literal, segments, given, request)
    raise AssertionError("no operation has these headers")


def _rest_parameters(operation: OperationModel, literal: dict, segments: list[str], given: dict[str, str],
                     request: Recorded) -> dict:
    parameters, headers = {}, {name: value for name, value in request.headers.items()
                               if name.startswith("x-amz-") and name not in _TRANSPORT}
    checksums = [name for name in headers if name.startswith("x-amz-checksum-")]
    if checksums and (operation.http_checksum or {}).get("requestAlgorithmMember"):
        del headers[checksums[0]]  # botocore makes it itself
    elif (operation.http_checksum or {}).get("requestChecksumRequired"):
        assert "content-md5" in request.headers, "no checksum"
    left = {name: value for name, value in given.items() if name not in literal}
    shape = operation.input_shape
    for name, member in shape.members.items():
        location, wire = member.serialization.get("location"), member.serialization.get("name", name)
        if location == "uri":
            parameters[name] = unquote(segments[0] if wire == "Bucket" else segments[1])
        elif location == "querystring" and wire in left:
            parameters[name] = _scalar(member, left.pop(wire))
        elif location == "header" and wire.lower() in headers:
            parameters[name] = _scalar(member, headers.pop(wire.lower()))
    assert not left and not headers, f"left over: {left} {headers}"
    payload = shape.serialization.get("payload")
    if payload and isinstance(shape.members[payload], StructureShape):
        parameters[payload] = _from_xml(shape.members[payload], ElementTree.fromstring(request.body))
    elif payload:
        parameters[payload] = request.body
    else:
        assert not request.body, "a body, and the operation has none"
    return parameters


def _from_xml(shape: Shape, node):
    if not isinstance(shape, StructureShape):
        return _scalar(shape, node.text or "")
    wires = {member.serialization.get("name", name): (name, member) for name, member in shape.members.items()}
    for name, member in shape.members.items():
        if isinstance(member, ListShape) and member.serialization.get("flattened"):
            wires[member.member.serialization.get("name", member.serialization.get("name", name))] = (name, member)
    value: dict = {}
    for child in node:
        name, member = wires[child.tag.rsplit("}", 1)[-1]]
        if isinstance(member, ListShape):
            value.setdefault(name, []).append(_from_xml(member.member, child))
        else:
            value[name] = _from_xml(member, child)
    return value

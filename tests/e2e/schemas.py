"""The schema of every line of --json, as docs/json.md describes it."""

import jsonschema

TEXT = {"type": "string"}
NAME = {"type": "string", "minLength": 1}
MILLISECONDS = {"type": "number", "minimum": 0}
TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}
PID = {"type": "integer", "minimum": 0}

ERROR_KINDS = ["internal", "usage", "invalid_input", "build", "not_found", "credentials", "permission", "deployment",
               "displaced", "local_resource", "connect", "transport", "service"]


def _event(name: str, fields: dict, optional: dict | None = None) -> dict:
    return {"type": "object",
            "properties": {"event": {"const": name}, "time": TIME, **fields, **(optional or {})},
            "required": ["event", "time", *fields],
            "additionalProperties": False}


_INVOCATION = {"requestId": NAME, "function": NAME, "trigger": NAME,
               "environment": {"type": "string", "pattern": "^[0-9a-f]{32}$"}, "pid": PID}
_MEASURED = {"memorySizeMb": {"type": "integer", "minimum": 128}, "maxMemoryUsedMb": {"type": "integer", "minimum": 1},
             "initMs": MILLISECONDS}
_LOADED = {"function": NAME, "ms": MILLISECONDS, "status": {"enum": ["ok", "error"]}, "output": TEXT}

SCHEMAS = {
    "target": _event("target", {
        "app": NAME, "stage": NAME, "account": {"type": "string", "pattern": "^[0-9]{12}$"}, "region": NAME,
        "credentials": NAME, "stacks": {"type": "array", "items": NAME, "minItems": 1}}),
    "infrastructure": _event("infrastructure", {"stack": NAME, "changes": {"type": "array", "items": NAME}}),
    "outputs": _event("outputs", {"stack": NAME, "outputs": {"type": "object", "additionalProperties": TEXT}}),
    "deploy": _event("deploy", {
        "stack": NAME, "resource": NAME, "type": NAME,
        "status": {"type": "string", "pattern": "^[A-Z]+(_[A-Z]+)*$"}, "reason": TEXT}),
    "ready": _event("ready", {
        "stage": {"type": "string", "pattern": "^[a-zA-Z][a-zA-Z0-9-]*$"},
        "app": {"type": "string", "pattern": "^[a-zA-Z][a-zA-Z0-9-]*$"},
        "outputs": {"type": "object", "additionalProperties": TEXT},
        "functions": {"type": "array", "items": {
            "type": "object",
            "properties": {"logicalId": NAME, "name": NAME, "runtime": NAME, "handler": NAME,
                           "source": {"type": "string", "pattern": "^/"}},
            "required": ["logicalId", "name", "runtime", "handler", "source"], "additionalProperties": False}}}),
    "invocation": {"oneOf": [
        _event("invocation", {"phase": {"const": "started"}, **_INVOCATION}),
        _event("invocation", {"phase": {"const": "finished"}, **_INVOCATION, "status": {"const": "ok"},
                              "ms": MILLISECONDS, "overheadMs": MILLISECONDS}, _MEASURED),
        _event("invocation", {"phase": {"const": "finished"}, **_INVOCATION,
                              "status": {"enum": ["error", "timeout"]},
                              "ms": MILLISECONDS, "overheadMs": MILLISECONDS, "error": NAME}, _MEASURED)]},
    "log": _event("log", {"requestId": TEXT, "function": NAME, "line": TEXT}),
    "build": _event("build", _LOADED),
    "reload": _event("reload", _LOADED),
    "debugger": _event("debugger", {"function": NAME, "debugger": {"enum": ["node", "debugpy", "delve", "jdwp", "lldb"]},
                                    "address": {"type": "string", "pattern": r"^127\.0\.0\.1:[0-9]+$"},
                                    "environment": {"type": "string", "pattern": "^[0-9a-f]{32}$"}, "pid": PID, "waits": {"type": "boolean"}}),
    "displaced": _event("displaced", {"by": NAME}),
    "dropped": _event("dropped", {"reason": NAME, "count": {"type": "integer", "minimum": 1}}),
    "error": _event("error", {"kind": {"enum": ERROR_KINDS}, "message": NAME, "hint": TEXT},
                    {"file": NAME, "line": {"type": "integer", "minimum": 1}}),
    "stopped": _event("stopped", {"status": {"type": "integer", "minimum": 0, "maximum": 7}}),
}

LOCAL_READY = {
    "type": "object",
    "properties": {"event": {"const": "ready"}, "endpoint": {"type": "string", "pattern": r"^https?://127\.0\.0\.1:\d+$"},
                   "region": NAME, "accessKeyId": NAME, "secretAccessKey": NAME, "caPem": NAME},
    "required": ["event", "endpoint", "region", "accessKeyId", "secretAccessKey"],
    "additionalProperties": False,
}

# What other commands than those of a session print.
LISTED = {
    "function": _event("function", {
        "function": NAME, "stack": TEXT, "logicalId": NAME, "constructPath": TEXT, "runtime": TEXT, "handler": TEXT,
        "architecture": {"enum": ["x86_64", "arm64"]}, "source": TEXT, "file": NAME, "line": {"type": "integer", "minimum": 0},
        "live": {"type": "boolean"}}, {"reason": {"type": "string", "pattern": "^[a-z0-9_]+$"}, "why": NAME, "note": NAME,
                                       "sourceLine": {"type": "integer", "minimum": 1}}),
}


def check(event: dict):
    """Raises jsonschema.ValidationError."""
    schemas = SCHEMAS | LISTED
    assert event.get("event") in schemas, f"no schema for {event}"
    jsonschema.validate(event, schemas[event["event"]])

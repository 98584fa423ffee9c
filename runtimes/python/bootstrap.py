"""Runs a Lambda function on this machine: loads the handler, then asks the Runtime API for one event after the other.

Plain Python 3.8 or later, the standard library only. What it does follows AWS's own runtime for Python (awslambdaric),
whose quirks handlers rely on. Boto3 is not part of it: it is there if the package or the machine has it.
"""

import http.client
import importlib
import json
import logging
import os
import sys
import time
import traceback

_OWN_FILE = os.path.abspath(__file__)
_current = {"id": ""}  # the request that runs, for log lines


class RuntimeFailure(Exception):
    """What AWS's runtime says of itself: an error type, a message and the user's part of a trace."""

    def __init__(self, error_type, message, stack_trace=()):
        super().__init__(message)
        self.error_type = error_type
        self.stack_trace = list(stack_trace)


# --- The Runtime API


class RuntimeApi:
    def __init__(self, address):
        self._connection = http.client.HTTPConnection(address)

    def next(self):
        status, headers, body = self._request("GET", "invocation/next")
        if status != 200:
            raise ConnectionError(f"the Runtime API answered {status} to next: {body!r}")
        return headers, body

    def response(self, request_id, body):
        self._post(f"invocation/{request_id}/response", body, {"Content-Type": "application/json"})

    def error(self, path, error):
        body = json.dumps(error, ensure_ascii=False).encode("utf-8", "replace")
        self._post(path, body, {"Content-Type": "application/json",
                                "Lambda-Runtime-Function-Error-Type": _header_text(error["errorType"])})

    def _post(self, path, body, headers):
        # A refusal is no failure of ours: Lambda tells the caller itself (413, Function.ResponseSizeTooLarge).
        status, _, answer = self._request("POST", path, body, headers)
        if status != 202:
            print(f"the Runtime API answered {status} to {path}: {answer.decode(errors='replace')}")

    def _request(self, method, path, body=None, headers=None):
        self._connection.request(method, "/2018-06-01/runtime/" + path, body, headers or {})
        response = self._connection.getresponse()
        return response.status, response.headers, response.read()


def _header_text(text):
    return text if text and all(0x20 < ord(character) < 0x7F for character in text) else "Unhandled"


# --- The context object


class CognitoIdentity:
    __slots__ = ["cognito_identity_id", "cognito_identity_pool_id"]


class Client:
    __slots__ = ["installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"]


class ClientContext:
    __slots__ = ["custom", "env", "client"]


def _fill(target, values, names):
    for attribute, key in names.items():
        setattr(target, attribute, values.get(key) if values else None)
    return target


class LambdaContext:
    def __init__(self, headers):
        environment = os.environ
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.log_group_name = environment.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = environment.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = environment.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = environment.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = environment.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.tenant_id = headers.get("Lambda-Runtime-Aws-Tenant-Id")
        self.client_context = self._client_context(headers.get("Lambda-Runtime-Client-Context"))
        identity = headers.get("Lambda-Runtime-Cognito-Identity")
        self.identity = _fill(CognitoIdentity(), json.loads(identity) if identity else None,
                              {"cognito_identity_id": "cognitoIdentityId",
                               "cognito_identity_pool_id": "cognitoIdentityPoolId"})
        self._epoch_deadline_time_in_ms = int(headers["Lambda-Runtime-Deadline-Ms"])

    @staticmethod
    def _client_context(text):
        if not text:
            return None
        values = json.loads(text)
        context = _fill(ClientContext(), values, {"custom": "custom", "env": "env"})
        context.client = _fill(Client(), values["client"], {name: name for name in Client.__slots__}) \
            if values.get("client") else None
        return context

    def get_remaining_time_in_millis(self):
        return max(self._epoch_deadline_time_in_ms - int(time.time() * 1000), 0)

    def log(self, message):
        sys.stdout.write(str(message))

    def __repr__(self):
        shown = ("aws_request_id", "log_group_name", "log_stream_name", "function_name", "memory_limit_in_mb",
                 "function_version", "invoked_function_arn", "client_context", "identity", "tenant_id")
        return "LambdaContext([" + ",".join(f"{name}={getattr(self, name)}" for name in shown) + "])"


# --- Log lines


class LogHandler(logging.Handler):
    """The root logger's only handler: AWS's line, to standard output."""

    def __init__(self):
        super().__init__()
        formatter = logging.Formatter("[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n",
                                      "%Y-%m-%dT%H:%M:%S")
        formatter.converter = time.gmtime
        self.setFormatter(formatter)
        self.addFilter(self._add_request_id)

    @staticmethod
    def _add_request_id(record):
        record.aws_request_id = _current["id"]
        return True

    def emit(self, record):
        sys.stdout.write(self.format(record))


def _set_up_output():
    # Standard output is a pipe, and a function may be stopped or killed at any time: nothing may wait in a buffer.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace", line_buffering=True, write_through=True)
    logging.Formatter.converter = time.gmtime
    root = logging.getLogger()
    root.addHandler(LogHandler())
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    if level in ("DEBUG", "INFO", "WARN", "WARNING", "ERROR", "CRITICAL"):
        root.setLevel(level)


def _log_error(error):
    text = f"[ERROR] {error['errorType']}: {error['errorMessage']}"
    if error["stackTrace"]:
        text += "\nTraceback (most recent call last):\n" + "".join(error["stackTrace"])
    # A record is one line: as on AWS, its own line breaks become carriage returns.
    sys.stdout.write(text.rstrip("\n").replace("\n", "\r") + "\n")


# --- Errors


def _user_frames(trace):
    frames = [frame for frame in traceback.extract_tb(trace)
              if os.path.abspath(frame.filename) != _OWN_FILE and not frame.filename.startswith("<frozen importlib")]
    return traceback.format_list(frames)


def _error_of(error, request_id):
    if isinstance(error, RuntimeFailure):
        kind, message, trace = error.error_type, str(error), error.stack_trace
    else:
        kind, message, trace = type(error).__name__, str(error), _user_frames(error.__traceback__)
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}


# --- The handler


def load_handler(name):
    parts = (name or "").rsplit(".", 1)
    if len(parts) != 2 or not all(parts):
        raise RuntimeFailure("Runtime.MalformedHandlerName", f"Bad handler '{name}': not enough values to unpack "
                                                             "(expected 2, got 1)")
    module_name, function = parts
    try:
        if module_name.split(".")[0] in sys.builtin_module_names:
            raise ImportError(f"Cannot use built-in module {module_name} as a handler module")
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise RuntimeFailure("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        where = [f'  File "{error.filename}" Line {error.lineno}\n    {(error.text or "").strip()}\n']
        raise RuntimeFailure("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}",
                             where) from error
    handler = getattr(module, function, None)
    if handler is None:
        raise RuntimeFailure("Runtime.HandlerNotFound", f"Handler '{function}' missing on module '{module_name}'")
    return handler


def _to_json(result):
    try:
        return json.dumps(result, ensure_ascii=False, allow_nan=False, default=_default).encode("utf-8", "replace")
    except Exception as error:
        raise RuntimeFailure("Runtime.MarshalError", f"Unable to marshal response: {error}") from error


def _default(value):
    if type(value).__name__ == "Decimal":
        return float(value) if value != value.to_integral_value() else int(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _serve(api, handler):
    while True:
        headers, body = api.next()
        request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        _current["id"] = request_id
        if "Lambda-Runtime-Trace-Id" in headers:
            os.environ["_X_AMZN_TRACE_ID"] = headers["Lambda-Runtime-Trace-Id"]
        else:
            os.environ.pop("_X_AMZN_TRACE_ID", None)
        try:
            try:
                event = json.loads(body)
            except ValueError as error:
                raise RuntimeFailure("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from error
            answer = _to_json(handler(event, LambdaContext(headers)))
        except Exception as error:  # an exit is the end of the process, as on AWS
            failure = _error_of(error, request_id)
            _log_error(failure)
            api.error(f"invocation/{request_id}/error", failure)
        else:
            api.response(request_id, answer)


def main():
    # The user's modules come from the task root; this file's folder is none of theirs.
    sys.path = [entry for entry in sys.path if os.path.abspath(entry or ".") != os.path.dirname(_OWN_FILE)]
    task_root = os.environ["LAMBDA_TASK_ROOT"]
    if task_root in sys.path:
        sys.path.remove(task_root)
    sys.path.insert(0, task_root)
    _set_up_output()
    api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler = load_handler(os.environ.get("_HANDLER"))
    except Exception as error:
        failure = _error_of(error, "")
        _log_error(failure)
        api.error("init/error", failure)
        sys.exit(1)
    _serve(api, handler)


if __name__ == "__main__":
    main()

"""Runs a Lambda function on this machine: loads the handler, then asks the Runtime API for one event after the other.

Plain Python 3.8 or later, the standard library only. What it does follows AWS's own runtime for Python (awslambdaric),
whose quirks handlers rely on; tests/conformance holds the one against the other. Boto3 is not part of it: it is there if
the package or the machine has it.
"""

import importlib
import json
import os
import sys
import time
from importlib.machinery import PathFinder

import livelambda_http  # of this folder, which main() takes off the path
import livelambda_json

MAX_CAUSE = 60_000  # what a header of livelambda's Runtime API has room for; a longer one is left out
_OWN_FOLDER = os.path.dirname(os.path.abspath(__file__))
_PATH = list(sys.path)
_KEEPS_NO_BYTECODE = sys.dont_write_bytecode
_current = {"id": "", "tenant": None}  # the request that runs, for log lines
# livelambda's own words to its loader, which no handler sees: what installs the function's packages, and where boto3 is if the
# function's interpreter has it not.
_install_command = os.environ.pop("LIVELAMBDA_INSTALL", None)
_sdk = os.environ.pop("LIVELAMBDA_SDK", None)


def _module(name):
    """One of this folder or of the standard library that few functions need, whatever the function has under its name."""
    found = sys.modules.get(name)
    if found is None:
        path, keeps_no_bytecode = sys.path, sys.dont_write_bytecode
        sys.path, sys.dont_write_bytecode = _PATH, _KEEPS_NO_BYTECODE
        try:
            found = importlib.import_module(name)
        finally:
            sys.path, sys.dont_write_bytecode = path, keeps_no_bytecode
    return found


class RuntimeFailure(Exception):
    """What AWS's runtime says of itself: an error type, a message and the user's part of a trace."""

    def __init__(self, error_type, message, stack_trace=()):
        super().__init__(message)
        self.error_type = error_type
        self.stack_trace = list(stack_trace)


# --- The Runtime API


class RuntimeApi:
    def __init__(self, address):
        self._connection = livelambda_http.Connection(address)

    def next(self):
        status, headers, body = self._request("GET", "invocation/next")
        if status != 200:
            raise ConnectionError(f"the Runtime API answered {status} to next: {body!r}")
        return headers, body

    def response(self, request_id, body, content_type):
        """Text that has no UTF-8 (a lone surrogate) ends the process, as in AWS."""
        body = body.encode() if isinstance(body, str) else body
        self._post(f"invocation/{request_id}/response", body, {"Content-Type": content_type})

    def init_error(self, error):
        self._post("init/error", _bytes(error), {"Lambda-Runtime-Function-Error-Type": _header_text(error["errorType"])})

    def invocation_error(self, request_id, error, xray_cause):
        headers = {"Content-Type": "application/json"}
        cause = xray_cause.encode()
        if len(cause) < MAX_CAUSE:
            headers["Lambda-Runtime-Function-XRay-Error-Cause"] = cause
        self._post(f"invocation/{request_id}/error", _bytes(error), headers)

    def _post(self, path, body, headers):
        # A refusal is no failure of ours: Lambda tells the caller itself (413, Function.ResponseSizeTooLarge).
        status, _, answer = self._request("POST", path, body, headers)
        if status != 202:
            print(f"the Runtime API answered {status} to {path}: {answer.decode(errors='replace')}")

    def _request(self, method, path, body=None, headers=None):
        return self._connection.request(method, "/2018-06-01/runtime/" + path, body, headers)


def _bytes(value):
    return livelambda_json.encode(value).encode()


def _header_text(text):
    return text if text and all(0x20 < ord(character) < 0x7F for character in text) else "Unhandled"


# --- The context object


class _Shown:
    """An object of a few named members, None where nothing is given."""

    def __init__(self, values):
        for name in self.__slots__:
            setattr(self, name, values.get(name))

    def __repr__(self):
        return f"{type(self).__name__}([" + ",".join(f"{name}={getattr(self, name)}" for name in self.__slots__) + "])"


class CognitoIdentity(_Shown):
    __slots__ = ["cognito_identity_id", "cognito_identity_pool_id"]


class Client(_Shown):
    __slots__ = ["installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"]


class ClientContext(_Shown):
    __slots__ = ["custom", "env", "client"]


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
        given = _header_json(headers, "Client-Context", "Client Context")
        self._w3c_fields = self._take_w3c(given)
        self.client_context = None if given is None else ClientContext(given)
        if given is not None and self.client_context.client is not None:
            self.client_context.client = Client(self.client_context.client)
        identity = _header_json(headers, "Cognito-Identity", "Cognito Identity") or {}
        self.identity = CognitoIdentity({"cognito_identity_id": identity.get("cognitoIdentityId"),
                                         "cognito_identity_pool_id": identity.get("cognitoIdentityPoolId")})
        self._epoch_deadline_time_in_ms = int(headers["Lambda-Runtime-Deadline-Ms"])

    @staticmethod
    def _take_w3c(client_context):
        given = client_context.pop("w3c", None) if isinstance(client_context, dict) else None
        if not isinstance(given, dict):
            return {}
        fields = ("traceparent", "tracestate", "baggage")
        return {name: given[name] for name in fields if isinstance(given.get(name), str)}

    def w3c(self):
        return dict(self._w3c_fields)

    def get_remaining_time_in_millis(self):
        return max(self._epoch_deadline_time_in_ms - int(time.time() * 1000), 0)

    def log(self, msg):
        sys.stdout.write(str(msg))

    def __repr__(self):
        shown = ("aws_request_id", "log_group_name", "log_stream_name", "function_name", "memory_limit_in_mb",
                 "function_version", "invoked_function_arn", "client_context", "identity", "tenant_id")
        return "LambdaContext([" + ",".join(f"{name}={getattr(self, name)}" for name in shown) + "])"


def _header_json(headers, name, spoken):
    text = headers.get(f"Lambda-Runtime-{name}")
    if not text:
        return None
    try:
        return json.loads(text)
    except Exception as error:
        raise RuntimeFailure("Runtime.LambdaContextUnmarshalError", f"Unable to parse {spoken} JSON: {error}") from error


# --- Log lines


class _LoggingSetUp:
    """Sets logging up when somebody imports it, and then finds nothing any more. It would be a third of this loader's start."""

    def find_spec(self, name, path=None, target=None):
        if name != "logging":
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, _PATH)  # of the function's modules none counts, as on AWS
        load = spec.loader.exec_module

        def load_and_set_up(module):
            del spec.loader.exec_module
            load(module)
            _set_up_logging()

        spec.loader.exec_module = load_and_set_up
        return spec


def _set_up_logging():
    _module("livelambda_logging").set_up(_current, _logs_json())


def _logs_json():
    return os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"


def _set_up_output():
    # Standard output is a pipe, and a function may be stopped or killed at any time: nothing may wait in a buffer.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace", line_buffering=True, write_through=True)
    if "logging" in sys.modules:
        _set_up_logging()
    else:
        sys.meta_path.insert(0, _LoggingSetUp())


def _log_error(error):
    if _logs_json():
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        print(livelambda_json.encode({"timestamp": now, "level": "ERROR", **error}))
        return
    kind, message = error["errorType"], error["errorMessage"]
    lines = ["[ERROR]" + (f" {kind}" if kind else "") + (":" if kind and message else "") + (f" {message}" if message else ""),
             "Traceback (most recent call last):"]
    for element in error["stackTrace"]:
        for line in element.splitlines() or [""]:
            text = line.lstrip(" ")
            lines.append("\u00a0" * (len(line) - len(text)) + text)  # CloudWatch's page drops spaces
    sys.stdout.write("\r".join(lines).replace("\n", "\r") + "\n")


# --- Errors


def _user_frames(trace):
    """As AWS's runtime does it: what stands before the first frame outside of any bootstrap.py is left out."""
    frames = _module("traceback").extract_tb(trace)
    own = sum(frame.filename == __file__ for frame in frames)  # all that is left where the user's file has that name too
    first = next((at for at, frame in enumerate(frames) if "/bootstrap.py" not in frame.filename and frame.filename != __file__), own)
    return [(frame.filename, frame.lineno, frame.name, frame.line) for frame in frames[first:]]


def _error_of(error, request_id):
    if isinstance(error, RuntimeFailure):
        kind, message, trace = error.error_type, str(error), error.stack_trace
    else:
        kind, message = type(error).__name__, str(error)
        trace = _module("traceback").format_list(_user_frames(error.__traceback__))
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}


def _xray_cause(error):
    frames = [] if isinstance(error, RuntimeFailure) else _user_frames(error.__traceback__)
    kind = "LambdaValidationError" if isinstance(error, RuntimeFailure) else type(error).__name__
    stack = [{"label": name, "path": file, "line": line} for file, line, name, _ in frames]
    return livelambda_json.encode({"working_directory": os.getcwd(),
                                   "exceptions": [{"message": str(error), "type": kind, "stack": stack}],
                                   "paths": list({file for file, _, _, _ in frames})})


# --- The handler


def load_handler(name):
    try:
        module_name, function = name.rsplit(".", 1)
    except ValueError as error:
        raise RuntimeFailure("Runtime.MalformedHandlerName", f"Bad handler '{name}': {error}") from error
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise RuntimeFailure("Runtime.BuiltInModuleConflict",
                             f"Cannot use built-in module {module_name} as a handler module")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        _tell_how_to_install(error)
        raise RuntimeFailure("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        raise RuntimeFailure("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}",
                             [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}']) from error
    try:
        return getattr(module, function)
    except AttributeError as error:
        raise RuntimeFailure("Runtime.HandlerNotFound",
                             f"Handler '{function}' missing on module '{module_name}'") from error


def _tell_how_to_install(error):
    """Said beside the error, which stays as Lambda has it."""
    name = (error.name or "").split(".")[0]
    if not isinstance(error, ModuleNotFoundError) or os.path.exists(os.path.join(sys.path[0], name)):
        return
    if name in ("boto3", "botocore") and _sdk:
        print(f"livelambda: {name} is not installed: {sys.executable} -m pip install boto3 (or `livelambda start --yes`, which"
              " fetches what Lambda brings along)", file=sys.stderr)
    elif name and _install_command:
        print(f"livelambda: {name} is not installed: {_install_command}", file=sys.stderr)


def _to_body(result):
    if isinstance(result, bytes):
        return result, "application/unknown"
    try:
        return livelambda_json.encode(result), "application/json"
    except Exception as error:
        raise RuntimeFailure("Runtime.MarshalError", f"Unable to marshal response: {error}") from error


def _event_of(body):
    try:
        return json.loads(body)
    except Exception as error:
        raise RuntimeFailure("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from error


def _serve(api, handler):
    while True:
        headers, body = api.next()
        request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        _current["id"], _current["tenant"] = request_id, headers.get("Lambda-Runtime-Aws-Tenant-Id")
        if "Lambda-Runtime-Trace-Id" in headers:
            os.environ["_X_AMZN_TRACE_ID"] = headers["Lambda-Runtime-Trace-Id"]
        else:
            os.environ.pop("_X_AMZN_TRACE_ID", None)
        try:
            context = LambdaContext(headers)
            answer, content_type = _to_body(handler(_event_of(body), context))
        except Exception as error:  # an exit is the end of the process, as on AWS
            failure = _error_of(error, request_id)
            _log_error(failure)
            api.invocation_error(request_id, failure, _xray_cause(error))
        else:
            api.response(request_id, answer, content_type)


def main():
    # The user's modules come from the task root; this file's folder is none of theirs.
    task_root = os.environ["LAMBDA_TASK_ROOT"]
    sys.path = [entry for entry in sys.path if os.path.abspath(entry or ".") != _OWN_FOLDER and entry != task_root]
    sys.path.insert(0, task_root)
    if _sdk:
        sys.path.append(_sdk)
    # /var/task is read-only, so Lambda writes no bytecode. Here it would be taken for that of a file of the same size which
    # was saved within the same second.
    sys.dont_write_bytecode = True
    _set_up_output()
    api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler = load_handler(os.environ.get("_HANDLER", ""))
    except Exception as error:
        failure = _error_of(error, "")
        _log_error(failure)
        api.init_error(failure)
        sys.exit(1)
    _serve(api, handler)


if __name__ == "__main__":
    main()

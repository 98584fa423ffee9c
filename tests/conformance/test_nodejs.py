"""runtimes/nodejs beside AWS's clients for Node.js, against the recorder, livelambda's Runtime API and AWS's emulator: the same handlers,
the same bytes. Version 3 of the client is that of nodejs20.x and nodejs22.x, version 4 that of the runtimes since, which know no callbacks."""

import json
import re
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pytest

from runtime_api import Event
from servers import (ENDED, ROOT, Answer, by_emulator, by_product, by_recorder, each_of, environment, needs_emulator, needs_endpoint)

FOLDER = Path(__file__).parent / "nodejs"
OURS = ROOT / "runtimes" / "nodejs" / "bootstrap.mjs"
RIC = ROOT / "build" / "judges-ric-node" / "node_modules"
CLIENTS = {3: RIC / "aws-lambda-ric-3" / "dist" / "index.mjs", 4: RIC / "aws-lambda-ric" / "index.mjs"}


@dataclass(frozen=True)
class Runtime:
    name: str  # as functions declare it
    client: int

    @property
    def node(self):
        major = self.name.removeprefix("nodejs").removesuffix(".x")
        path = ROOT / "build" / "judges-node-versions" / "node_modules" / f"node{major}" / "bin" / "node"
        if not path.exists():
            pytest.skip(f"SKIPPED JUDGE: Node.js {major} (scripts/judges installs it)")
        return path

    @property
    def theirs(self):
        if not CLIENTS[self.client].with_name("rapid-client.node").exists():
            pytest.skip(f"SKIPPED JUDGE: aws-lambda-ric {self.client} (scripts/judges installs it)")
        return [self.node, *([FOLDER / "client3.mjs"] if self.client == 3 else []), CLIENTS[self.client]]

    @property
    def ours(self):
        return [self.node, OURS]


RUNTIMES = [Runtime("nodejs20.x", 3), Runtime("nodejs22.x", 3), Runtime("nodejs24.x", 4), Runtime("nodejs26.x", 4)]
every_runtime = pytest.mark.parametrize("runtime", RUNTIMES, ids=lambda runtime: runtime.name)
one_of_each = pytest.mark.parametrize("runtime", [RUNTIMES[0], RUNTIMES[2]], ids=lambda runtime: runtime.name)

STREAMS = ["text", "nothing", "type", "http", "object", "breaks_before", "breaks_after", "text"]

# What stays different, with its reason; docs/runtimes.md lists the same. An entry that no longer differs fails.
DIFFERENCES = {
    (3, "app.callback", "exits_after_answer"): "AWS's native client blocks until its answer is sent; ours is on its way when the process ends",
    (3, "stream.handler", "breaks_before"): "told as any other error, so that who invokes without streaming hears it too",
    (4, "stream.handler", "breaks_before"): "told as any other error, so that who invokes without streaming hears it too",
}

CONTEXT = {"Lambda-Runtime-Client-Context": json.dumps({"custom": {"a": "ä"}, "env": {}, "client": {"app_title": "shop"}}),
           "Lambda-Runtime-Cognito-Identity": json.dumps({"cognitoIdentityId": "eu-west-1:1", "cognitoIdentityPoolId": "pool"}),
           "Lambda-Runtime-Aws-Tenant-Id": "tenant", "Lambda-Runtime-Trace-Id": "Root=1-2;Sampled=1"}


@lru_cache
def cases_of(expression, file="cases.cjs"):
    text = (FOLDER / file).read_text()
    body = re.search(rf"^const {expression} = {{\n(.*?)^}};", text, re.M | re.S)[1]
    return re.findall(r"^  (\w+):", body, re.M)


# With these as their subject, AWS's clients end the process.
ENDING = (".symbol", ".without_prototype", ".odd_object", ".function", ".bigint")


def handler_cases():
    return (["more.echo"] + [f"{way}.{name}" for way in ("throw", "reject") for name in cases_of("thrown")]
            + [f"{way}.{name}" for way in ("resolve", "return") for name in cases_of("values")]
            + ["more.context", "more.globals", "more.timer_left", "more.awaits", "more.invoke_store", "more.invoke_store", "more.echo"])


def events_of(names):
    return [Event(json.dumps({"case": name}).encode(), CONTEXT if name in ("more.context", "more.invoke_store") else {}) for name in names]


def is_frame_of_a_runtime(line):
    return any(folder in line for folder in ("/judges-ric-node/", "/runtimes/nodejs/", "/conformance/nodejs/client3.mjs"))


def kept(lines):
    """For each line of a trace, whether it is the user's: a runtime's own frames are named by where it lies, and our loader shows none."""
    keeps, after = [], False
    for line in lines:
        after = is_frame_of_a_runtime(line) or (after and "at process.processTicksAndRejections (" in line)
        keeps.append(not after)
    return keeps


def comparable(answer: Answer):
    try:
        body = json.loads(answer.body)
    except ValueError:
        return answer
    cause = json.loads(answer.cause) if answer.cause else answer.cause
    if isinstance(body, dict) and "trace" in body and answer.kind != "response":
        keeps = kept(body["trace"])
        body["trace"] = [line for line, keep in zip(body["trace"], keeps) if keep]
        if cause:
            (exception,) = cause["exceptions"]
            if len(exception["stack"]) == len(keeps) - 1:
                exception["stack"] = [frame for frame, keep in zip(exception["stack"], keeps[1:]) if keep]
            cause["paths"] = list(dict.fromkeys(frame["path"] for frame in exception["stack"]))
        return Answer(answer.kind, json.dumps(body).encode(), answer.content_type, answer.error_type, json.dumps(cause))
    return answer


def shown(output):
    """The log's records; not in their order, since what goes through a pipe of AWS's is not in order with a timer's."""
    between = r'(?:\r|\\+n|",")+ *at [^\r"\\]*'
    frames = rf"(?:{between}(?:/judges-ric-node/|/runtimes/nodejs/)[^\r\"\\]*(?:{between}process\.processTicksAndRejections \([^\r\"\\]*)?)+"
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "TIME", re.sub(frames, "", output))
    return sorted(line for line in text.split("\n") if line.startswith(("TIME\t", "{", "written")))


def assert_same(runtime, handler, names, events, *, variables=None, folder=FOLDER):
    variables = environment(handler, folder, runtime.name, **(variables or {}))
    theirs = each_of(by_recorder, events, runtime.theirs, variables, folder)
    ours = each_of(by_recorder, events, runtime.ours, variables, folder)
    different = []
    for name, one, other in zip(names, theirs.answers, ours.answers, strict=True):
        known = DIFFERENCES.get((runtime.client, handler, name))
        if known and comparable(one) == comparable(other):
            different.append(f"{name} is the same by now: strike it off the list")
        elif not known and comparable(one) != comparable(other):
            different.append(f"{name}:\n  AWS's {comparable(one)}\n  ours  {comparable(other)}")
    assert not different, "\n".join(different)
    assert shown(ours.output) == shown(theirs.output)
    return theirs


@every_runtime
def test_answers_errors_and_headers_are_the_same_bytes(runtime):
    names = handler_cases()
    if runtime not in (RUNTIMES[0], RUNTIMES[2]):  # a new process for each of those takes the time
        names = [name for name in names if not name.endswith(ENDING)]
    assert_same(runtime, "app.handler", names, events_of(names))


@one_of_each
@pytest.mark.parametrize("handler, names", [
    ("app.asynchronous", ["more.echo", "throw.error", "throw.text", "throw.nothing", "reject.error", "return.text", "return.nothing", "return.circular"]),
    ("app.callback", cases_of("callbacks", "app.js")), ("app.ends", cases_of("ends", "app.js")), ("app.strict", [""]), ("app.nested.deeper.handler", [""]),
    ("stream.handler", STREAMS)])
def test_ways_to_answer_and_to_end_are_the_same(runtime, handler, names):
    if handler == "app.callback" and runtime.client == 4:
        names = names[:1]  # it is refused as it is loaded
    assert_same(runtime, handler, names, events_of(names))


@one_of_each
def test_no_global_is_there_for_who_asks_for_none(runtime):
    answers = assert_same(runtime, "app.handler", ["more.globals"], events_of(["more.globals"]), variables={"AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA": "1"}).answers
    assert b"awslambda is not defined" in answers[0].body


@one_of_each
def test_events_and_headers_that_are_no_json(runtime):
    events = [Event(b"not json"), Event(b"{}", {"Lambda-Runtime-Client-Context": "{"}), Event(b"[1, 2.50, null]"), Event('"\u2028ä"'.encode()),
              Event(b"{}", {"Lambda-Runtime-Cognito-Identity": "no"}), Event(b"")]
    assert_same(runtime, "app.handler", range(len(events)), events)


@one_of_each
@pytest.mark.parametrize("variables", [{"AWS_LAMBDA_LOG_FORMAT": "JSON"}, {"AWS_LAMBDA_LOG_LEVEL": "WARN"}, {"AWS_LAMBDA_LOG_LEVEL": "nonsense"},
                                       {"AWS_LAMBDA_LOG_FORMAT": "json", "AWS_LAMBDA_LOG_LEVEL": "error"}])
def test_log_lines_are_the_same(runtime, variables):
    names = ["more.logs", "throw.own_class", "throw.with_cause", "throw.circular", "throw.text", "more.context", "more.logs"]
    run = assert_same(runtime, "app.handler", names, events_of(names), variables=variables)
    assert len(shown(run.output)) > 5


# The same for what cannot be loaded.
LOADING = {"missing_in.handler": "named Runtime.ImportModuleError, as a missing package of `require` is; AWS's says Error",
           "missing_package_in.handler": "named Runtime.ImportModuleError, as a missing package of `require` is; AWS's says Error"}

BROKEN = {"missing_in.mjs": "import './not_there.mjs';\n", "missing_package_in.mjs": "import 'not-there-at-all';\n",
          "syntax.js": "exports.handler = (;\n", "syntax_in.mjs": "export const handler = (;\n", "missing.js": "require('./not_there');\n",
          "boom.js": "throw new RangeError('at load');\n", "boom_text.js": "throw 'text at load';\n", "exits.js": "process.exit(5);\n",
          "boom_in.mjs": "await null; throw new RangeError('in top-level await');\n", "number.js": "exports.handler = 5; exports.empty = '';\n",
          "plain.mjs": "export const handler = async () => 'esm';\n", "deep/in.js": "exports.handler = async () => 'deep';\n",
          "esm/package.json": '{"type": "module"}', "esm/in.js": "export const handler = async () => 'esm';\n"}


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    folder = tmp_path_factory.mktemp("task")
    for name, text in BROKEN.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


@one_of_each
@pytest.mark.parametrize("handler", [*LOADING, "syntax.handler", "syntax_in.handler", "missing.handler", "boom.handler", "boom_text.handler", "boom_in.handler",
                                     "exits.handler", "number.handler", "number.empty", "number.none", "none.handler", "handler", "../plain.handler",
                                     "plain.handler", "deep/in.handler", "esm/in.handler"])
def test_what_cannot_be_loaded_is_told_in_the_same_words(runtime, handler, broken):
    """Their traces differ: AWS's have its loader's frames, ours say where in the user's code it was. So does what `require` lists of itself."""
    variables = environment(handler, broken, runtime.name)
    theirs, ours = (by_recorder([Event(b"{}")], command, variables, broken) for command in (runtime.theirs, runtime.ours))

    def told(run):
        (answer,) = run.answers or [Answer(ENDED, b"{}", None, None, None)]
        body = json.loads(answer.body)
        if answer.kind != "init":
            return answer, run.status
        message = body["errorMessage"].split("\nRequire stack:")[0].split(" imported from ")[0]
        return answer.kind, body["errorType"], message, answer.content_type, answer.error_type, run.status
    assert (told(ours) == told(theirs)) != (handler in LOADING), "strike it off the list" if handler in LOADING else (told(ours), told(theirs))


@needs_endpoint
@one_of_each
def test_livelambdas_runtime_api_takes_the_streams_of_both(runtime):
    variables = environment("stream.handler", FOLDER, runtime.name)
    names = [name for name in STREAMS if (runtime.client, "stream.handler", name) not in DIFFERENCES]
    ours, theirs = (by_product(events_of(names), command, variables, FOLDER).answers for command in (runtime.ours, runtime.theirs))
    recorded = by_recorder(events_of(names), runtime.ours, variables, FOLDER).answers
    assert [(one.kind, one.content_type, one.error_type) for one in ours] == [(one.kind, one.content_type, one.error_type) for one in theirs]
    broken = names.index("breaks_after")
    assert b"in the middle" in ours[broken].body and ours[broken].body.startswith(b"begun") and theirs[broken].body.startswith(b"begun")
    for answers in (ours, theirs, recorded):
        del answers[broken]  # its trace names each client's own frames
    assert [one.body for one in ours] == [one.body for one in theirs] == [one.body for one in recorded]


@needs_endpoint
@one_of_each
def test_livelambdas_runtime_api_hands_on_what_both_say(runtime):
    """(a) and (c): what came of each case at the recorder is what livelambda's Runtime API hands to Lambda."""
    names = [name for name in handler_cases() if not name.startswith("return.") and not name.endswith(ENDING)]
    events = events_of(names) + [Event(json.dumps({"case": "more.many_bytes", "size": size}).encode()) for size in (6291556, 6291557)]
    variables = environment("app.handler", FOLDER, runtime.name)
    ours = by_product(events, runtime.ours, variables, FOLDER).answers
    theirs = by_product(events, runtime.theirs, variables, FOLDER).answers
    assert len(theirs) == len(events)
    assert [comparable(answer) for answer in ours] == [comparable(answer) for answer in theirs]
    assert len(ours[-2].body) == 6291556 and json.loads(ours[-1].body)["errorType"] == "Function.ResponseSizeTooLarge"
    recorded = by_recorder(events[:-2], runtime.ours, variables, FOLDER).answers
    assert [answer.body for answer in ours[:-2]] == [answer.body for answer in recorded]


@needs_emulator
@needs_endpoint
@one_of_each
def test_awss_emulator_gives_the_same_to_who_invokes(runtime):
    """(b): our loader against AWS's Runtime API and against livelambda's."""
    names = ["more.echo", "throw.error", "reject.own_class", "throw.text", "resolve.text", "resolve.buffer", "resolve.circular", "resolve.nothing", "more.awaits"]
    events = events_of(names) + [Event(json.dumps({"case": "more.many_bytes", "size": size}).encode()) for size in (6291556, 6291557)]
    variables = environment("app.handler", FOLDER, runtime.name)
    product = by_product(events, runtime.ours, variables, FOLDER).answers
    assert [answer.body for answer in product] == by_emulator(events, runtime.ours, variables, FOLDER)

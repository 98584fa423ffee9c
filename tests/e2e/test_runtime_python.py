"""Python functions live: the project's interpreter and packages, reload, and all the ways to fail as Lambda does."""

import subprocess
import sys
from pathlib import Path

import pytest

from harness import apps
from harness.session import Session

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Runtime: python3.12, CodeUri: src/, Timeout: 60}}
Resources:
  Api: {Type: AWS::Serverless::Function, Properties: {Handler: shop.api.handler, Environment: {Variables: {TABLE: orders}}}}
  Exits: {Type: AWS::Serverless::Function, Properties: {Handler: shop/ends.exits}}
  Killed: {Type: AWS::Serverless::Function, Properties: {Handler: shop.ends.killed}}
  Slow: {Type: AWS::Serverless::Function, Properties: {Handler: shop.ends.slow, Timeout: 1}}
  Init: {Type: AWS::Serverless::Function, Properties: {Handler: init.handler}}
  Gone: {Type: AWS::Serverless::Function, Properties: {Handler: gone.handler}}
  Dots: {Type: AWS::Serverless::Function, Properties: {Handler: space.inner.mod.handler}}
  Slashes: {Type: AWS::Serverless::Function, Properties: {Handler: space/inner/mod.handler}}
  Above: {Type: AWS::Serverless::Function, Properties: {Handler: above.handler}}
  Misses: {Type: AWS::Serverless::Function, Properties: {Handler: misses.handler}}
"""
API = """
import logging, os, sys
import only_in_the_venv
from .words import WORD
from . import deep

logging.getLogger().setLevel("INFO")
loads = [0]

def handler(event, context):
    loads[0] += 1
    if event.get("log"):
        logging.info("first\\nsecond")
        print("x" * event["log"])
    if event.get("raise"):
        deep.fail(event["raise"])
    return {"word": WORD, "package": only_in_the_venv.NAME, "prefix": sys.prefix, "cwd": os.getcwd(), "count": loads[0], "pid": os.getpid(),
            "table": os.environ["TABLE"], "execution": os.environ["AWS_EXECUTION_ENV"], "root": os.environ["LAMBDA_TASK_ROOT"],
            "path": sys.path[0], "id": context.aws_request_id, "arn": context.invoked_function_arn, "memory": context.memory_limit_in_mb,
            "group": context.log_group_name, "stream": context.log_stream_name, "left": context.get_remaining_time_in_millis()}
"""
ENDS = """
import os, signal, sys, time
def exits(event, context): sys.exit(7)
def killed(event, context): os.kill(os.getpid(), signal.SIGKILL)
def slow(event, context): time.sleep(60)
"""
FILES = {"template.yaml": TEMPLATE, "src/shop/__init__.py": "", "src/shop/api.py": API, "src/shop/words.py": 'WORD = "one"\n',
         "src/shop/deep.py": "def fail(text):\n    raise LookupError(text)\n", "src/shop/ends.py": ENDS,
         # space is a namespace package: it and what is in it have no __init__.py, and the virtual environment has another part of it
         "src/space/inner/mod.py": "from . import beside\nfrom ..words import WORD\nfrom space.installed import NAME\n"
                                   "def handler(event, context):\n    return [__name__, __package__, beside.NAME, WORD, NAME]\n",
         "src/space/inner/beside.py": "NAME = 'beside'\n", "src/space/words.py": "WORD = 'above'\n",
         "src/above.py": "from . import init\n", "src/misses.py": "import shop.nothing\n", "requirements.txt": "only_in_the_venv\n",
         "src/init.py": "def handler(event, context):\n    return 'fine'\n", "src/gone.py": "import sys\nsys.exit(4)\n"}


@pytest.fixture(scope="module")
def app(module_path) -> Path:
    folder = module_path / "shop"
    apps.write(folder, FILES)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / ".venv"], check=True)
    packages = next((folder / ".venv" / "lib").glob("python3.*")) / "site-packages"
    (packages / "only_in_the_venv.py").write_text('NAME = "of the environment"\n')
    (packages / "space").mkdir()
    (packages / "space" / "installed.py").write_text("NAME = 'installed'\n")
    return folder


@pytest.fixture(scope="module")
def session(app, cloud, module_path) -> Session:
    return Session(app, cloud, module_path / "home")


def test_a_function_runs_in_the_projects_environment_with_its_context(cloud, session, app):
    function = session.function("Api")
    first = cloud.invoke(function, {}).json
    assert first["word"] == "one" and first["package"] == "of the environment"
    assert first["prefix"] == str(app / ".venv") and first["table"] == "orders"
    assert first["cwd"] == first["root"] == first["path"] == str(app / "src")
    assert first["execution"] == "AWS_Lambda_python3.12" and first["arn"].endswith(f":function:{function}")
    assert first["memory"] == "128" and first["group"] == f"/aws/lambda/{function}" and "[$LATEST]" in first["stream"]
    assert 0 < first["left"] <= 60_000
    second = cloud.invoke(function, {}).json
    assert (second["count"], second["pid"]) == (2, first["pid"]) and second["id"] != first["id"]


def test_packages_are_found_as_in_lambda(cloud, session):
    assert cloud.invoke(session.function("Dots"), {}).json == ["space.inner.mod", "space.inner", "beside", "above", "installed"]
    assert cloud.invoke(session.function("Slashes"), {}).json == ["space.inner.mod", "space.inner", "beside", "above", "installed"]
    above = cloud.invoke(session.function("Above"), {}).json
    assert above["errorType"] == "Runtime.ImportModuleError"
    assert above["errorMessage"] == "Unable to import module 'above': attempted relative import with no known parent package"
    # A module of the function's own is nothing that an installation would bring.
    assert cloud.invoke(session.function("Misses"), {}).json["errorMessage"] == "Unable to import module 'misses': No module named 'shop.nothing'"
    assert not [one for one in session.select("log", function="Misses") if "is not installed" in one["line"]]


def test_a_saved_module_is_in_the_next_answer(cloud, session, app):
    function = session.function("Api")
    assert cloud.invoke(function, {}).json["word"] == "one"
    mark = session.mark()
    apps.save(app / "src/shop/words.py", 'WORD = "two"\n')
    session.wait_for("reload", after=mark, function="Api", status="ok")
    assert cloud.invoke(function, {}).json["word"] == "two"

    mark = session.mark()
    apps.save(app / "src/shop/words.py", "WORD = = 3\n")
    told = session.wait_for("reload", after=mark, function="Api", status="error")
    assert "invalid syntax" in told["output"] and "words.py" in told["output"]
    answer = cloud.invoke(function, {})
    assert answer.error == "Unhandled" and answer.json["errorType"] == "Runtime.UserCodeSyntaxError"
    mark = session.mark()
    apps.save(app / "src/shop/words.py", 'WORD = "one"\n')
    session.wait_for("reload", after=mark, function="Api", status="ok")
    assert cloud.invoke(function, {}).json["word"] == "one"


def test_a_record_is_one_line_of_output_whatever_is_in_it(cloud, session):
    mark = session.mark()
    request = cloud.invoke(session.function("Api"), {"log": 100_000}).json["id"]
    session.wait_for("log", after=mark, line="x" * 100_000, requestId=request)
    session.wait_for("log", after=mark, line=lambda line: line.startswith("[INFO]\t") and line.endswith(f"\t{request}\tfirst\nsecond"))


def test_an_exception_is_answered_with_the_users_part_of_the_trace(cloud, session, app):
    mark = session.mark()
    answer = cloud.invoke(session.function("Api"), {"raise": "nobody"})
    assert answer.error == "Unhandled" and set(answer.json) == {"errorMessage", "errorType", "requestId", "stackTrace"}
    assert (answer.json["errorType"], answer.json["errorMessage"]) == ("LookupError", "nobody")
    files = [entry.split('"')[1] for entry in answer.json["stackTrace"]]
    assert files == [str(app / "src/shop/api.py"), str(app / "src/shop/deep.py")]
    finished = session.wait_for("invocation", after=mark, phase="finished", requestId=answer.json["requestId"])
    assert finished["status"] == "error" and "deep.py" in finished["error"]


@pytest.mark.parametrize("name, kind, words", [("Exits", "Runtime.ExitError", "exit status 7"), ("Killed", "Runtime.ExitError", "signal: killed"),
                                               ("Gone", "Runtime.ExitError", "exit status 4"), ("Slow", None, "Task timed out after 1.00 seconds")])
def test_a_process_that_ends_or_never_does_is_told_as_lambda_tells_it(cloud, session, name, kind, words):
    for _ in range(2):  # an environment that failed is followed by a fresh one
        answer = cloud.invoke(session.function(name), {})
        assert answer.error == "Unhandled" and words in answer.json["errorMessage"], answer
        assert kind is None or answer.json["errorType"] == kind


def test_code_that_fails_to_load_is_answered_until_it_is_mended(cloud, session, app):
    function = session.function("Init")
    assert cloud.invoke(function, {}).json == "fine"
    for text, kind in [("1 / 0\n", "ZeroDivisionError"), ("import nowhere_at_all\n", "Runtime.ImportModuleError"),
                       ("other = 1\n", "Runtime.HandlerNotFound")]:
        mark = session.mark()
        apps.save(app / "src/init.py", text)
        session.wait_for("reload", after=mark, function="Init", status="error")
        assert cloud.invoke(function, {}).json["errorType"] == kind
    mark = session.mark()
    apps.save(app / "src/init.py", FILES["src/init.py"])
    session.wait_for("reload", after=mark, function="Init", status="ok")
    assert cloud.invoke(function, {}).json == "fine"

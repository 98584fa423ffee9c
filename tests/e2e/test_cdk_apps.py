"""Real CDK apps (tests/cdk_apps), in TypeScript, JavaScript and Python, synthesised and deployed by the CDK's own tool and live on
the local cloud: two stacks with a reference between them, a Stage, a nested stack, and custom resources that keep their code."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import requests

from harness import apps, projects
from harness.local_cloud import LocalCloud
from harness.processes import PROGRAM, ROOT, clean_environment, wait_until
from harness.session import Session

NODE = ROOT / "build" / "judges-cdk" / "node_modules"
PYTHON = ROOT / "build" / "judges-cdk-python" / "bin"


def hard_link(source: str, target: str):
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


@pytest.fixture(scope="module")
def cloud(module_processes, module_path):
    """A cloud whose functions find the AWS SDK, as the CDK's own do in Lambda."""
    if not (NODE / ".bin" / "cdk").exists() or shutil.which("node") is None:
        pytest.skip("SKIPPED JUDGE: AWS CDK")
    temporary = module_path / "tmp"
    temporary.mkdir()
    # No link, since what is in the machine's /tmp functions do not see.
    shutil.copytree(NODE, temporary / "node_modules", symlinks=True, copy_function=hard_link,
                    ignore=shutil.ignore_patterns("aws-cdk*", "@aws-cdk", "typescript", "esbuild", "@esbuild"))
    return LocalCloud(module_path / "cloud-home", "--node-modules", str(temporary / "node_modules"))


def app(name: str, folder: Path) -> Path:
    target = folder / name
    shutil.copytree(ROOT / "tests" / "cdk_apps" / name, target)
    (target / "node_modules").symlink_to(NODE)
    (target / "package-lock.json").write_text("{}")  # NodejsFunction takes its folder for the project
    return target


@pytest.fixture(scope="module")
def typescript(cloud, module_path) -> Path:
    folder = app("typescript", module_path)
    shutil.copy(ROOT / "tests" / "cdk" / "functions" / "aws.js", folder / "src")
    return folder


@pytest.fixture(scope="module")
def unprepared(cloud, typescript, module_path) -> list[dict]:
    """The session's last words in an account that has not been bootstrapped, which it then is."""
    session = Session(typescript, cloud, module_path / "home", "dev", wait=False)
    session.wait_for("stopped", timeout=180)
    environment = clean_environment(module_path / "cloud-home", **cloud.env, CI="1", CDK_DISABLE_CLI_TELEMETRY="1")
    done = subprocess.run([NODE / ".bin" / "cdk", "bootstrap", f"aws://123456789012/{cloud.region}"], cwd=module_path,
                          env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return session.events


def go_tools() -> dict[str, str]:
    """With the packages that scripts/judges has built, if Go is there."""
    if not shutil.which("go"):
        return {}
    return {"WITH_GO": "1", "GOPROXY": "off", "GOFLAGS": "-mod=mod", "GOCACHE": str(ROOT / "build" / "judges-go" / "cache")}


@pytest.fixture(scope="module")
def live(cloud, typescript, unprepared, module_path, module_processes) -> Session:
    session = Session(typescript, cloud, module_path / "home", "dev", wait=False, env=go_tools())
    session.ready = session.wait_for("ready", timeout=120)
    return session


def function(session: Session, start: str) -> dict:
    return next(one for one in session.ready["functions"] if one["logicalId"].startswith(start))


def test_an_account_that_is_not_bootstrapped_is_told_how(unprepared):
    error = next(one for one in unprepared if one["event"] == "error")
    assert error["kind"] == "deployment"
    assert "npx cdk bootstrap aws://123456789012/us-east-1" in error["hint"]


def test_live_are_the_app_s_functions_and_no_handler_of_a_custom_resource(live):
    names = sorted(one["logicalId"].split("/")[-1].rstrip("0123456789ABCDEF") for one in live.ready["functions"])
    assert names == ["Api", "Api", "Auditor", *(["Gopher"] if go_tools() else []), "Scribe", "listener"]
    entries = {one["logicalId"].split("/")[0]: one["source"] for one in live.ready["functions"]}
    assert all(not ".livelambda" in source for source in entries.values()), "no bundle or copy of one runs"


def test_custom_resources_are_answered_by_their_own_code(live):
    assert live.outputs["dev-orders.SeededWith"] == "seeded: yes"


def test_a_request_runs_the_entry_file_and_reaches_the_other_stack_s_topic(live):
    response = requests.get(live.outputs["dev-front.Url"] + "/first-order", timeout=60)
    assert (response.status_code, response.text) == (200, "first edition")
    live.wait_for("log", line=lambda line: "heard /first-order" in line)


def test_an_edit_of_the_source_is_what_the_next_request_runs(live, typescript):
    mark = live.mark()
    apps.edit(typescript / "src" / "api.mjs", "first edition", "second edition")
    live.wait_for("reload", after=mark, function=lambda name: name.startswith("dev-front/Api"))
    response = requests.get(live.outputs["dev-front.Url"] + "/second-order", timeout=60)
    assert response.text == "second edition"


def test_a_function_of_a_nested_stack_runs_here_with_what_its_parent_hands_down(live, cloud):
    auditor = function(live, "dev-orders/Audit")
    answer = json.loads(cloud.invoke(auditor["name"], {"order": 7}).payload)
    assert answer["audited"] == 7
    assert answer["topic"].startswith("arn:aws:sns:us-east-1:123456789012:dev-orders-Topic")
    assert answer["pid"] in live.workers()


def test_a_function_in_python_runs_from_the_construct_s_folder_without_docker(live, cloud, typescript):
    scribe = function(live, "dev-orders/Scribe")
    assert scribe["source"] == str(typescript / "scribe")
    answer = json.loads(cloud.invoke(scribe["name"], {"text": "words"}).payload)
    assert answer["wrote"] == "words" and answer["pid"] in live.workers()


def test_a_function_in_go_is_built_from_the_construct_s_folder_without_docker(live, cloud):
    if not go_tools():
        pytest.skip("SKIPPED JUDGE: Go")
    gopher = function(live, "dev-orders/Gopher")
    answer = json.loads(cloud.invoke(gopher["name"], {"hole": 1}).payload)
    assert answer["dug"] == {"hole": 1} and answer["pid"] in live.workers()


def test_a_function_of_a_stage_runs_here(live):
    response = requests.get(live.outputs["Beta-dev-front.Url"] + "/", timeout=60)
    assert response.status_code == 200


def test_nothing_of_this_machine_is_deployed(live, cloud, typescript):
    client = cloud.client("cloudformation")
    for stack in ("dev-orders", "dev-front", "Beta-dev-front"):
        body = json.dumps(client.get_template(StackName=stack)["TemplateBody"])
        assert str(typescript) not in body
        assert "livelambda:source" not in body


@pytest.fixture(scope="module")
def python(live, cloud, module_path, module_processes) -> Session:
    if not (PYTHON / "python").exists():
        pytest.skip("SKIPPED JUDGE: AWS CDK for Python")
    path = {"PATH": f"{PYTHON}:{clean_environment(Path())['PATH']}"}
    session = Session(app("python", module_path), cloud, module_path / "home", "dev", wait=False, env=path)
    session.ready = session.wait_for("ready", timeout=120)
    return session


def test_an_app_in_python_runs_its_functions_here(python, cloud):
    greeter = function(python, "Greeter")
    assert greeter["source"] == str(python.app / "functions")
    answer = json.loads(cloud.invoke(greeter["name"], {"name": "Ada"}).payload)
    assert answer["greeting"] == "Hello, Ada"
    assert answer["stage"] == "dev"
    assert answer["pid"] in python.workers()


def test_code_that_stands_in_a_construct_runs_here(python, cloud):
    assert cloud.invoke(function(python, "Inline")["name"], {}).json in python.workers()


@pytest.fixture(scope="module")
def javascript(module_path) -> Path:
    """An app whose stacks are called the same on every stage; its `cdk` can be held up."""
    folder = module_path / "javascript"
    shutil.copytree(ROOT / "tests" / "cdk_apps" / "javascript", folder)
    shutil.copytree(ROOT / "tests" / "cdk_apps" / "python" / "functions", folder / "functions")
    (folder / "node_modules").symlink_to(projects.node_modules(module_path, NODE, "cdk", module_path / "tmp" / "node_modules"))
    return folder


@pytest.fixture(scope="module")
def hello(live, cloud, javascript, module_path, module_processes) -> Session:
    projects.say(module_path, "and a second stack")
    session = Session(javascript, cloud, module_path / "home", "one", wait=False)
    session.ready = session.wait_for("ready", timeout=120)
    return session


def test_a_second_stage_does_not_overwrite_the_first_and_is_told_what_to_write(hello, cloud, module_path):
    second = Session(hello.app, cloud, module_path / "home", "two", wait=False)
    error = second.wait_for("error", timeout=120)
    assert "hello" in error["message"] and "stage one" in error["message"]
    assert "const stage = app.node.tryGetContext('stage')" in error["hint"]
    second.wait_for("stopped")
    stack = cloud.stack("hello")
    assert {"Key": "livelambda:stage", "Value": "one"} in stack["Tags"]


def test_an_unchanged_app_is_live_again_before_cdk_has_looked_at_it(hello, cloud, module_path):
    (hello.app / "functions" / "greeter.js").write_text((hello.app / "functions" / "greeter.js").read_text() + "// edited\n")
    assert hello.stop() == 0
    with projects.held_up(module_path):
        again = Session(hello.app, cloud, module_path / "home", "one", wait=False)
        ready = again.wait_for("ready", timeout=120)
        assert len(ready["functions"]) == 2
        assert not again.select("deploy") and not again.select("infrastructure")
        projects.say(module_path, "no more")
    change = again.wait_for("infrastructure", timeout=120)
    assert change["stack"] == "hello"
    assert any("and a second stack" in line and "no more" in line for line in change["changes"]), "no other stack, but this line"
    wait_until(lambda: "stack second is no longer in the app; it stays as it is" in again.stderr, "what is left behind")
    assert again.stop() == 0


def test_deploy_gives_the_stage_its_real_code(hello, cloud, module_path):
    greeter = next(one for one in hello.ready["functions"] if one["logicalId"].startswith("hello/"))
    environment = clean_environment(module_path / "home", **cloud.env)
    command = [PROGRAM, "deploy", "--app-dir", hello.app, "--stage", "one", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    configuration = cloud.client("lambda").get_function_configuration(FunctionName=greeter["name"])
    assert configuration["Runtime"] == "nodejs22.x"
    answer = json.loads(cloud.invoke(greeter["name"], {"name": "Ada"}).payload)
    assert answer["greeting"] == "Hello, Ada"
    assert {"Key": "livelambda:stage", "Value": "one"} in cloud.stack("hello")["Tags"]


def test_a_local_cloud_of_its_own_is_bootstrapped_by_the_way_and_has_the_app_s_aws_sdk(hello, cloud, module_path):
    session = Session(hello.app, None, module_path / "home", "three", wait=False)
    ready = session.wait_for("ready", timeout=180)
    assert [one["handler"] for one in ready["functions"]] == ["greeter.handler"]
    assert "packages that Lambda brings along" not in session.stderr, "the app's node_modules has them"
    assert "Please run 'cdk bootstrap'" not in session.stderr, "a new cloud is bootstrapped before the CDK asks for it"

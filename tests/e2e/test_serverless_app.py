"""A service of the Serverless Framework (tests/serverless_app, with the real serverless@3.40.0), read, listed, rewritten, run live on a
local cloud and given its real code. The framework asks AWS about layers and deploys by the local cloud, too."""

import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
import requests

from harness import apps, projects
from harness.local_cloud import LocalCloud
from harness.processes import PROGRAM, ROOT, clean_environment
from harness.session import Session

TOOLS = ROOT / "build" / "judges-serverless" / "node_modules"
STACK = "sls-orders-dev"
PACKAGE = Path(".livelambda") / "serverless" / "dev"


@pytest.fixture(scope="module")
def service(module_path) -> Path:
    """A copy of the service with its packages."""
    if not (TOOLS / ".bin" / "serverless").exists() or shutil.which("node") is None:
        pytest.skip("SKIPPED JUDGE: Serverless Framework")
    folder = module_path / "service"
    shutil.copytree(ROOT / "tests" / "serverless_app", folder)
    (folder / "node_modules").symlink_to(projects.node_modules(module_path, TOOLS, "serverless"))
    return folder


@pytest.fixture(scope="module")
def livelambda(service, module_path):
    """livelambda(command, arguments…, cloud=…): runs it to its end in the service's folder."""
    def livelambda(*arguments: str, cloud: LocalCloud | None = None) -> subprocess.CompletedProcess:
        environment = clean_environment(module_path / "home", **(cloud.env if cloud else {}))
        return subprocess.run([PROGRAM, *arguments, "--stage", "dev", "--app-dir", service], env=environment,
                              capture_output=True, text=True, timeout=300, check=False)

    return livelambda


@pytest.fixture(scope="module")
def templates(livelambda) -> list[str]:
    """What two runs of `livelambda rewrite` print."""
    runs = [livelambda("rewrite"), livelambda("rewrite")]
    for done in runs:
        assert done.returncode == 0, done.stderr
    return [done.stdout for done in runs]


@pytest.fixture(scope="module")
def session(cloud, service, module_path, module_processes) -> Session:
    return Session(service, cloud, module_path / "home", "dev")


def test_functions_are_listed_with_their_source_without_an_account(livelambda):
    done = livelambda("functions", "--json")
    assert done.returncode == 0, done.stderr
    text = done.stdout
    for word in ("ApiLambdaFunction", "src/api.handler", "TakeDashnoteLambdaFunction", "ReportLambdaFunction"):
        assert word in text


def test_the_rewritten_template_is_the_same_at_any_time(templates, service):
    assert templates[0] == templates[1]
    resources = json.loads(templates[0])["Resources"]
    compiled = json.loads((service / PACKAGE / "cloudformation-template-update-stack.json").read_text())["Resources"]
    live = resources["ApiLambdaFunction"]["Properties"]
    assert live["Runtime"] == "provided.al2023" and live["Handler"] == "src/api.handler"
    assert live["Environment"] == compiled["ApiLambdaFunction"]["Properties"]["Environment"]
    assert resources["ReportLambdaFunction"]["Properties"]["Runtime"] == "python3.11"
    for untouched in ("ServerlessDeploymentBucket", "HttpApi", "ApiGatewayRestApi", "Notes", "Orders"):
        assert resources[untouched] == compiled[untouched]


def test_a_package_has_what_the_service_says_and_nothing_of_ours(templates, service):
    with zipfile.ZipFile(service / PACKAGE / "sls-orders.zip") as package:
        assert sorted(package.namelist()) == ["config/settings.yml", "src/api.js", "src/notes.js"]
    with zipfile.ZipFile(service / PACKAGE / "report.zip") as package:
        assert package.namelist() == ["reports/daily.py"]


def test_both_apis_reach_the_source(session):
    answer = requests.get(session.outputs["HttpApiUrl"] + "/hello", timeout=60)
    assert answer.text == "Hello from dev: /hello"
    answer = requests.get(session.outputs["ServiceEndpoint"] + "/rest", timeout=60)
    assert answer.text == "Hello from dev: /rest"


def test_the_stack_has_the_service_s_own_tags_while_it_is_live(session, cloud):
    tags = {tag["Key"]: tag["Value"] for tag in cloud.stack(STACK)["Tags"]}
    assert tags["team"] == "orders" and tags["livelambda:stage"] == "dev"


def test_code_that_stands_in_the_service_s_resources_runs_here(session, cloud):
    assert cloud.invoke(session.function("Inline"), {}).json in session.workers()


def test_an_edit_of_the_source_is_what_runs_next(session, service):
    apps.edit(service / "src" / "api.js", "from ${", "anew from ${")
    session.wait_for("reload", function="ApiLambdaFunction")
    assert requests.get(session.outputs["HttpApiUrl"] + "/hello", timeout=60).text == "Hello anew from dev: /hello"


def test_a_topic_reaches_its_function(session, cloud):
    cloud.client("sns").publish(TopicArn=session.outputs["Topic"], Message="milk")
    session.wait_for("log", line=lambda line: "noted milk" in line)


def test_what_is_not_live_runs_as_the_framework_packaged_it(session, cloud):
    assert cloud.invoke("sls-orders-dev-report", {"of": "orders"}).json == {"report": "orders"}


def test_an_unchanged_service_is_live_again_before_the_framework_has_looked_at_it(session, cloud, service, module_path):
    assert session.stop() == 0
    with projects.held_up(module_path):
        again = Session(service, cloud, module_path / "home", "dev")
        assert not again.select("deploy")
        assert requests.get(again.outputs["HttpApiUrl"] + "/hello", timeout=60).status_code == 200
        assert not again.select("infrastructure")
        projects.say(module_path, "another greeting")
    change = again.wait_for("infrastructure", timeout=120)
    assert change["stack"] == STACK
    assert any("another greeting" in line for line in change["changes"]), change
    assert requests.get(again.outputs["HttpApiUrl"] + "/hello", timeout=60).status_code == 200
    assert again.stop() == 0
    projects.say(module_path, "")


def test_deploy_gives_the_service_its_real_code_and_start_takes_it_back(livelambda, session, cloud, service,
                                                                        module_path):
    done = livelambda("deploy", cloud=cloud)
    assert done.returncode == 0, done.stdout + done.stderr
    stack = cloud.stack(STACK)
    tags = {tag["Key"]: tag["Value"] for tag in stack["Tags"]}
    assert tags["team"] == "orders" and tags["STAGE"] == "dev"
    assert any(key.startswith("livelambda") for key in tags), tags
    gateway = cloud.client("apigateway")
    (api,) = [one["id"] for one in gateway.get_rest_apis()["items"] if one["name"] == "dev-sls-orders"]
    stage = gateway.get_stage(restApiId=api, stageName="dev")  # which the framework tags by itself
    assert stage["tags"]["team"] == "orders"
    configuration = cloud.client("lambda").get_function_configuration(FunctionName="sls-orders-dev-api")
    assert configuration["Runtime"] == "nodejs20.x"

    live = Session(service, cloud, module_path / "home", "dev")
    assert requests.get(live.outputs["HttpApiUrl"] + "/hello", timeout=60).text == "Hello anew from dev: /hello"

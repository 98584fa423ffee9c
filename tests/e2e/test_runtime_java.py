"""Java functions live: Maven builds them, AWS's runtime interface client runs them, and what is saved is in the next answer."""

import shutil
from pathlib import Path

import pytest

from harness import apps
from harness.processes import ROOT
from harness.session import Session

JUDGES = ROOT / "build" / "judges-java"
pytestmark = pytest.mark.skipif(shutil.which("mvn") is None or not (JUDGES / "client").is_dir(),
                                reason="SKIPPED JUDGE: aws-lambda-java-runtime-interface-client (scripts/judges-java fetches it, with mvn on PATH)")

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Runtime: java17, CodeUri: orders/, Timeout: 60, MemorySize: 256, Environment: {Variables: {TABLE: orders, JAVA_TOOL_OPTIONS: -Dof.the.options=kept}}}}
Resources:
  Orders: {Type: AWS::Serverless::Function, Properties: {Handler: "shop.Orders::handleRequest"}}
  Streams: {Type: AWS::Serverless::Function, Properties: {Handler: shop.Streams}}
  Plain: {Type: AWS::Serverless::Function, Properties: {Handler: "shop.Plain::twice"}}
  Missing: {Type: AWS::Serverless::Function, Properties: {Handler: "shop.Nowhere::take"}}
"""


HAS_GRADLE = shutil.which("gradle") is not None
STOCK = '  Stock: {Type: AWS::Serverless::Function, Properties: {CodeUri: stock/, Handler: "shop.Orders::handleRequest"}}\n'
GRADLE = f"""
apply plugin: "java"
repositories {{ maven {{ url "file:{JUDGES}/repository" }} }}
dependencies {{
  implementation "com.amazonaws:aws-lambda-java-core:1.4.0"
  implementation "com.fasterxml.jackson.jr:jackson-jr-objects:2.18.2"
}}
"""


@pytest.fixture(scope="module")
def app(module_path) -> Path:
    folder = module_path / "shop"
    shutil.copytree(ROOT / "tests" / "java", folder / "orders")
    template = TEMPLATE
    if HAS_GRADLE:
        shutil.copytree(ROOT / "tests" / "java", folder / "stock", ignore=shutil.ignore_patterns("pom.xml"))
        (folder / "stock/build.gradle").write_text(GRADLE)
        template += STOCK
    (folder / "template.yaml").write_text(template)
    return folder


@pytest.fixture(scope="module")
def session(app, cloud, module_path) -> Session:
    # The client is fetched as a developer's Maven does it, from what scripts/judges-java has fetched.
    return Session(app, cloud, module_path / "home", "test", "--yes", env={"MAVEN_OPTS": f"-Dmaven.repo.local={JUDGES}/repository",
                                                                            "GRADLE_OPTS": "-Dorg.gradle.daemon=false"})


def reload(session, name, file, text, status="ok"):
    mark = session.mark()
    apps.save(file, text)
    return session.wait_for("reload", timeout=180, after=mark, function=name, status=status)


def test_a_request_handler_runs_with_its_context(cloud, session, app):
    function = session.function("Orders")
    mark = session.mark()
    first = cloud.invoke(function, {"log": "first line"}).json
    assert first["word"] == "one" and first["table"] == "orders" and first["option"] == "kept"
    assert first["arn"].endswith(f":function:{function}") and first["memory"] == 256 and 0 < first["left"] <= 60_000
    assert (session.home / ".cache/livelambda/java").is_dir()
    assert first["heap"] <= 256 and first["handler"] == "shop.Orders::handleRequest" and first["execution"] == "AWS_Lambda_java17"
    assert first["root"] == first["folder"] and (Path(first["root"]) / "shop/Orders.class").is_file()
    session.wait_for("log", after=mark, line="first line", requestId=first["id"])
    second = cloud.invoke(function, {}).json
    assert (second["count"], second["pid"]) == (2, first["pid"]) and second["id"] != first["id"]


def test_the_other_kinds_of_handlers_run_too(cloud, session):
    assert cloud.invoke(session.function("Streams"), {"a": "ä"}).json == {"stream": {"a": "ä"}}
    assert cloud.invoke(session.function("Plain"), {"item": "box", "pieces": 21}).json == {"item": "box", "pieces": 42}


def test_failures_are_those_of_the_client(cloud, session):
    function = session.function("Orders")
    failed = cloud.invoke(function, {"fail": "no stock"})
    assert failed.error == "Unhandled"
    assert (failed.json["errorType"], failed.json["errorMessage"]) == ("java.lang.IllegalStateException", "no stock")
    assert failed.json["stackTrace"][0].startswith("shop.Orders.handleRequest(Orders.java:")
    assert "exit status 3" in cloud.invoke(function, {"exit": 3}).json["errorMessage"]
    assert cloud.invoke(function, {}).error is None
    missing = cloud.invoke(session.function("Missing"), {}).json
    assert missing["errorType"] == "java.lang.ClassNotFoundException" and "Class not found: shop.Nowhere" in missing["errorMessage"]


def test_a_saved_class_is_in_the_next_answer(cloud, session, app):
    function = session.function("Orders")
    words = app / "orders/src/main/java/shop/Words.java"
    text = words.read_text()
    assert cloud.invoke(function, {}).json["word"] == "one"
    told = reload(session, "Orders", words, text.replace('"one"', "one"), "error")
    assert "cannot find symbol" in told["output"] and "Words.java:[4," in told["output"] and "\x1b" not in told["output"]
    answer = cloud.invoke(function, {}).json
    assert answer["errorType"] == "Function.LiveBuild" and "cannot find symbol" in answer["errorMessage"]
    reload(session, "Orders", words, text.replace("one", "two"))
    assert cloud.invoke(function, {}).json["word"] == "two"


@pytest.mark.skipif(not HAS_GRADLE, reason="SKIPPED JUDGE: Gradle (scripts/setup installs it)")
def test_gradle_builds_too(cloud, session, app):
    function = session.function("Stock")
    assert cloud.invoke(function, {}).json["word"] == "one"
    words = app / "stock/src/main/java/shop/Words.java"
    text = words.read_text()
    told = reload(session, "Stock", words, text.replace('"one"', "one"), "error")
    assert "cannot find symbol" in told["output"] and "Words.java:4" in told["output"]
    reload(session, "Stock", words, text.replace("one", "two"))
    assert cloud.invoke(function, {}).json["word"] == "two"

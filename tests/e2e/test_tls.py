"""The example over TLS, with a certificate authority that nobody else knows."""

import json

import pytest
import requests

from harness import apps
from harness.certificates import Authority
from harness.local_cloud import LocalCloud
from harness.processes import PROGRAM, clean_environment, json_lines, run
from harness.session import Session
from harness.stubs import replace_package

HANDLER = "export const handler = async (event) => ({ token: event.token, pid: process.pid });"


@pytest.fixture(scope="module")
def authority(module_path) -> Authority:
    return Authority(module_path, "ours")


@pytest.fixture(scope="module")
def cloud(authority, module_path, module_processes) -> LocalCloud:
    certificate, key = authority.issue("127.0.0.1")
    return LocalCloud(module_path / "home", "--tls", "--tls-certificate", certificate, "--tls-key", key,
                      verify=str(authority.file))


def test_the_example_runs_over_https_and_wss(cloud, authority, app, start):
    session = start(app, cloud, "tls")
    url = session.outputs["ApiUrl"]
    assert cloud.endpoint.startswith("https://") and url.startswith("https://")
    assert cloud.outputs("tls-api-sns-debug-stack")["Url"].startswith("wss://")
    answer = requests.get(url, verify=str(authority.file), timeout=60)
    assert answer.status_code == 200, answer.text
    assert answer.json()["pid"] in session.workers()
    message = answer.json()["messageId"]
    session.wait_for("log", function="Sns", line=lambda line: message in line)
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(url, timeout=60)


def refused(app, cloud, home, ca_file, **env) -> dict:
    """The error of a start that must not succeed."""
    ended = run([PROGRAM, "start", "--json", "--stage", "refused", "--app-dir", app],
                clean_environment(home, **{**cloud.env, "LIVELAMBDA_CA_FILE": str(ca_file), **env}))
    assert ended.returncode == 5, ended.stdout + ended.stderr
    errors = [event for event in json_lines(ended.stdout) if event["event"] == "error"]
    assert len(errors) == 1
    return errors[0]


def test_a_session_refuses_a_certificate_of_another_authority(cloud, tmp_path, home):
    app = apps.plain(tmp_path, Plain=HANDLER)
    error = refused(app, cloud, home, Authority(tmp_path, "theirs").file)
    assert "TLS failed" in error["message"] and "certificate" in error["message"], error


def test_a_session_refuses_a_certificate_for_another_name(authority, tmp_path, home):
    certificate, key = authority.issue("elsewhere.example")
    cloud = LocalCloud(home, "--tls", "--tls-certificate", certificate, "--tls-key", key, verify=str(authority.file))
    error = refused(apps.plain(tmp_path, Plain=HANDLER), cloud, home, authority.file)
    assert "mismatch" in error["message"], error


@pytest.fixture(scope="module")
def live(cloud, module_path, module_processes) -> Session:
    return Session(apps.plain(module_path, timeout=20, Plain=HANDLER), cloud, module_path / "home", "stubs")


def assert_refused(cloud, live):
    answer = cloud.invoke(live.function("Plain"), {"token": "t"})
    assert answer.error == "Unhandled", answer
    assert answer.json["errorType"].startswith("Function.Live"), answer
    assert "livelambda: " in answer.json["errorMessage"]


def test_a_stub_accepts_the_authority_it_was_deployed_with(cloud, live):
    # Also with the package replaced as below: so it is not the replacement that the others fail by.
    replace_package(cloud, "stubs-plain", lambda configuration, files: None)
    answer = cloud.invoke(live.function("Plain"), {"token": "t"})
    assert answer.error is None and answer.json["token"] == "t", answer


def test_a_stub_refuses_a_certificate_of_another_authority(cloud, live, tmp_path):
    theirs = Authority(tmp_path, "theirs").file.read_bytes()

    def change(configuration, files):
        files[configuration["caFile"]] = theirs

    replace_package(cloud, "stubs-plain", change)
    assert_refused(cloud, live)


def test_a_stub_refuses_a_certificate_for_another_name(cloud, live, authority):
    def change(configuration, files):
        files[configuration["caFile"]] = authority.file.read_bytes()  # the test above changed it
        assert "//127.0.0.1:" in configuration["endpoint"], json.dumps(configuration)
        configuration["endpoint"] = configuration["endpoint"].replace("//127.0.0.1:", "//localhost:")

    replace_package(cloud, "stubs-plain", change)
    assert_refused(cloud, live)

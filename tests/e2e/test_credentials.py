"""Where keys and region come from: `livelambda start` beside botocore's own resolver, on the same files and environment; and what is
said where there are none."""

import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import botocore.credentials
import botocore.exceptions
import botocore.session
import botocore.tokens
import botocore.utils
import pytest

from harness import apps
from harness.certificates import Authority
from harness.fake_aws import FakeAws, error_xml, iso, made_key
from harness.processes import PROGRAM, ROOT, clean_environment
from harness.terminal import Terminal

SECRET = "S3cr3tThatNobodyMaySee"
KEYS = f"aws_access_key_id = {{}}\naws_secret_access_key = {SECRET}\n"
ENVIRONMENT_KEYS = {"AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": SECRET}


def keys(name: str, key: str) -> str:
    return f"[{name}]\n" + KEYS.format(key)


def process(key: str, **more) -> str:
    answer = {"Version": 1, "AccessKeyId": key, "SecretAccessKey": SECRET, **more}
    return "credential_process = /bin/echo '" + json.dumps(answer) + "'\n"


SSO = ("sso_account_id = 111122223333\nsso_role_name = Developer\n")
SSO_SESSION = "[sso-session corp]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = eu-north-1\n"
SSO_OLD = SSO + "sso_start_url = https://corp.awsapps.com/start\nsso_region = eu-north-1\n"


def ahead(seconds: int) -> str:
    """A time that is counted from when the case is run."""
    return f"{{now{seconds:+}}}"


def token_file(name: str, **fields) -> tuple[str, str]:
    token = {"accessToken": "cached", "expiresAt": ahead(7200), "region": "eu-north-1", "startUrl": "https://corp.awsapps.com/start",
             **fields}
    return f".aws/sso/cache/{hashlib.sha1(name.encode()).hexdigest()}.json", json.dumps(token)


REGISTERED = {"clientId": "client", "clientSecret": SECRET, "registrationExpiresAt": ahead(86400), "refreshToken": "refresh"}


@dataclass
class Case:
    name: str
    config: str = ""
    credentials: str = ""
    env: dict[str, str] = field(default_factory=dict)
    profile: str = ""
    files: dict[str, str] = field(default_factory=dict)
    region: str = "eu-west-1"  # in the environment, "" = none


ROLE = "role_arn = arn:aws:iam::123456789012:role/{}\n"

CASES = [
    Case("environment", env=ENVIRONMENT_KEYS),
    Case("environment before files", env=ENVIRONMENT_KEYS, credentials=keys("default", "AKDEFAULT")),
    Case("environment before a profile of the environment", env={**ENVIRONMENT_KEYS, "AWS_PROFILE": "work"},
         credentials=keys("work", "AKWORK")),
    Case("an explicit profile before the environment", env=ENVIRONMENT_KEYS, profile="work", credentials=keys("work", "AKWORK")),
    Case("a key without its secret", env={"AWS_ACCESS_KEY_ID": "AKENV"}, credentials=keys("default", "AKDEFAULT")),
    Case("a secret without its key", env={"AWS_SECRET_ACCESS_KEY": SECRET}, credentials=keys("default", "AKDEFAULT")),
    Case("the default profile", credentials=keys("default", "AKDEFAULT")),
    Case("a profile of the environment", env={"AWS_PROFILE": "work"}, credentials=keys("work", "AKWORK")),
    Case("a profile that is not there", env={**ENVIRONMENT_KEYS, "AWS_PROFILE": "gone"}, credentials=keys("work", "AKWORK")),
    Case("the credentials file before the config file", credentials=keys("default", "AKCRED"), config=keys("default", "AKCONF")),
    Case("keys in the config file", profile="work", config=keys("profile work", "AKCONF")),
    Case("a section without the word profile is none", profile="work", config=keys("work", "AKCONF")),
    Case("quoted names", profile="at work", config=keys('profile "at work"', "AKCONF")),
    Case("keys in capitals, colons, comments and blank lines", config="# a comment\n[default]\n; another\n\n"
         f"AWS_ACCESS_KEY_ID: AKCONF\n\naws_secret_access_key={SECRET}#not a comment\n"),
    Case("nested settings are not the profile's", config="[default]\ns3 =\n  aws_access_key_id = AKNESTED\n  aws_secret_access_key = x\n"
         + KEYS.format("AKCONF")),
    Case("half a profile", credentials="[default]\naws_access_key_id = AKHALF\n"),
    Case("files elsewhere", env={"AWS_CONFIG_FILE": "~/elsewhere/c", "AWS_SHARED_CREDENTIALS_FILE": "~/elsewhere/k", "AWS_PROFILE": "x"},
         files={"elsewhere/c": "[profile x]\nregion = sa-east-1\n", "elsewhere/k": keys("x", "AKELSE")}, region=""),
    Case("the region of a profile", config="[profile work]\nregion = ap-south-1\n", credentials=keys("work", "AKWORK"), profile="work",
         region=""),
    Case("the region of the environment before a profile's", config="[default]\nregion = ap-south-1\n",
         credentials=keys("default", "AKDEFAULT"), region="us-west-2"),
    Case("a role by a source profile", config="[profile work]\n" + ROLE.format("r") + "source_profile = base\n",
         credentials=keys("base", "AKBASE"), profile="work"),
    Case("a role with an external id and a duration", profile="work", credentials=keys("base", "AKBASE"),
         config="[profile work]\n" + ROLE.format("r") + "source_profile = base\nexternal_id = ex\nduration_seconds = 1800\n"),
    Case("a chain of roles", profile="a", credentials=keys("c", "AKBASE"), config="[profile a]\n" + ROLE.format("a") +
         "source_profile = b\n[profile b]\n" + ROLE.format("b") + "source_profile = c\n"),
    Case("a role by its own keys", config="[default]\n" + ROLE.format("r") + "source_profile = default\n",
         credentials=keys("default", "AKBASE")),
    Case("a role whose source has keys and a role", profile="a", credentials=keys("b", "AKBASE"), config="[profile a]\n" +
         ROLE.format("a") + "source_profile = b\n[profile b]\n" + ROLE.format("b") + "source_profile = c\n"),
    Case("roles in a circle", profile="a", config="[profile a]\n" + ROLE.format("a") + "source_profile = b\n[profile b]\n" +
         ROLE.format("b") + "source_profile = a\n"),
    Case("a role that is its own source without keys", config="[default]\n" + ROLE.format("r") + "source_profile = default\n"),
    Case("a role without a source", config="[default]\n" + ROLE.format("r"), credentials=keys("default", "AKBASE")),
    Case("a role with two sources", config="[default]\n" + ROLE.format("r") + "source_profile = b\ncredential_source = Environment\n",
         credentials=keys("b", "AKBASE")),
    Case("a role whose source is not there", config="[default]\n" + ROLE.format("r") + "source_profile = gone\n"),
    Case("a role by the environment's keys", profile="work", env=ENVIRONMENT_KEYS,
         config="[profile work]\n" + ROLE.format("r") + "credential_source = Environment\n"),
    Case("a role by an unknown source", config="[default]\n" + ROLE.format("r") + "credential_source = Elsewhere\n"),
    Case("a role by the instance", config="[default]\n" + ROLE.format("r") + "credential_source = Ec2InstanceMetadata\n",
         env={"AWS_EC2_METADATA_DISABLED": "false"}),
    Case("a role by the container", config="[default]\n" + ROLE.format("r") + "credential_source = EcsContainer\n",
         env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{url}/container"}),
    Case("a role by SSO", profile="work", config="[profile work]\n" + ROLE.format("r") + "source_profile = base\n[profile base]\n" +
         SSO_OLD, files=dict([token_file("https://corp.awsapps.com/start")])),
    Case("a role by a process", profile="work", config="[profile work]\n" + ROLE.format("r") + "source_profile = base\n[profile base]\n" +
         process("AKPROC")),
    Case("a token file of the environment", env={"AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token", "AWS_ROLE_ARN": "arn:aws:iam::1:role/web"},
         files={"token": "web-token"}, credentials=keys("default", "AKDEFAULT")),
    Case("a token file before the profile's role? the role first", env={"AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token",
         "AWS_ROLE_ARN": "arn:aws:iam::1:role/web"}, files={"token": "web-token"},
         config="[default]\n" + ROLE.format("r") + "source_profile = b\n", credentials=keys("b", "AKBASE")),
    Case("a token file of a profile", config="[default]\n" + ROLE.format("web") + "web_identity_token_file = {home}/token\n",
         files={"token": "web-token"}),
    Case("a token file without a role", env={"AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token"}, files={"token": "web-token"}),
    Case("an explicit profile leaves the environment's token file out", profile="work", files={"token": "web-token"},
         env={"AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token", "AWS_ROLE_ARN": "arn:aws:iam::1:role/web"},
         credentials=keys("work", "AKWORK")),
    Case("SSO with a session", config="[default]\nsso_session = corp\n" + SSO + SSO_SESSION, files=dict([token_file("corp")])),
    Case("SSO before keys", config="[default]\nsso_session = corp\n" + SSO + SSO_SESSION, files=dict([token_file("corp")]),
         credentials=keys("default", "AKDEFAULT")),
    Case("SSO of the older form", config="[default]\n" + SSO_OLD, files=dict([token_file("https://corp.awsapps.com/start")])),
    Case("SSO whose token is renewed", config="[default]\nsso_session = corp\n" + SSO + SSO_SESSION,
         files=dict([token_file("corp", expiresAt=ahead(-60), **REGISTERED)])),
    Case("SSO whose token ends soon", config="[default]\nsso_session = corp\n" + SSO + SSO_SESSION,
         files=dict([token_file("corp", expiresAt=ahead(600), **REGISTERED)])),
    Case("SSO whose token ends soon and is not renewed", config="[default]\nsso_session = corp\n" + SSO + SSO_SESSION,
         files=dict([token_file("corp", expiresAt=ahead(600), **{**REGISTERED, "refreshToken": "refused"})])),
    Case("SSO without a token", config="[default]\nsso_session = corp\n" + SSO + SSO_SESSION),
    Case("SSO with an expired token of the older form", config="[default]\n" + SSO_OLD,
         files=dict([token_file("https://corp.awsapps.com/start", expiresAt=ahead(-60), **REGISTERED)])),
    Case("SSO whose token is refused", config="[default]\n" + SSO_OLD,
         files=dict([token_file("https://corp.awsapps.com/start", accessToken="refused")])),
    Case("SSO without its session", config="[default]\nsso_session = corp\n" + SSO),
    Case("SSO and a session that disagree", config="[default]\nsso_session = corp\nsso_region = us-east-1\n" + SSO + SSO_SESSION,
         files=dict([token_file("corp")])),
    Case("SSO without a role", config="[default]\nsso_account_id = 111122223333\nsso_session = corp\n" + SSO_SESSION,
         files=dict([token_file("corp")]), credentials=keys("default", "AKDEFAULT")),
    Case("a process", config="[default]\n" + process("AKPROC")),
    Case("the credentials file before a process", config="[default]\n" + process("AKPROC"), credentials=keys("default", "AKDEFAULT")),
    Case("a process before the config file", config="[default]\n" + process("AKPROC") + KEYS.format("AKCONF")),
    Case("a process of another version", config='[default]\ncredential_process = /bin/echo \'{"Version": 2}\'\n'),
    Case("a process that fails", config="[default]\ncredential_process = /bin/false\n"),
    Case("a container", env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{url}/container"}),
    Case("a container with a token", env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{url}/container",
                                          "AWS_CONTAINER_AUTHORIZATION_TOKEN": "Bearer x"}),
    Case("a container with a token file, which wins", files={"auth": "Bearer file"},
         env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{url}/container", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "Bearer x",
              "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "{home}/auth"}),
    Case("files before a container", env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{url}/container"}, credentials=keys("default", "AKDEFAULT")),
    Case("a container before the instance", env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{url}/container",
                                                 "AWS_EC2_METADATA_DISABLED": "false"}),
    Case("an instance", env={"AWS_EC2_METADATA_DISABLED": "false"}),
    Case("an instance that is not to be asked", env={"AWS_EC2_METADATA_DISABLED": "TRUE"}),
    Case("nothing at all"),
]


@pytest.fixture(scope="module")
def aws():
    server = FakeAws()
    yield server
    server.close()


@pytest.fixture
def fresh(aws):
    aws.calls.clear()
    aws.answers.clear()
    aws.life, aws.skew = 3600.0, 0.0
    return aws


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Path:
    return apps.plain(tmp_path_factory.mktemp("app"), Plain="export const handler = async () => 1;\n")


def lay_out(case: Case, home: Path, url: str) -> dict[str, str]:
    """Writes the case's files; its environment, without PATH and HOME."""
    def fill(text: str) -> str:
        text = re.sub(r"\{now([+-]\d+)\}", lambda time: iso(int(time[1])), text)
        return text.replace("{url}", url).replace("{home}", str(home))
    for name, text in {".aws/config": case.config, ".aws/credentials": case.credentials, **case.files}.items():
        if text:
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text(fill(text))
    region = {"AWS_REGION": case.region, "AWS_DEFAULT_REGION": case.region} if case.region else {}
    return {"AWS_ENDPOINT_URL": url, "AWS_EC2_METADATA_DISABLED": "true", "AWS_EC2_METADATA_SERVICE_ENDPOINT": url, **region,
            **{name: fill(value) for name, value in case.env.items()}}


def run(app: Path, home: Path, env: dict[str, str], *arguments: str) -> tuple[subprocess.CompletedProcess, dict]:
    """`livelambda start` to its end, and the error it ended with."""
    done = subprocess.run([PROGRAM, "start", "--json", "--app-dir", app, "--stage", "judged", *arguments],
                          env=clean_environment(home, **env), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert SECRET not in done.stdout + done.stderr
    errors = [event for event in map(json.loads, done.stdout.splitlines()) if event["event"] == "error"]
    assert errors, done.stdout + done.stderr
    return done, errors[-1]


def found_by_botocore(case: Case, home: Path, env: dict[str, str]) -> tuple[str, str] | None:
    """Access key and region, or None where botocore finds no keys."""
    cache = str(home / ".aws/sso/cache")
    with (mock.patch.dict(os.environ, {"PATH": os.environ["PATH"], "HOME": str(home), **env}, clear=True),
          mock.patch.object(botocore.credentials.SSOProvider, "_SSO_TOKEN_CACHE_DIR", cache),
          mock.patch.object(botocore.tokens.SSOTokenProvider, "_SSO_TOKEN_CACHE_DIR", cache)):
        try:
            session = botocore.session.Session(profile=case.profile or None)
            found = session.get_credentials()
            return found and (found.get_frozen_credentials().access_key, session.get_config_variable("region"))
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
            return None


def test_the_cases_are_many():
    assert len(CASES) >= 60 and len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_keys_and_region_are_those_that_botocore_finds(case, fresh, plain, tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for home in (ours, theirs):
        home.mkdir()
    expected = found_by_botocore(case, theirs, lay_out(case, theirs, fresh.url))
    fresh.calls.clear()
    done, error = run(plain, ours, lay_out(case, ours, fresh.url), *(["--profile", case.profile] if case.profile else []))
    asked = fresh.of_action("GetCallerIdentity")
    if expected is None:
        assert not asked, (asked[0].key, error)
        assert error["kind"] in ("credentials", "permission") and error["hint"], error
        assert done.returncode == 4, error
    else:
        assert [(call.key, call.region) for call in asked] == [expected], error
        assert "this is as far as it goes" in error["message"]


@pytest.mark.parametrize("settings", ["", "role_session_name = tom\n", 'external_id = a "b" c\nduration_seconds = 1800\n'])
def test_keys_of_a_role_are_shared_with_the_aws_cli(settings, fresh, plain, tmp_path):
    """The AWS CLI gives botocore's provider of assumed roles a cache of files in this folder: what either has fetched, the other uses."""
    case = Case("cached", config="[default]\n" + ROLE.format("r") + "source_profile = b\n" + settings, credentials=keys("b", "AKBASE"))

    def botocore_finds(home: Path, env: dict[str, str]) -> str:
        with mock.patch.dict(os.environ, {"PATH": os.environ["PATH"], "HOME": str(home), **env}, clear=True):
            session = botocore.session.Session()
            provider = session.get_component("credential_provider").get_provider("assume-role")
            provider.cache = botocore.utils.JSONFileCache(str(home / ".aws/cli/cache"))
            return session.get_credentials().get_frozen_credentials().access_key

    for first, second in ((run, botocore_finds), (botocore_finds, run)):
        home = tmp_path / first.__name__
        home.mkdir()
        env = lay_out(case, home, fresh.url)
        found = []
        for one in (first, second):
            fresh.calls.clear()
            found.append(botocore_finds(home, env) if one is botocore_finds else run(plain, home, env) and
                         fresh.of_action("GetCallerIdentity")[0].key)
            assert len(fresh.of_action("AssumeRole")) == (1 if one is first else 0), one
        assert found[0] == found[1]
        files = list((home / ".aws/cli/cache").iterdir())
        assert len(files) == 1 and files[0].stat().st_mode & 0o077 == 0, files


# --- What botocore does not judge

def fail(app: Path, home: Path, case: Case, url: str, *arguments: str) -> dict:
    return run(app, home, lay_out(case, home, url), *arguments)[1]


@pytest.mark.parametrize("case, words, mend", [
    (Case("none"), "no AWS credentials were found", "aws configure"),
    (Case("profile", env={"AWS_PROFILE": "gone"}), "there is no AWS profile gone", "aws configure list-profiles"),
    (Case("region", env=ENVIRONMENT_KEYS, region=""), "no AWS region is set", "AWS_REGION"),
    (Case("login", config="[default]\nsso_session = corp\n" + SSO + SSO_SESSION), "nobody is logged in", "aws sso login --profile default"),
    (Case("expired login", config="[default]\n" + SSO_OLD, files=dict([token_file("https://corp.awsapps.com/start", expiresAt=ahead(-9))])),
     "the SSO session of profile default has expired", "aws sso login --profile default"),
    (Case("expired keys", env={**ENVIRONMENT_KEYS, "AWS_CREDENTIAL_EXPIRATION": ahead(-60)}),
     "the AWS credentials of the environment have expired", "Export new ones"),
    (Case("mfa", config="[default]\n" + ROLE.format("r") + "source_profile = b\nmfa_serial = arn:aws:iam::1:mfa/tom\n",
          credentials=keys("b", "AKBASE")), "the code of the MFA device arn:aws:iam::1:mfa/tom is needed", "terminal"),
    (Case("host", env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/keys"}), "AWS_CONTAINER_CREDENTIALS_FULL_URI", "loopback"),
    (Case("proxy", env={**ENVIRONMENT_KEYS, "AWS_ENDPOINT_URL": "", "HTTPS_PROXY": f"socks5://u:{SECRET}@proxy"}),
     "HTTPS_PROXY is not the URL of an HTTP proxy", "http://HOST:PORT"),
    (Case("bundle", env={**ENVIRONMENT_KEYS, "AWS_CA_BUNDLE": "/not/there"}), "AWS_CA_BUNDLE: /not/there cannot be read", "PEM"),
], ids=lambda one: one.name if isinstance(one, Case) else "")
def test_what_is_missing_is_said_with_what_mends_it(case, words, mend, fresh, plain, home):
    error = fail(plain, home, case, fresh.url)
    assert words in error["message"] and mend in error["hint"], error
    assert not fresh.of_action("GetCallerIdentity")


def test_the_region_of_the_command_line_wins(fresh, plain, home):
    case = Case("region", env=ENVIRONMENT_KEYS, config="[default]\nregion = ap-south-1\n")
    fail(plain, home, case, fresh.url, "--region", "sa-east-1")
    assert [call.region for call in fresh.of_action("GetCallerIdentity")] == ["sa-east-1"]


def test_an_instance_tells_its_region(fresh, plain, home):
    fail(plain, home, Case("instance", region="", env={"AWS_EC2_METADATA_DISABLED": "false"}), fresh.url)
    assert [(call.key, call.region) for call in fresh.of_action("GetCallerIdentity")] == [(made_key("instance"), "eu-south-1")]


def test_a_renewed_sso_token_is_kept_for_the_aws_cli(fresh, plain, home):
    name, text = token_file("corp", expiresAt=ahead(-60), **REGISTERED)
    fail(plain, home, Case("sso", config="[default]\nsso_session = corp\n" + SSO + SSO_SESSION, files={name: text}), fresh.url)
    kept = json.loads((home / name).read_text())
    assert kept["accessToken"] == "renewed-client" and kept["refreshToken"] == "next" and kept["clientSecret"] == SECRET
    assert kept["expiresAt"] > iso(28000) and (home / name).stat().st_mode & 0o077 == 0


def test_the_code_of_an_mfa_device_is_asked_for_on_a_terminal(fresh, plain, home):
    case = Case("mfa", config="[default]\n" + ROLE.format("r") + "source_profile = b\nmfa_serial = arn:aws:iam::1:mfa/tom\n",
                credentials=keys("b", "AKBASE"))
    terminal = Terminal([PROGRAM, "outputs", "--app-dir", plain, "--stage", "judged"],
                        clean_environment(home, **lay_out(case, home, fresh.url)))
    terminal.wait_for("Code of the MFA device arn:aws:iam::1:mfa/tom: ")
    assert not fresh.of_action("AssumeRole")
    terminal.type("123456")
    terminal.wait_for("this is as far as it goes")
    assert terminal.end() == 4
    [assumed] = fresh.of_action("AssumeRole")
    assert (assumed.parameters["SerialNumber"], assumed.parameters["TokenCode"]) == ("arn:aws:iam::1:mfa/tom", "123456")


@pytest.mark.parametrize("settings", ["login_session = arn:aws:iam::1:user/tom\n", "region = eu-west-1\n"], ids=["login", "nothing known"])
def test_what_is_not_known_is_asked_of_the_aws_cli(settings, fresh, plain, home, tmp_path):
    cli = tmp_path / "bin" / "aws"
    cli.parent.mkdir()
    answer = json.dumps({"Version": 1, "AccessKeyId": "AKCLI", "SecretAccessKey": SECRET})
    cli.write_text(f"#!/bin/sh\n[ \"$*\" = 'configure export-credentials --profile work --format process' ] && echo '{answer}'\n")
    cli.chmod(0o755)
    case = Case("login", env={"PATH": f"{cli.parent}:{os.environ['PATH']}"}, config="[profile work]\n" + settings)
    fail(plain, home, case, fresh.url, "--profile", "work")
    assert [call.key for call in fresh.of_action("GetCallerIdentity")] == ["AKCLI"]


def test_a_wrong_clock_is_corrected(fresh, plain, home):
    fresh.skew = 3600.0
    fresh.answers = [(403, error_xml("SignatureDoesNotMatch", "Signature expired"))]
    fail(plain, home, Case("skew", env=ENVIRONMENT_KEYS), fresh.url)
    first, second = (call.headers["x-amz-date"] for call in fresh.of_action("GetCallerIdentity"))
    assert first < second and second >= iso(3500).replace("-", "").replace(":", "")


def test_throttled_calls_are_tried_three_times_or_as_often_as_is_said(fresh, plain, home):
    for env, times in (({}, 3), ({"AWS_MAX_ATTEMPTS": "2"}, 2), ({"AWS_MAX_ATTEMPTS": "1"}, 1)):
        fresh.calls.clear()
        fresh.answers = [(400, error_xml("Throttling", "Rate exceeded"))] * 9
        error = fail(plain, home, Case("throttled", env={**ENVIRONMENT_KEYS, **env}), fresh.url)
        assert "Rate exceeded" in error["message"] and len(fresh.of_action("GetCallerIdentity")) == times


def test_endpoints_of_the_config_file(fresh, plain, home):
    config = (f"[default]\nservices = here\nendpoint_url = http://127.0.0.1:1\n[services here]\nsts =\n  endpoint_url = {fresh.url}/base\n")
    env = lay_out(Case("services", env=ENVIRONMENT_KEYS, config=config), home, fresh.url)
    del env["AWS_ENDPOINT_URL"]
    run(plain, home, env)
    assert [call.url for call in fresh.of_action("GetCallerIdentity")] == ["/base"]


# --- Proxies and authorities

def test_plain_requests_go_through_the_proxy(fresh, plain, home):
    env = lay_out(Case("proxy", env={**ENVIRONMENT_KEYS, "HTTP_PROXY": fresh.url.replace("http://", f"http://tom:{SECRET}@")}), home,
                  "http://sts.example:8000")
    run(plain, home, env)
    calls = fresh.of_action("GetCallerIdentity")
    assert [(call.url, call.headers["host"]) for call in calls] == [("http://sts.example:8000/", "sts.example:8000")]
    assert calls[0].headers["proxy-authorization"].startswith("Basic ")


class TunnelProxy:
    """A proxy that knows CONNECT alone and leads every host to one address."""

    def __init__(self, port: int):
        self.heads: list[str] = []
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket):
        head = b""
        while b"\r\n\r\n" not in head and (piece := client.recv(4096)):
            head += piece
        self.heads.append(head.decode())
        server = socket.create_connection(("127.0.0.1", self._to))
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        other = threading.Thread(target=self._copy, args=(server, client), daemon=True)
        other.start()
        self._copy(client, server)
        other.join()

    @staticmethod
    def _copy(source: socket.socket, to: socket.socket):
        try:
            while piece := source.recv(65536):
                to.sendall(piece)
            to.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self._listener.close()


@pytest.fixture
def encrypted(tmp_path):
    authority = Authority(tmp_path, "company")
    server = FakeAws(authority.issue("sts.eu-west-1.amazonaws.com"))
    yield server, authority
    server.close()


@pytest.mark.parametrize("setting", ["AWS_CA_BUNDLE", "ca_bundle", "LIVELAMBDA_CA_FILE"])
def test_aws_is_reached_through_a_tunnel_by_the_authority_that_is_named(setting, encrypted, plain, home):
    server, authority = encrypted
    proxy = TunnelProxy(server.port)
    in_profile = f"[default]\nca_bundle = {authority.file}\n" if setting == "ca_bundle" else ""
    env = lay_out(Case("tunnel", config=in_profile, env={**ENVIRONMENT_KEYS, "HTTPS_PROXY": proxy.url}), home, "unused")
    del env["AWS_ENDPOINT_URL"]
    _, error = run(plain, home, env if in_profile else {**env, setting: str(authority.file)})
    assert "this is as far as it goes" in error["message"], error
    assert [head.splitlines()[0] for head in proxy.heads] == ["CONNECT sts.eu-west-1.amazonaws.com:443 HTTP/1.1"]
    _, error = run(plain, home, {**env, "AWS_CA_BUNDLE": "", "AWS_CONFIG_FILE": "/dev/null"})
    assert error["kind"] == "connect" and "certificate" in error["message"], "an authority that nobody named is not trusted"
    proxy.close()


# --- The table of hosts

def test_the_table_of_endpoints_is_what_botocore_says():
    subprocess.run([sys.executable, ROOT / "scripts/endpoint-table", "--check"], check=True, timeout=60)

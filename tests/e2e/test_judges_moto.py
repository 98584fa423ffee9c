"""moto in its authorization mode: verifies signatures of `livelambda start` with botocore's code, and permissions."""

import json
import re
from dataclasses import dataclass

import boto3
import botocore.config
import pytest

from harness import apps, judges
from harness.errors import aws_error
from harness.processes import Process, clean_environment, wait_until
from harness.session import Session

HANDLER = "export const handler = async () => process.pid;\n"
UNSIGNED_AT_FIRST = 5  # CreateUser, CreateAccessKey, PutUserPolicy, twice but for the policy
ADDRESS = re.compile(r"Running on (http://127\.0\.0\.1:\d+)")


class Moto(Process):
    """moto_server with two users: one that may do everything, one that may do nothing."""

    def __init__(self, home):
        program = judges.program("moto", "moto_server")
        super().__init__([program, "-H", "127.0.0.1", "-p", "0"], clean_environment(
            home, INITIAL_NO_AUTH_ACTION_COUNT=str(UNSIGNED_AT_FIRST)))
        self.endpoint = wait_until(lambda: ADDRESS.search(self.stderr) or ADDRESS.search(self.stdout),
                                   "moto listens").group(1)
        iam = self.client("iam", {"AccessKeyId": "any", "SecretAccessKey": "any"})
        self.mighty, self.powerless = (self._user(iam, name) for name in ("mighty", "powerless"))
        iam.put_user_policy(UserName="mighty", PolicyName="all", PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}))

    @staticmethod
    def _user(iam, name: str) -> dict:
        iam.create_user(UserName=name)
        return iam.create_access_key(UserName=name)["AccessKey"]

    def client(self, service: str, credentials: dict):
        return boto3.client(service, endpoint_url=self.endpoint, region_name="us-east-1",
                            aws_access_key_id=credentials["AccessKeyId"],
                            aws_secret_access_key=credentials["SecretAccessKey"],
                            config=botocore.config.Config(retries={"total_max_attempts": 1}, proxies={}))

    def env(self, credentials: dict) -> dict[str, str]:
        return {"AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"]}

    def statuses(self) -> list[int]:
        """Of every request, as the server logs them."""
        return [int(status) for status in re.findall(r'HTTP/1\.1(?:\x1b\[[\d;]*m)*" (\d+)', self.stderr)]


@pytest.fixture(scope="module")
def moto(module_path, module_processes) -> Moto:
    home = module_path / "moto-home"
    home.mkdir()
    return Moto(home)


@pytest.fixture
def plain(tmp_path):
    return apps.plain(tmp_path, Plain=HANDLER)


@dataclass
class Account:
    env: dict[str, str]  # all that a Session wants of a cloud


def start(moto: Moto, app, home, credentials: dict) -> Session:
    return Session(app, Account(moto.env(credentials)), home, "judged", wait=False)


def wrong(credentials: dict, **parts: str) -> dict:
    return {**credentials, **parts}


def test_the_judge_judges(moto):
    assert moto.client("sts", moto.mighty).get_caller_identity()["Arn"].endswith(":user/mighty")
    with aws_error("SignatureDoesNotMatch", 403):
        moto.client("sts", wrong(moto.mighty, SecretAccessKey="wrong")).get_caller_identity()
    with aws_error("AccessDenied", 403):
        moto.client("cloudformation", moto.powerless).list_stacks()


def test_signatures_of_a_session_pass(moto, plain, home):
    """As far as moto goes: it makes the debug stack without its WebSocket API, and the session says what it misses."""
    before = len(moto.statuses())
    session = start(moto, plain, home, moto.mighty)
    session.wait_for("deploy", timeout=120, stack="judged-plain-debug-stack", status="CREATE_COMPLETE")
    assert session.wait(60) == 5, session.describe()
    error = session.select("error")[-1]
    assert error["kind"] == "deployment" and "the debug stack has no output ApiId" in error["message"], error
    answered = moto.statuses()[before:]
    assert len(answered) >= 6 and 403 not in answered  # GetCallerIdentity, and all about the change set


@pytest.mark.parametrize("parts, words", [
    ({"SecretAccessKey": "wrong"}, "signature we calculated does not match"),
    ({"AccessKeyId": "AKIAUNKNOWNUNKNOWN00"}, "security token included in the request is invalid")],
    ids=["secret", "key"])
def test_a_wrong_secret_ends_the_session_with_status_4(moto, plain, home, parts, words):
    session = start(moto, plain, home, wrong(moto.mighty, **parts))
    assert session.wait(60) == 4, session.describe()
    error = session.select("error")[-1]
    assert error["kind"] == "credentials" and words in error["message"], error
    assert error["hint"]
    assert not session.select("deploy")
    assert session.select("stopped") == [{**session.select("stopped")[0], "status": 4}]


def test_a_user_without_permissions_ends_the_session_with_status_4(moto, plain, home):
    session = start(moto, plain, home, moto.powerless)
    assert session.wait(60) == 4, session.describe()
    error = session.select("error")[-1]
    assert "not authorized to perform: cloudformation:" in error["message"], error


def test_the_keys_of_an_assumed_role_sign(moto, plain, home):
    """The role may do nothing: the session is refused as the role, which is who it has become."""
    iam = moto.client("iam", moto.mighty)
    iam.create_role(RoleName="deployer", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}))
    (home / ".aws").mkdir()
    (home / ".aws/config").write_text(
        f"[profile base]\naws_access_key_id = {moto.mighty['AccessKeyId']}\naws_secret_access_key = {moto.mighty['SecretAccessKey']}\n"
        "[profile deployer]\nrole_arn = arn:aws:iam::123456789012:role/deployer\nsource_profile = base\nrole_session_name = tom\n")
    env = {"AWS_ENDPOINT_URL": moto.endpoint, "AWS_REGION": "us-east-1"}
    session = Session(plain, Account(env), home, "judged", "--profile", "deployer", wait=False)
    assert session.wait(60) == 4, session.describe()
    error = session.select("error")[-1]
    assert "assumed-role/deployer/tom is not authorized to perform: cloudformation:" in error["message"], error

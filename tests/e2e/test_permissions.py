"""The policies of docs/permissions.md: everything works with exactly these, and each part of them is needed."""

import json
import re

import pytest

from harness import apps
from harness.processes import PROGRAM, ROOT, clean_environment, run
from harness.session import Session

HANDLER = "export const handler = async () => 'one';"
STAGE = "dev-tom"


def policies() -> list[dict]:
    text = (ROOT / "docs" / "permissions.md").read_text()
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]


class Developer:
    """A role with one policy, and temporary credentials of it."""

    def __init__(self, cloud, name: str, policy: dict):
        self.cloud = cloud
        account = cloud.client("sts").get_caller_identity()["Account"]
        trust = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}]}
        iam = cloud.client("iam")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="exactly", PolicyDocument=json.dumps(policy))
        keys = cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="tom")["Credentials"]
        self.env = {**cloud.env, "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
                    "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"], "AWS_SESSION_TOKEN": keys["SessionToken"]}

    def whole_life(self, app, home):
        """start, an invocation, an edit of the template, diff, outputs, deploy, remove: the first that fails, or None."""
        session = Session(app, self, home, STAGE, wait=False)
        try:
            try:
                session.wait_ready()
            except AssertionError:
                return "start", session.describe()
            assert self.cloud.invoke(session.function("Plain"), {}).payload == b'"one"'
            assert session.stop() == 0
        finally:
            session.dispose()
        template = app / "template.yaml"
        apps.save(template, template.read_text().replace("Timeout: 30", "Timeout: 31"))
        for verb, *arguments in (("diff",), ("outputs",), ("deploy",), ("remove", "--yes")):
            ended = run([PROGRAM, verb, "--app-dir", app, "--stage", STAGE, *arguments],
                        clean_environment(home, **self.env))
            if ended.returncode != 0:
                return verb, ended.stderr
        return None


def test_the_developers_policy_is_enough(cloud, tmp_path, home):
    developer = Developer(cloud, "permissions-enough", policies()[0])
    assert developer.whole_life(apps.plain(tmp_path, "permitted", Plain=HANDLER), home) is None


@pytest.mark.parametrize("sid", [statement["Sid"] for statement in policies()[0]["Statement"]])
def test_every_statement_of_it_is_needed(cloud, tmp_path, home, sid):
    policy = policies()[0]
    policy["Statement"] = [statement for statement in policy["Statement"] if statement["Sid"] != sid]
    name = f"without{sid.lower()}"
    failed = Developer(cloud, f"permissions-{name}", policy).whole_life(apps.plain(tmp_path, name, Plain=HANDLER), home)
    assert failed is not None, f"{sid} is not needed"
    verb, said = failed
    assert "not authorized" in said or "denied the request" in said or "refused the WebSocket with status 403" in said, said


def test_a_live_function_gains_exactly_the_policy_that_is_described(cloud, tmp_path, home, start):
    session = start(apps.plain(tmp_path, "gains", Plain=HANDLER), cloud, STAGE)
    function = cloud.client("lambda").get_function_configuration(FunctionName=session.function("Plain"))
    role = function["Role"].rpartition("/")[2]
    iam = cloud.client("iam")
    documents = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
                 for name in iam.list_role_policies(RoleName=role)["PolicyNames"]]
    assert len(documents) == 1

    def general(policy: dict) -> list:
        return [{**statement, "Resource": re.sub(r"table/[^/]+$", "table/TABLE",
                                                 re.sub(r":[a-z0-9]+/live", ":API/live", statement["Resource"]))}
                for statement in policy["Statement"]]

    assert general(documents[0]) == general(policies()[1])

"""Region and profile of samconfig.toml, which count after the command line and the environment."""

import pytest

from harness.processes import PROGRAM, clean_environment, json_lines, run

SAMCONFIG = """version = 0.1
[default.global.parameters]
region = "us-east-1"
[default.deploy.parameters]
profile = "{profile}"
"""


@pytest.fixture
def deploy(tmp_path, home, cloud):
    """deploy(profile of samconfig.toml, …): the events. Profile `work` has the cloud's keys, `other` keys of nobody."""
    (home / ".aws").mkdir()
    (home / ".aws" / "credentials").write_text(
        f"[work]\naws_access_key_id = {cloud.ready['accessKeyId']}\naws_secret_access_key = {cloud.ready['secretAccessKey']}\n"
        "[other]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = secret\n")
    app = tmp_path / "plain"
    app.mkdir()
    (app / "template.yaml").write_text("Resources:\n  Topic: { Type: AWS::SNS::Topic }\n")

    def deploy(profile: str, *arguments: str, **env: str) -> list[dict]:
        (app / "samconfig.toml").write_text(SAMCONFIG.format(profile=profile))
        environment = clean_environment(home, AWS_ENDPOINT_URL=cloud.endpoint, **env)
        return json_lines(run([PROGRAM, "deploy", "--json", "--app-dir", app, "--stage", "sam", *arguments],
                              environment).stdout)

    return deploy


def where(events: list[dict]) -> tuple[str, str]:
    target = next(one for one in events if one["event"] == "target")
    return target["region"], target["credentials"]


def test_they_stand_in_for_what_nobody_gave(deploy):
    assert where(deploy("work")) == ("us-east-1", "profile work")


def test_the_command_line_and_the_environment_win(deploy, cloud):
    assert where(deploy("other", "--profile", "work")) == ("us-east-1", "profile work")
    assert where(deploy("other", AWS_PROFILE="work")) == ("us-east-1", "profile work")
    keys = {name: value for name, value in cloud.env.items() if name.endswith("_KEY_ID") or name.endswith("_ACCESS_KEY")}
    assert where(deploy("none", **keys)) == ("us-east-1", "the environment")
    error = deploy("work", AWS_REGION="eu-west-3")
    assert error[-2]["event"] == "error" and "region" in error[-2]["message"], error


def test_a_profile_that_is_not_there_is_named(deploy):
    error = next(one for one in deploy("none") if one["event"] == "error")
    assert error["kind"] == "credentials" and error["message"] == "there is no AWS profile none"

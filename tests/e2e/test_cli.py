"""The command line: help, errors in one line with a hint, and the exit status of each."""

import os
import pty
import re
import socket
import subprocess

import pytest

from harness import apps
from harness.processes import PROGRAM, clean_environment, run

HANDLER = "export const handler = async () => 1;"


@pytest.fixture
def plain(tmp_path):
    return apps.plain(tmp_path, Plain=HANDLER)


def livelambda(home, *arguments, env=None):
    return run([PROGRAM, *arguments], clean_environment(home, **(env or {})))


def assert_error(ended, status: int, *words: str):
    """One line, what to do, its exit status, nothing on stdout."""
    assert ended.returncode == status, ended.stdout + ended.stderr
    lines = ended.stderr.strip().splitlines()
    errors = [line for line in lines if line.startswith("livelambda: ")]
    assert errors, ended.stderr
    for word in words:
        assert word in ended.stderr
    assert "\x1b" not in ended.stderr + ended.stdout, "colours, though it is not a terminal"
    return errors[-1]


@pytest.mark.parametrize("command", [[], ["start"], ["local"]])
def test_help(home, command):
    ended = livelambda(home, *command, "--help")
    assert ended.returncode == 0 and ended.stderr == ""
    assert "--help" in ended.stdout
    if command == ["start"]:
        for option in ("--stage", "--app-dir", "--local", "--json", "--verbose"):
            assert option in ended.stdout
    if command == ["local"]:
        for option in ("--port", "--json", "--tls"):
            assert option in ended.stdout


def test_the_version(home):
    ended = livelambda(home, "--version")
    assert ended.returncode == 0 and re.fullmatch(r"livelambda \d+\.\d+\.\d+\S*\n", ended.stdout)


@pytest.mark.parametrize("arguments", [["--nonsense"], ["start", "--nonsense"], ["local", "--nonsense"], ["nonsense"],
                                       [], ["local", "--port", "many"], ["local", "--tls-key", "file"]])
def test_a_wrong_command_line_is_2(home, arguments):
    assert_error(livelambda(home, *arguments), 2, "--help")


@pytest.mark.parametrize("stage", ["1dev", "dev_tom", "", "dev tom", "x" * 200])
def test_a_bad_stage_is_2(home, plain, stage):
    assert_error(livelambda(home, "start", "--local", "--app-dir", plain, "--stage", stage), 2, "stage")


def test_a_folder_that_is_none_is_2(home, tmp_path):
    assert_error(livelambda(home, "start", "--local", "--app-dir", tmp_path / "nowhere"), 2, "--app-dir")


def test_no_template_is_3(home, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    assert_error(livelambda(home, "start", "--local", "--app-dir", empty), 3, "template.yaml")


def test_a_broken_template_is_3_and_names_the_line(home, plain):
    text = (plain / "template.yaml").read_text()
    lines = text.splitlines()
    lines[6] = "  - ]: ["
    (plain / "template.yaml").write_text("\n".join(lines))
    assert_error(livelambda(home, "start", "--local", "--app-dir", plain), 3, "template.yaml:7: ")


def test_no_credentials_is_4(home, plain):
    ended = livelambda(home, "start", "--app-dir", plain, "--stage", "dev", env={"AWS_REGION": "us-east-1"})
    assert_error(ended, 4, "no AWS credentials were found")


def test_no_region_is_4(home, plain):
    keys = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
    assert_error(livelambda(home, "start", "--app-dir", plain, "--stage", "dev", env=keys), 4, "no AWS region", "AWS_REGION")


def test_wrong_credentials_are_4(home, plain, cloud):
    env = {**cloud.env, "AWS_SECRET_ACCESS_KEY": "wrong"}
    assert_error(livelambda(home, "start", "--app-dir", plain, "--stage", "dev", env=env), 4)


def test_a_deployment_that_fails_is_5_and_says_why(home, plain, cloud):
    with (plain / "template.yaml").open("a") as template:
        template.write("  Queue:\n    Type: AWS::Nonsense::Thing\n")
    ended = livelambda(home, "start", "--app-dir", plain, "--stage", "fails", env=cloud.env)
    assert_error(ended, 5, "AWS::Nonsense::Thing")


def test_an_endpoint_where_nobody_answers_is_5(home, plain):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    env = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "a",
           "AWS_SECRET_ACCESS_KEY": "b"}
    assert_error(livelambda(home, "start", "--app-dir", plain, "--stage", "dev", env=env), 5, f"127.0.0.1:{port}", "AWS_ENDPOINT_URL")


def test_a_port_in_use_is_7(home):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert_error(livelambda(home, "local", "--port", str(port)), 7, str(port))


def test_no_node_is_7(home, plain, cloud, tmp_path):
    ended = livelambda(home, "start", "--app-dir", plain, "--stage", "dev", env={**cloud.env, "PATH": str(tmp_path)})
    assert_error(ended, 7, "Node.js")


def shown_on_a_terminal(home, *arguments, **env) -> tuple[int, str]:
    ours, theirs = pty.openpty()
    process = subprocess.Popen([str(PROGRAM), *map(str, arguments)], env=clean_environment(home, TERM="xterm", **env),
                               stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    text = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # EIO: the other end is closed
            break
        if not piece:
            break
        text += piece
    os.close(ours)
    return process.wait(60), text.decode()


def test_an_error_is_red_on_a_terminal_unless_no_color_is_set(home, tmp_path):
    status, text = shown_on_a_terminal(home, "start", "--local", "--app-dir", tmp_path / "nowhere")
    assert status == 2 and "\x1b[31m" in text
    status, text = shown_on_a_terminal(home, "start", "--local", "--app-dir", tmp_path / "nowhere", NO_COLOR="1")
    assert status == 2 and "\x1b" not in text
    assert "is not a folder" in text


def test_progress_has_colours_on_a_terminal_unless_no_color_is_set(home, plain, cloud):
    for stage, more in (("painted", {}), ("plain", {"NO_COLOR": "1"})):
        status, text = shown_on_a_terminal(home, "deploy", "--app-dir", plain, "--stage", stage, **cloud.env, **more)
        assert status == 0, text
        assert ("\x1b[" in text) == (stage == "painted"), text

"""What functions of the local cloud find in /opt: their layers, where the kernel gives namespaces; and what they find without."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.functions import package, role
from harness.local_cloud import LocalCloud
from harness.processes import PROGRAM
from harness.stacks import deploy, template
from test_local_cloud_runtimes import function, layer, put

NODE = """
const fs = require("node:fs");
exports.handler = async (event) => {
  if (event.require) return require(event.require);
  try {
    if (event.write) fs.writeFileSync(event.write, "");
    return fs.readFileSync(event.read, "utf8");
  } catch (error) { return error.code; }
};
"""
PYTHON = """
import errno
def handler(event, context):
    if "import" in event:
        return __import__(event["import"]).WORD
    try:
        if "write" in event:
            open(event["write"], "w")
        return open(event["read"]).read()
    except OSError as error:
        return errno.errorcode[error.errno]
"""
LAYERED = ("node", "python", "provided")
WITHOUT_NAMESPACES = """#!/bin/sh
exec unshare --user --map-root-user sh -c 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$0" "$@"' %s "$@"
"""


def can(*command: str) -> bool:
    return shutil.which(command[0]) is not None and subprocess.run(command, capture_output=True, check=False).returncode == 0


NAMESPACES = can("unshare", "--user", "--mount", "--map-root-user", "mount", "-t", "tmpfs", "tmpfs", "/tmp")


def deployed(cloud: LocalCloud) -> LocalCloud:
    first = put(cloud, "first.zip", {"words.js": "module.exports = 'first'", "word": "first", "nodejs/node_modules/own/index.js":
                                     "module.exports = 'by path'", "python/own.py": "WORD = 'by path'"})
    second = put(cloud, "second.zip", {"words.js": "module.exports = 'second'", "word": "second"})
    more = {"Layers": [{"Ref": "First"}, {"Ref": "Second"}]}
    cloud.client("s3").put_object(Bucket=first["S3Bucket"], Key="provided.zip", Body=package(PYTHON))
    deploy(cloud, "opt", template({
        "Role": role(), "First": layer(first), "Second": layer(second),
        "Node": function({"ZipFile": NODE}, "nodejs22.x", "index.handler", FunctionName="node", **more),
        "Bare": function({"ZipFile": NODE}, "nodejs22.x", "index.handler", FunctionName="bare"),
        "Python": function({"ZipFile": PYTHON}, "python3.14", "index.handler", FunctionName="python", **more),
        "Provided": function({"S3Bucket": first["S3Bucket"], "S3Key": "provided.zip"}, "provided.al2023", "x.y",
                             FunctionName="provided", **more)}))
    return cloud


@pytest.fixture(scope="module")
def opt(cloud) -> LocalCloud:
    if not NAMESPACES or not Path("/opt").is_dir():
        pytest.skip("this machine gives no namespaces, or has no /opt")
    return deployed(cloud)


@pytest.fixture(scope="module")
def without(module_path, module_processes) -> LocalCloud:
    """A local cloud that may make no namespace."""
    if not can("unshare", "--user", "--map-root-user", "true"):
        pytest.skip("there is nothing to forbid: this machine gives no namespaces")
    program = module_path / "without-namespaces"
    program.write_text(WITHOUT_NAMESPACES % PROGRAM)
    program.chmod(0o755)
    home = module_path / "without-home"
    home.mkdir()
    return deployed(LocalCloud(home, program=program))


def answered(cloud: LocalCloud, name: str, event: dict) -> object:
    answer = cloud.invoke(name, event)
    assert answer.error is None, answer
    return answer.json


@pytest.mark.parametrize("name", LAYERED)
def test_a_function_has_its_layers_in_opt_and_cannot_write_them(opt, name):
    if name == "provided" and sys.executable.startswith("/tmp/"):
        pytest.skip("its bootstrap runs on this Python, which is in /tmp: such a function gets neither a /tmp nor an /opt")
    assert answered(opt, name, {"read": "/opt/word"}) == "second"
    assert answered(opt, name, {"write": "/opt/word", "read": "/opt/word"}) == "EROFS"
    assert answered(opt, name, {"write": "/opt/more", "read": "/opt/word"}) == "EROFS"
    assert not Path("/opt/word").exists()


def test_modules_are_loaded_from_opt_and_by_name(opt):
    assert answered(opt, "node", {"require": "/opt/words.js"}) == "second"
    assert answered(opt, "node", {"require": "own"}) == "by path"
    assert answered(opt, "python", {"import": "own"}) == "by path"


def test_a_function_without_layers_has_none_in_opt(opt):
    assert answered(opt, "bare", {"read": "/opt/word"}) == "ENOENT"


@pytest.mark.parametrize("name", LAYERED)
def test_without_namespaces_layers_are_found_by_their_paths_alone(without, name):
    assert answered(without, name, {"read": "/opt/word"}) == "ENOENT"
    if name != "provided":
        assert answered(without, name, {"require": "own"} if name == "node" else {"import": "own"}) == "by path"

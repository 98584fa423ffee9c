"""The stub for arm64 carries a whole invocation, TLS included. Under qemu: on another machine's processor it is the same."""

import shutil

from harness import apps
from harness.certificates import Authority
from harness.local_cloud import LocalCloud
from harness.processes import command_line
from harness.stubs import frozen_stub, stub_processes

HANDLER = "export const handler = async (event) => ({ token: event.token, pid: process.pid, text: process.env.TEXT });"

MORE = """      Architectures: [arm64]
      Environment: { Variables: { TEXT: from the template } }
"""


def test_an_arm64_function_is_answered_over_tls(tmp_path, home, start):
    assert shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static"), "qemu is missing; run scripts/setup"
    authority = Authority(tmp_path, "ours")
    certificate, key = authority.issue("127.0.0.1")
    cloud = LocalCloud(home, "--tls", "--tls-certificate", certificate, "--tls-key", key, verify=str(authority.file))
    session = start(apps.plain(tmp_path, timeout=60, more=MORE, Plain=HANDLER), cloud)
    for token in ("cold", "warm"):
        answer = cloud.invoke(session.function("Plain"), {"token": token})
        assert answer.error is None, answer
        assert answer.json["token"] == token and answer.json["text"] == "from the template"
        assert answer.json["pid"] in session.workers()
        frozen_stub(cloud)  # an environment that has not asked for the next event yet would get company
    emulated = [pid for pid in stub_processes(cloud) if "qemu-aarch64" in command_line(pid)[0]]
    assert len(emulated) == 1

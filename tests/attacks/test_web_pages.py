"""A web page in the user's browser that tries the ports of this machine: by address (the request says Origin, or Fetch
Metadata), and by a name of its own that it has pointed to 127.0.0.1 (the request's Host is that name)."""

import socket
from pathlib import Path

import pytest
import requests

from harness import apps
from harness.processes import descendants
from harness.session import Session
from harness.stubs import stub_processes

HANDLER = "export const handler = async (event) => ({ token: event.token, pid: process.pid });"
EVIL = "evil.example"
# What makes a request one of a page; none of it can be left out or chosen by the page.
PAGES = {"posted across origins": {"Origin": f"http://{EVIL}", "Sec-Fetch-Site": "cross-site"},
         "loaded as an image": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
         "from a sandboxed frame": {"Origin": "null"},
         "by a name of its own": {"Host": EVIL},
         "by a name of its own and a port": {"Host": f"{EVIL}:80"}}


@pytest.fixture(scope="module")
def live(cloud, module_path, module_processes) -> Session:
    return Session(apps.plain(module_path, Plain=HANDLER), cloud, module_path / "home", "test", "--inspect")


@pytest.fixture(scope="module")
def worker(cloud, live) -> int:
    return cloud.invoke(live.function("Plain"), {"token": "first"}).json["pid"]


@pytest.fixture(autouse=True)
def the_function_goes_on(cloud, live, worker):
    yield
    answer = cloud.invoke(live.function("Plain"), {"token": "after"})
    assert answer.error is None and answer.json == {"token": "after", "pid": worker}, answer


def environment(pid: int) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in Path(f"/proc/{pid}/environ").read_text().split("\0") if "=" in pair)


@pytest.fixture(scope="module", params=["worker", "stub"])
def runtime_api(request, cloud, worker) -> str:
    """Where the Runtime API is that the worker has of us, or the stub of the local cloud."""
    pid = worker if request.param == "worker" else stub_processes(cloud)[0]
    return f"http://{environment(pid)['AWS_LAMBDA_RUNTIME_API']}"


@pytest.mark.parametrize("page", PAGES)
def test_a_runtime_api_gives_a_page_no_event_and_takes_nothing_from_it(runtime_api, page):
    for method, path in (("GET", "invocation/next"), ("POST", "init/error"), ("POST", "invocation/x/response")):
        answer = requests.request(method, f"{runtime_api}/2018-06-01/runtime/{path}", data="{}", headers=PAGES[page], timeout=30)
        assert answer.status_code == 403, (path, answer.text)
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("page", PAGES)
def test_the_local_cloud_obeys_no_page(cloud, page):
    for method, path, body in (("POST", "/_local/clock", '{"advanceMs":1}'), ("POST", "/_local/websockets/cut", ""),
                               ("GET", "/_local/health", "")):
        answer = requests.request(method, cloud.endpoint + path, data=body, headers=PAGES[page], timeout=30)
        assert answer.status_code == 403, (path, answer.text)
        assert "Access-Control-Allow-Origin" not in answer.headers
    for target in ("AWSSecurityTokenService", "DynamoDB_20120810.ListTables"):
        answer = requests.post(f"{cloud.endpoint}/", data="Action=GetCallerIdentity&Version=2011-06-15", timeout=30,
                               headers={"Content-Type": "application/x-www-form-urlencoded", "X-Amz-Target": target, **PAGES[page]})
        assert answer.status_code in (400, 403), answer.text
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_what_the_same_machine_asks_without_a_browser_is_answered(cloud):
    assert requests.get(f"{cloud.endpoint}/_local/health", timeout=30).json()["status"] == "ok"
    typed = requests.get(f"{cloud.endpoint}/_local/health", headers={"Sec-Fetch-Site": "none"}, timeout=30)
    assert typed.status_code == 200


def said(address: str, words: str, until: bytes | None = None) -> bytes:
    """All that is answered, or all up to this."""
    host, port = address.split(":")
    heard = b""
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(words.encode())
        try:
            while (until is None or until not in heard) and (piece := connection.recv(65536)):
                heard += piece
        except ConnectionResetError:
            pass
    return heard


@pytest.mark.parametrize("words", [
    "POST / HTTP/1.1\r\nHost: {address}\r\nContent-Length: 59\r\n\r\n"
    '{"seq":1,"type":"request","command":"initialize","args":{}}',
    "GET /json/list HTTP/1.1\r\nHost: {address}\r\nSec-Fetch-Site: cross-site\r\n\r\n",
    "GET /json/list HTTP/1.1\r\nHost: {address}\r\nOrigin: http://evil.example\r\n\r\n",
    "GET /x HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nOrigin: https://evil.example\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    "GET /" + "a" * 8000 + " HTTP/1.1\r\nHost: {address}\r\nOrigin: http://evil.example\r\n\r\n"])
def test_a_debuggers_port_drops_a_page(live, words):
    address = live.wait_for("debugger", function="Plain")["address"]
    assert said(address, words.replace("{address}", address)) == b""


def test_an_inspector_does_not_answer_to_a_foreign_name(live):
    address = live.wait_for("debugger", function="Plain")["address"]
    assert b"webSocketDebuggerUrl" not in said(address, f"GET /json/list HTTP/1.1\r\nHost: {EVIL}\r\nConnection: close\r\n\r\n")
    said(address, f"GET /json/list HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n", until=b"webSocketDebuggerUrl")


def listening(pid: int) -> set[str]:
    """The addresses, in the kernel's hexadecimal, at which the process listens."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(descriptor.readlink())
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes and (fields[3] == "0A" or table.startswith("udp")):
                found.add(fields[1].split(":")[0])
    return found


def test_everything_listens_on_loopback_alone(cloud, live):
    addresses = {pid: listening(pid) for pid in (cloud.pid, live.pid, *descendants(cloud.pid), *descendants(live.pid))}
    assert addresses[cloud.pid] and addresses[live.pid], "the test sees nobody listen"
    foreign = {pid: [one for one in found if one not in ("0100007F", "00000000000000000000000001000000")]
               for pid, found in addresses.items()}
    assert not any(foreign.values()), foreign

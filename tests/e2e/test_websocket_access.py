"""Who may open a WebSocket to the bridge: only who signs, and rightly."""

import json

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
import websockets.exceptions
import websockets.sync.client

from harness import apps

HANDLER = "export const handler = async () => process.pid;"


@pytest.fixture(scope="module")
def url(cloud, module_path, module_processes) -> str:
    from harness.session import Session
    Session(apps.plain(module_path, Plain=HANDLER), cloud, module_path / "home")
    return cloud.outputs("test-plain-debug-stack")["Url"]


def signed_headers(cloud, url, access_key=None, secret=None, region=None, service="execute-api") -> dict[str, str]:
    credentials = botocore.credentials.Credentials(access_key or cloud.ready["accessKeyId"],
                                                   secret or cloud.ready["secretAccessKey"])
    request = botocore.awsrequest.AWSRequest("GET", url.replace("ws", "http", 1))
    botocore.auth.SigV4Auth(credentials, service, region or cloud.region).add_auth(request)
    return dict(request.headers.items())


def connect(url, headers):
    return websockets.sync.client.connect(url, additional_headers=headers, open_timeout=30, proxy=None)


def assert_refused(url, headers):
    with pytest.raises(websockets.exceptions.InvalidStatus) as caught:
        connect(url, headers)
    assert caught.value.response.status_code == 403


def test_a_rightly_signed_connection_is_let_in(cloud, url):
    with connect(url, signed_headers(cloud, url)) as socket:
        socket.send(json.dumps({"action": "hello"}))
        answer = json.loads(socket.recv(timeout=30))
        assert answer["connectionId"] and int(answer["requestTimeEpoch"]) > 1_600_000_000_000


def test_an_unsigned_connection_is_refused(url):
    assert_refused(url, {})


@pytest.mark.parametrize("wrong", [{"secret": "a secret of somebody else's"}, {"access_key": "AKIAUNKNOWNUNKNOWN00"},
                                   {"region": "eu-west-1"}, {"service": "lambda"}])
def test_a_wrongly_signed_connection_is_refused(cloud, url, wrong):
    assert_refused(url, signed_headers(cloud, url, **wrong))


def test_a_signature_for_another_path_is_refused(cloud, url):
    assert_refused(url, signed_headers(cloud, url + "/other"))


def test_an_unsigned_post_to_a_connection_is_refused(cloud, url):
    import requests
    answer = requests.post(url.replace("ws", "http", 1) + "/@connections/abc=", data="text", timeout=30)
    assert answer.status_code == 403

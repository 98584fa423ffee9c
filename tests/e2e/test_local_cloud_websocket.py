"""The WebSocket API of the local cloud, judged by python-websockets, botocore's signatures and boto3's client of
@connections: the kind of API that the bridge uses, in a stack of the test's own."""

import contextlib
import json
import re
import socket

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
import requests
import websockets.exceptions
import websockets.sync.client

from harness.errors import aws_error
from harness.functions import role
from harness.processes import wait_until
from harness.signing import http_url, signed_headers, signed_query
from harness.stacks import deploy, template

SHOWN = ("ConnectRoute", "HelloRoute", "HelloRouteResponse", "HelloIntegrationResponse")
ACCOUNT = "123456789012"


def v2(kind: str, depends=(), **properties) -> dict:
    resource = {"Type": f"AWS::ApiGatewayV2::{kind}", "Properties": properties}
    return {**resource, "DependsOn": list(depends)} if depends else resource


def own(**properties) -> dict:
    return {"ApiId": {"Ref": "Api"}, **properties}


BRIDGE = {
    "Api": v2("Api", Name={"Ref": "AWS::StackName"}, ProtocolType="WEBSOCKET",
              RouteSelectionExpression="$request.body.action"),
    "ConnectRoute": v2("Route", **own(RouteKey="$connect", AuthorizationType="AWS_IAM")),
    "HelloIntegration": v2("Integration", **own(
        IntegrationType="MOCK", PassthroughBehavior="WHEN_NO_MATCH", TemplateSelectionExpression="\\$default",
        RequestTemplates={"$default": '{"statusCode":200}'})),
    "HelloIntegrationResponse": v2("IntegrationResponse", **own(
        IntegrationId={"Ref": "HelloIntegration"}, IntegrationResponseKey="/200/",
        TemplateSelectionExpression="\\$default", ResponseTemplates={
            "$default": '{"t":"hello","id":"$context.connectionId","at":"$context.requestTimeEpoch"}'})),
    "HelloRoute": v2("Route", **own(RouteKey="hello", AuthorizationType="NONE",
                                    RouteResponseSelectionExpression="$default",
                                    Target={"Fn::Sub": "integrations/${HelloIntegration}"})),
    "HelloRouteResponse": v2("RouteResponse", **own(RouteId={"Ref": "HelloRoute"}, RouteResponseKey="$default")),
    "Deployment": v2("Deployment", SHOWN, **own()),
    "Stage": v2("Stage", **own(StageName="live", DeploymentId={"Ref": "Deployment"})),
}
SAYS = {"Effect": "Allow", "Action": "execute-api:Invoke",
        "Resource": {"Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/live/*"}}
POSTS = {"Effect": "Allow", "Action": "execute-api:ManageConnections", "Resource": {
    "Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/live/POST/@connections/*"}}
ONE_ONLY = {**POSTS, "Resource": {
    "Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/live/POST/@connections/abc="}}


@pytest.fixture(scope="module")
def outputs(cloud) -> dict[str, str]:
    trust = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    names = ("Nobody", "Listener", "Poster", "PosterToOne")
    rights = ((), (SAYS,), (POSTS,), (ONE_ONLY,))
    roles = {name: role(*statements, managed=(), trust=trust) for name, statements in zip(names, rights)}
    return deploy(cloud, "bridge", template(
        {**BRIDGE, **roles},
        {"Url": {"Fn::Sub": "wss://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/live"}, "Api": {"Ref": "Api"},
         **{name: {"Fn::GetAtt": [name, "Arn"]} for name in names}}))


@pytest.fixture(scope="module")
def url(outputs) -> str:
    return outputs["Url"]


def connect(url: str, headers: dict | None = None, **more):
    return websockets.sync.client.connect(url, additional_headers=headers or {}, open_timeout=30, close_timeout=5,
                                          proxy=None, compression=None, ping_interval=None, **more)


@pytest.fixture
def open_socket(cloud, url):
    """Opens signed connections; all are closed with the test."""
    with contextlib.ExitStack() as opened:
        yield lambda: opened.enter_context(connect(url, signed_headers(cloud, url)))


def hello(one) -> dict:
    one.send(json.dumps({"action": "hello"}))
    return json.loads(one.recv(timeout=30))


def close_code(one) -> int:
    """Waits for the close; what came before it is dropped."""
    with pytest.raises(websockets.exceptions.ConnectionClosed) as caught:
        while True:
            one.recv(timeout=30)
    assert caught.value.rcvd is not None, "closed without a close frame"
    return caught.value.rcvd.code


def assert_refused(url: str, headers: dict | None = None, status: int = 403):
    with pytest.raises(websockets.exceptions.InvalidStatus) as caught:
        connect(url, headers)
    assert caught.value.response.status_code == status


def assumed(cloud, arn: str) -> dict:
    return cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="tester")["Credentials"]


# --- $connect

def test_the_output_is_an_address_that_answers_here(cloud, outputs, url):
    assert url == f"{cloud.endpoint.replace('http', 'ws', 1)}/_aws/execute-api/{outputs['Api']}/live"


def test_a_connection_signed_in_headers_learns_its_id_and_the_time(open_socket):
    answer = hello(open_socket())
    assert answer["t"] == "hello" and re.fullmatch(r"[A-Za-z0-9_-]{15,}=*", answer["id"])
    assert int(answer["at"]) > 1_700_000_000_000


def test_a_connection_signed_in_the_query_is_let_in(cloud, url):
    with connect(signed_query(cloud, url)) as one:
        assert hello(one)["t"] == "hello"


def test_the_host_form_answers_too(cloud, outputs):
    port = cloud.endpoint.rsplit(":", 1)[1]
    url = f"ws://{outputs['Api']}.execute-api.localhost:{port}/live"
    with connect(url, signed_headers(cloud, url), sock=socket.create_connection(("127.0.0.1", int(port)))) as one:
        assert hello(one)["t"] == "hello"


def test_a_connection_that_is_not_signed_is_refused(cloud, url):
    assert_refused(url)
    assert_refused(url, signed_headers(cloud, url, service="lambda"))
    wrong = {"AccessKeyId": cloud.ready["accessKeyId"], "SecretAccessKey": "wrong"}
    assert_refused(url, signed_headers(cloud, url, credentials=wrong))
    assert_refused(signed_query(cloud, url, credentials=wrong))
    assert_refused(signed_query(cloud, url).replace("X-Amz-Expires=300", "X-Amz-Expires=3000"))
    assert_refused(url + "/more", signed_headers(cloud, url))


def test_a_role_needs_invoke_on_the_api_to_connect(cloud, outputs, url):
    nobody, listener = (assumed(cloud, outputs[name]) for name in ("Nobody", "Listener"))
    assert_refused(url, signed_headers(cloud, url, credentials=nobody))
    with connect(url, signed_headers(cloud, url, credentials=listener)) as one:
        assert hello(one)["t"] == "hello"
    with connect(signed_query(cloud, url, credentials=listener)) as one:
        assert hello(one)["t"] == "hello"


def test_a_stage_or_an_api_that_is_not_there_is_refused(cloud, url):
    for other in (url.replace("/live", "/dead"), re.sub(r"execute-api/\w+", "execute-api/none", url)):
        assert_refused(other, signed_headers(cloud, other))


# --- Messages

@pytest.mark.parametrize("text", ['{"action":"unknown"}', '{"no":"action"}', "no JSON at all", "[]"])
def test_a_message_without_a_route_is_forbidden_with_the_connections_id(open_socket, text):
    one = open_socket()
    own_id = hello(one)["id"]
    one.send(text)
    answer = json.loads(one.recv(timeout=30))
    assert set(answer) == {"message", "connectionId", "requestId"}
    assert answer["message"] == "Forbidden" and answer["connectionId"] == own_id
    assert hello(one)["id"] == own_id  # goes on


def test_a_binary_frame_closes_with_1003(open_socket):
    one = open_socket()
    one.send(b"bytes")
    assert close_code(one) == 1003


def hello_of(size: int) -> str:
    """A hello message of exactly this many bytes."""
    text = json.dumps({"action": "hello", "pad": ""})
    return text[:-2] + "x" * (size - len(text)) + text[-2:]


def test_a_frame_of_32_kilobytes_is_taken_and_a_longer_one_closes_with_1009(open_socket):
    one = open_socket()
    one.send(hello_of(32 * 1024))
    assert json.loads(one.recv(timeout=30))["t"] == "hello"
    one.send(hello_of(32 * 1024 + 1))
    assert close_code(one) == 1009


def fragments(text: str, size: int = 25_000) -> list[str]:
    return [text[at:at + size] for at in range(0, len(text), size)]


def test_a_message_of_many_frames_is_taken_up_to_128_kilobytes(open_socket):
    one = open_socket()
    for size in (100 * 1024, 128 * 1024):
        one.send(fragments(hello_of(size)))
        assert json.loads(one.recv(timeout=30))["t"] == "hello"
    with contextlib.suppress(websockets.exceptions.ConnectionClosed):  # closed before the last frame was sent
        one.send(fragments(hello_of(128 * 1024 + 1)))
    assert close_code(one) == 1009


def test_pings_are_answered(open_socket):
    one = open_socket()
    assert one.ping(b"there?").wait(30)


# --- @connections

@pytest.fixture(scope="module")
def management(cloud, url):
    return cloud.client("apigatewaymanagementapi", endpoint=http_url(url))


def test_a_post_arrives_as_one_message(management, open_socket):
    one = open_socket()
    own_id = hello(one)["id"]
    for text in ("short", "ä" * 16, "x" * 131_072):
        management.post_to_connection(ConnectionId=own_id, Data=text.encode())
        assert one.recv(timeout=30) == text


def test_a_connection_tells_about_itself(management, open_socket):
    one = open_socket()
    answer = management.get_connection(ConnectionId=hello(one)["id"])
    assert answer["ConnectedAt"] <= answer["LastActiveAt"]
    assert answer["Identity"]["SourceIp"] == "127.0.0.1" and "websockets" in answer["Identity"]["UserAgent"]


def test_a_deleted_connection_is_closed_and_gone(management, open_socket):
    one = open_socket()
    own_id = hello(one)["id"]
    answer = management.delete_connection(ConnectionId=own_id)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    close_code(one)
    for call in (management.get_connection, management.delete_connection):
        with aws_error("GoneException", 410):
            call(ConnectionId=own_id)
    with pytest.raises(management.exceptions.GoneException):
        management.post_to_connection(ConnectionId=own_id, Data=b"x")


def test_a_connection_that_closed_itself_is_gone(management, open_socket):
    one = open_socket()
    own_id = hello(one)["id"]
    one.close()

    def gone():
        try:
            management.get_connection(ConnectionId=own_id)
        except management.exceptions.GoneException:
            return True
        return False

    wait_until(gone, "the connection is gone")


def test_a_post_over_128_kilobytes_is_too_large(management, open_socket):
    own_id = hello(open_socket())["id"]
    with pytest.raises(management.exceptions.PayloadTooLargeException) as caught:
        management.post_to_connection(ConnectionId=own_id, Data=b"x" * 131_073)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413


def test_an_id_of_another_form_is_a_bad_request(management):
    with aws_error("BadRequestException", 400):
        management.post_to_connection(ConnectionId="not an id", Data=b"x")


def test_both_spellings_of_the_path_are_signed_as_sent(cloud, url, open_socket):
    one = open_socket()
    own_id = hello(one)["id"]
    for path in (f"/@connections/{own_id}", "/%40connections/" + own_id.replace("=", "%3D")):
        target = http_url(url) + path
        # As AWS does it: each segment of the path on the wire is encoded once more.
        headers = signed_headers(cloud, target, "POST", b"by hand")
        request = requests.Request("POST", target, data=b"by hand", headers=headers).prepare()
        request.url = target
        with requests.Session() as session:
            answer = session.send(request, timeout=30)
        assert answer.status_code == 200, answer.text
        assert one.recv(timeout=30) == "by hand"


def test_an_unsigned_payload_is_refused(cloud, url, open_socket):
    target = http_url(url) + "/@connections/" + hello(open_socket())["id"]
    request = botocore.awsrequest.AWSRequest("POST", target, data=b"x",
                                             headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})
    botocore.auth.SigV4Auth(botocore.credentials.Credentials(
        cloud.ready["accessKeyId"], cloud.ready["secretAccessKey"]), "execute-api", cloud.region).add_auth(request)
    answer = requests.post(target, data=b"x", headers=dict(request.headers.items()), timeout=30)
    assert answer.status_code == 403


def test_posting_needs_manage_connections_on_all_of_them(cloud, outputs, url, open_socket):
    one = open_socket()
    own_id = hello(one)["id"]

    def post_as(name: str) -> requests.Response:
        target = f"{http_url(url)}/@connections/{own_id}"
        headers = signed_headers(cloud, target, "POST", b"x", credentials=assumed(cloud, outputs[name]))
        return requests.post(target, data=b"x", headers=headers, timeout=30)

    assert post_as("Poster").status_code == 200
    assert one.recv(timeout=30) == "x"
    for name in ("Nobody", "Listener", "PosterToOne"):
        assert post_as(name).status_code == 403


# --- Time, on the turned clock

MINUTE = 60_000


def test_ten_minutes_without_a_message_close_the_connection(cloud, management, open_socket):
    one, spoken_to = open_socket(), open_socket()
    hello(one)
    id_of_other = hello(spoken_to)["id"]
    cloud.advance(9 * MINUTE)
    hello(one)  # a message either way begins the ten minutes anew
    management.post_to_connection(ConnectionId=id_of_other, Data=b"still there?")
    assert spoken_to.recv(timeout=30) == "still there?"
    cloud.advance(9 * MINUTE)
    assert hello(one)["t"] == "hello" and hello(spoken_to)["t"] == "hello"
    cloud.advance(10 * MINUTE)
    assert close_code(one) == 1001 and close_code(spoken_to) == 1001
    with aws_error("GoneException", 410):
        management.get_connection(ConnectionId=id_of_other)


def test_two_hours_close_the_connection_whatever_it_says(cloud, open_socket):
    one = open_socket()
    hello(one)
    for _ in range(13):
        cloud.advance(9 * MINUTE)
        hello(one)
    cloud.advance(3 * MINUTE)
    assert close_code(one) == 1001


# --- A network that breaks

def test_cut_connections_end_without_a_close_frame(cloud, open_socket):
    one = open_socket()
    hello(one)
    assert cloud.cut_websockets()["cut"] >= 1
    with pytest.raises(websockets.exceptions.ConnectionClosed) as caught:
        one.recv(timeout=30)
    assert caught.value.rcvd is None

"""The services that issue keys, as far as a client can tell: STS, SSO and its OIDC, EC2's instance metadata and a container's
credentials endpoint, all on one address. Keys are made of what the client sent, so that two clients which ask the same get the same.
GetCallerIdentity is refused: a session that gets there has found its keys, and ends."""

import base64
import hashlib
import json
import re
import ssl
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/")
# What changes from call to call, and is no part of whose keys these are.
_PASSING = {"RoleSessionName", "Version"}


def made_key(*parts: str) -> str:
    return "ASIA" + base64.b32encode(hashlib.sha256("\n".join(parts).encode()).digest()).decode()[:16]


def iso(seconds: float) -> str:
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Call:
    method: str
    url: str  # as it stood in the request line
    headers: dict[str, str]
    body: str
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        found = CREDENTIAL.search(self.headers.get("authorization", ""))
        return found.group(1) if found else ""

    @property
    def region(self) -> str:
        found = CREDENTIAL.search(self.headers.get("authorization", ""))
        return found.group(2) if found else ""


class FakeAws:
    """Serves until closed. `life` is that of the keys it issues, in seconds; `skew` what its clock is ahead."""

    def __init__(self, certificate: tuple | None = None):
        self.calls: list[Call] = []
        self.life = 3600.0
        self.skew = 0.0
        self.answers: list[tuple[int, str]] = []  # of the next GetCallerIdentity calls, instead of the refusal
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def date_time_string(self, timestamp=None):
                return super().date_time_string(time.time() + outer.skew)

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                call = Call(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                call.parameters = dict(urllib.parse.parse_qsl(body))
                outer.calls.append(call)
                status, text = outer.respond(call)
                self.send_response(status)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST = do_PUT = answer

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def of_action(self, action: str) -> list[Call]:
        return [call for call in self.calls if call.parameters.get("Action") == action]

    # --- What each service answers

    def respond(self, call: Call) -> tuple[int, str]:
        path = urllib.parse.urlsplit(call.url).path
        if "Action" in call.parameters:
            return self._sts(call)
        if path.startswith("/federation/credentials"):
            return self._sso(call)
        if path == "/token":
            return self._oidc(call)
        if path.startswith("/latest/"):
            return self._instance(call, path)
        if path == "/container":
            return 200, self._keys(made_key("container", call.headers.get("authorization", "")))
        return 404, "{}"

    def _keys(self, key: str) -> str:
        return json.dumps({"Code": "Success", "AccessKeyId": key, "SecretAccessKey": "secret", "Token": "token",
                           "Expiration": iso(self.life)})

    def _sts(self, call: Call) -> tuple[int, str]:
        action = call.parameters["Action"]
        if action == "GetCallerIdentity":
            return self.answers.pop(0) if self.answers else (403, error_xml("AccessDenied", "this is as far as it goes"))
        if call.parameters.get("TokenCode") == "000000":
            return 403, error_xml("AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code.")
        lasting = sorted(f"{name}={value}" for name, value in call.parameters.items() if name not in _PASSING)
        key = made_key(call.key, *lasting)
        return 200, (f"<{action}Response xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><{action}Result><Credentials>"
                     f"<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>"
                     f"<Expiration>{iso(self.life)}</Expiration></Credentials></{action}Result></{action}Response>")

    def _sso(self, call: Call) -> tuple[int, str]:
        token = call.headers.get("x-amz-sso_bearer_token", "")
        if token.startswith("refused"):
            return 401, json.dumps({"__type": "UnauthorizedException", "message": "Session token not found or invalid"})
        query = urllib.parse.urlsplit(call.url).query
        key = made_key(token, *sorted(query.split("&")))
        return 200, json.dumps({"roleCredentials": {"accessKeyId": key, "secretAccessKey": "secret", "sessionToken": "token",
                                                    "expiration": int((time.time() + self.life) * 1000)}})

    def _oidc(self, call: Call) -> tuple[int, str]:
        asked = json.loads(call.body)
        assert asked["grantType"] == "refresh_token", asked
        if asked["refreshToken"].startswith("refused"):
            return 400, json.dumps({"error": "invalid_grant"})
        return 200, json.dumps({"accessToken": "renewed-" + asked["clientId"], "expiresIn": 28800, "tokenType": "Bearer",
                                "refreshToken": "next"})

    def _instance(self, call: Call, path: str) -> tuple[int, str]:
        if path == "/latest/api/token":
            return (200, "imds-token") if call.method == "PUT" else (405, "")
        if call.headers.get("x-aws-ec2-metadata-token") != "imds-token":
            return 401, ""
        return {"/latest/meta-data/iam/security-credentials/": (200, "instance-role"),
                "/latest/meta-data/iam/security-credentials/instance-role": (200, self._keys(made_key("instance"))),
                "/latest/meta-data/placement/region": (200, "eu-south-1"),
                "/latest/meta-data/placement/availability-zone/": (200, "eu-south-1a")}.get(path, (404, ""))


def error_xml(code: str, message: str) -> str:
    return f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"


IDENTITY = (200, "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/tom</Arn>"
                 "<UserId>U</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>")

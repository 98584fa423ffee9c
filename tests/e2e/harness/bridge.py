"""The bridge's frames, written anew from their description (src/bridge/frame.h, sealing.h): what an attacker could build."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .local_cloud import LocalCloud

CLEAR = 29  # version(1) key id(4) environment id(16) counter(8)


def derive(key: bytes, environment: bytes, sender: str) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=environment, info=f"livelambda 1 {sender}".encode()).derive(key)


def nonce_of(counter: int) -> bytes:
    return counter.to_bytes(12, "big")


@dataclass
class Frame:
    environment: bytes
    counter: int
    plain: bytes

    @property
    def header(self) -> dict:
        size = int.from_bytes(self.plain[:2], "big")
        return json.loads(self.plain[2:2 + size])


def seal(key: bytes, session: str, environment: bytes, counter: int, plain: bytes, sender: str = "stub") -> str:
    clear = b"\x01" + bytes.fromhex(session)[:4] + environment + counter.to_bytes(8, "big")
    sealed = AESGCM(derive(key, environment, sender)).encrypt(nonce_of(counter), plain, clear)
    return base64.b64encode(clear + sealed).decode()


def open_frame(key: bytes, text: str, sender: str) -> Frame:
    frame = base64.b64decode(text)
    clear, environment = frame[:CLEAR], frame[5:21]
    counter = int.from_bytes(clear[21:], "big")
    plain = AESGCM(derive(key, environment, sender)).decrypt(nonce_of(counter), frame[CLEAR:], clear)
    return Frame(environment, counter, plain)


def with_header(header: dict, chunk: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(2, "big") + text + chunk


def registration(cloud: LocalCloud, debug_stack: str) -> dict[str, str]:
    """The item that names the session, as the account's root reads it."""
    item = cloud.client("dynamodb").get_item(TableName=cloud.outputs(debug_stack)["Table"],
                                             Key={"pk": {"S": "session"}}, ConsistentRead=True)["Item"]
    return {name: next(iter(value.values())) for name, value in item.items()}


class Eavesdropper:
    """Who may do everything in the account: reads the registration, posts to any connection, has the recording."""

    def __init__(self, cloud: LocalCloud, debug_stack: str, recording: Path):
        self.cloud = cloud
        self.recording = recording
        self.debug_stack = debug_stack
        self.outputs = cloud.outputs(debug_stack)
        self.posted: set[str] = set()

    def registration(self) -> dict[str, str]:
        return registration(self.cloud, self.debug_stack)

    @property
    def endpoint(self) -> str:
        return self.outputs["Url"].replace("ws", "http", 1)

    def post(self, connection: str, text: str):
        self.posted.add(text)
        client = self.cloud.client("apigatewaymanagementapi", endpoint=self.endpoint)
        client.post_to_connection(ConnectionId=connection, Data=text.encode())

    def recorded(self) -> list[dict]:
        return [json.loads(line) for line in self.recording.read_text().splitlines()]

    def frames_to(self, connection: str) -> list[str]:
        """What others posted to it."""
        return [data for to, data in self._frames() if to == connection]

    def frames_elsewhere(self, connection: str) -> list[str]:
        """What others posted to other connections: by the session, to stubs."""
        return [data for to, data in self._frames() if to != connection]

    def _frames(self) -> list[tuple[str, str]]:
        return [(one["connectionId"], one["data"]) for one in self.recorded()
                if one["direction"] == "post" and not one["data"].startswith("{") and one["data"] not in self.posted]

"""Clients of debuggers, as editors are: the Chrome DevTools protocol over a WebSocket, the debug adapter protocol over TCP."""

import contextlib
import itertools
import json
import socket
import subprocess
import threading
import time

import requests
from websockets.sync.client import connect

from .processes import PATIENCE, wait_until


class _Client:
    """Sends requests, collects what comes, and waits for it. A subclass has `_send` and `_receive`."""

    def __init__(self):
        self.ids = itertools.count(1)
        self.messages: list[dict] = []
        self.closed = False
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        try:
            while (message := self._receive()) is not None:
                with self._changed:
                    self.messages.append(message)
                    self._changed.notify_all()
        except Exception:  # the connection is gone, however that shows
            pass
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def wait_message(self, matches, what: str, after: int = 0) -> dict:
        deadline = time.monotonic() + PATIENCE
        with self._changed:
            while True:
                for message in self.messages[after:]:
                    if matches(message):
                        return message
                if self.closed or not self._changed.wait(deadline - time.monotonic()):
                    raise AssertionError(f"no {what}{' before the end' if self.closed else ''}; there was {self.messages[after:]}")

    def wait_closed(self):
        wait_until(lambda: self.closed, "the debugger closes the connection")

    def mark(self) -> int:
        with self._changed:
            return len(self.messages)


class Inspector(_Client):
    """A client of Node's inspector, found as DevTools and editors find it: over HTTP, at a stable address."""

    def __init__(self, address: str):
        def target():
            try:
                return requests.get(f"http://{address}/json/list", timeout=5).json()[0]
            except requests.RequestException:
                return None
        self.target = wait_until(target, f"an inspector at {address}")
        self._open = contextlib.ExitStack()
        self._socket = self._open.enter_context(connect(self.target["webSocketDebuggerUrl"], max_size=None))
        super().__init__()

    def _receive(self):
        return json.loads(self._socket.recv())

    def send(self, method: str, **params) -> int:
        number = next(self.ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        return number

    def call(self, method: str, **params) -> dict:
        number = self.send(method, **params)
        answer = self.wait_message(lambda one: one.get("id") == number, f"answer to {method}")
        assert "error" not in answer, (method, answer)
        return answer["result"]

    def wait_event(self, method: str, after: int = 0, matches=lambda params: True) -> dict:
        return self.wait_message(lambda one: one.get("method") == method and matches(one["params"]), method, after)["params"]

    def begin(self):
        self.call("Runtime.enable")
        self.call("Debugger.enable")

    def go(self):
        self.call("Runtime.runIfWaitingForDebugger")

    def close(self):
        self._open.close()


class Adapter(_Client):
    """A client of a debug adapter: one that listens (debugpy, Delve), or a program of its own (lldb-dap)."""

    def __init__(self, address: str = "", command: list[str] | None = None):
        if command:
            self._program = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            self._file, self._write, self.close = self._program.stdout, self._write_to_program, self._end_program
        else:
            host, _, port = address.rpartition(":")
            self._socket = socket.create_connection((host, int(port)))
            self._file, self._write = self._socket.makefile("rb"), self._socket.sendall
        super().__init__()

    def _write_to_program(self, data: bytes):
        self._program.stdin.write(data)
        self._program.stdin.flush()

    def _end_program(self):
        self._program.kill()
        self._program.wait()

    def _receive(self):
        size = 0
        while (line := self._file.readline().strip()) or not size:
            if not line and not size:
                return None
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                size = int(value)
        return json.loads(self._file.read(size))

    def send(self, command: str, **arguments) -> int:
        number = next(self.ids)
        body = json.dumps({"seq": number, "type": "request", "command": command, "arguments": arguments}).encode()
        self._write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        return number

    def answer(self, number: int) -> dict:
        answer = self.wait_message(lambda one: one["type"] == "response" and one["request_seq"] == number, f"answer to {number}")
        assert answer["success"], answer
        return answer.get("body") or {}

    def call(self, command: str, **arguments) -> dict:
        return self.answer(self.send(command, **arguments))

    def wait_event(self, event: str, after: int = 0) -> dict:
        return self.wait_message(lambda one: one["type"] == "event" and one["event"] == event, event, after).get("body") or {}

    def attach(self, breakpoints: dict, **arguments):
        """The whole of the beginning, as editors do it: the program goes on after it."""
        self.call("initialize", clientID="test", adapterID="test", linesStartAt1=True, columnsStartAt1=True, pathFormat="path")
        attaching = self.send("attach", **arguments)
        begun = self.wait_message(lambda one: one.get("event") == "initialized" or one.get("request_seq") == attaching and not one["success"],
                                  "initialized")
        assert begun["type"] == "event", begun
        for file, lines in breakpoints.items():
            told = self.call("setBreakpoints", source={"path": str(file)}, breakpoints=[{"line": line} for line in lines])
            assert all(one["verified"] for one in told["breakpoints"]), told
        self.call("configurationDone")
        self.answer(attaching)

    def stopped(self, after: int = 0) -> dict:
        """The frame on top of the thread that stopped."""
        self.thread = self.wait_event("stopped", after)["threadId"]
        return self.call("stackTrace", threadId=self.thread, startFrame=0, levels=1)["stackFrames"][0]

    def evaluate(self, frame: dict, expression: str) -> str:
        return self.call("evaluate", expression=expression, frameId=frame["id"], context="watch")["result"]

    def go_on(self):
        self.call("continue", threadId=self.thread)

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class Jdb:
    """Java's own debugger, told what a developer would type."""

    def __init__(self, address: str):
        self._program = subprocess.Popen(["jdb", "-attach", address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.text = ""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while data := self._program.stdout.read1():
            self.text += data.decode(errors="replace")

    def type(self, command: str, answer: str):
        """Waits until what it prints from now on has this in it."""
        begin = len(self.text)
        self._program.stdin.write(command.encode() + b"\n")
        self._program.stdin.flush()
        self.expect(answer, begin)

    def expect(self, words: str, begin: int = 0):
        wait_until(lambda: words in self.text[begin:], f"jdb prints {words!r}; it printed {self.text!r}")

    def close(self):
        self._program.kill()
        self._program.wait()


# --- Source maps (ECMA-426)

_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def _numbers(segment: str) -> list[int]:
    """Base64 VLQ."""
    numbers, value, shift = [], 0, 0
    for digit in map(_DIGITS.index, segment):
        value |= (digit & 31) << shift
        shift += 5
        if not digit & 32:
            numbers.append(-(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    return numbers


def generated_position(source_map: dict, source: str, line: int) -> tuple[int, int]:
    """Where line `line` (from 1) of the source that ends with this name begins in the generated file: line and column from 0."""
    [wanted] = [index for index, name in enumerate(source_map["sources"]) if name.endswith(source)]
    at_source = at_line = 0
    for generated_line, segments in enumerate(source_map["mappings"].split(";")):
        column = 0
        for segment in filter(None, segments.split(",")):
            fields = _numbers(segment)
            column += fields[0]
            if len(fields) > 1:
                at_source += fields[1]
                at_line += fields[2]
                if (at_source, at_line) == (wanted, line - 1):
                    return generated_line, column
    raise AssertionError(f"line {line} of {source} is not in the source map")

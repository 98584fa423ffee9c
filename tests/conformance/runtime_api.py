"""A Runtime API that hands out events and keeps what a runtime posts, byte for byte. It knows nothing of Lambda beyond that."""

import http.client
import http.server
import subprocess
import tempfile
import threading
from dataclasses import dataclass, field

http.client._MAXLINE = 2 * 1024 * 1024  # of the server's headers too: X-Ray's cause has up to a megabyte

HEADERS = {"Lambda-Runtime-Deadline-Ms": "4102444800000", "Content-Type": "application/json",
           "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-west-1:123456789012:function:f:live"}


@dataclass
class Event:
    body: bytes
    headers: dict = field(default_factory=dict)


@dataclass
class Posted:
    path: str
    headers: dict
    body: bytes


class RuntimeApi:
    """Serves `events` to the one runtime that run() starts. When the last was answered, it ends the runtime."""

    def __init__(self, events: list[Event]):
        self.posted: list[Posted] = []
        self.output = ""
        self.status: int | None = None
        self._events = list(events)
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                api._next(self)

            def do_POST(self):
                body = self._chunks() if "chunked" in self.headers.get("Transfer-Encoding", "") else self.rfile.read(
                    int(self.headers.get("Content-Length", 0)))
                api.posted.append(Posted(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def _chunks(self):
                """The body; its trailers become headers."""
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                while line := self.rfile.readline().strip():
                    name, value = line.decode().split(": ", 1)
                    self.headers[name] = value
                return body

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.count = 0

    def _next(self, request):
        if self.count == len(self._events):
            self._process.kill()
            return
        event = self._events[self.count]
        self.count += 1
        request.send_response(200)
        for name, value in {"Lambda-Runtime-Aws-Request-Id": f"request-{self.count}", **HEADERS, **event.headers}.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(event.body)))
        request.end_headers()
        request.wfile.write(event.body)

    def run(self, command: list, environment: dict, folder) -> "RuntimeApi":
        serving = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        serving.start()
        try:
            address = f"127.0.0.1:{self._server.server_port}"
            # Into a file, which Node.js writes at once: what waits for room in a pipe would be lost with the process.
            with tempfile.TemporaryFile() as output:
                self._process = subprocess.Popen(command, cwd=folder, env={**environment, "AWS_LAMBDA_RUNTIME_API": address},
                                                 stdin=subprocess.DEVNULL, stdout=output, stderr=output)
                self.status = self._process.wait(timeout=60)
                output.seek(0)
                self.output = output.read().decode()
        finally:
            self._server.shutdown()
            self._server.server_close()
        return self

"""The HTTP that the Runtime API takes: one connection, one request after the other. The standard library's http.client would do,
but would take most of the time in which this loader starts; socket, on top of _socket, a fifth."""

import _socket


class Connection:
    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self._address = host, int(port)
        self._socket = None

    def request(self, method, path, body=None, headers=None):
        """(status, headers, body); names of headers as "Content-Type" is written. Values are text or bytes."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._address[0]}:{self._address[1]}"]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        head = [line.encode("iso-8859-1") for line in lines]
        for name, value in (headers or {}).items():
            value = value if isinstance(value, bytes) else value.encode("iso-8859-1")
            if b"\n" in value or b"\r" in value:
                raise ValueError(f"Invalid header value {value!r}")
            head.append(name.encode() + b": " + value)
        self._connect()
        self._socket.sendall(b"\r\n".join(head) + b"\r\n\r\n")
        if body:
            self._socket.sendall(body)
        return self._read()

    def _connect(self):
        if self._socket is None:
            self._socket = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
            self._socket.settimeout(None)  # whatever the function has set for its own
            self._socket.connect(self._address)
            self._socket.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
            self._received = bytearray()

    def _read(self):
        status = int(self._line().split(" ", 2)[1])
        headers = {}
        while line := self._line():
            name, _, value = line.partition(":")
            headers[name.title()] = value.strip()
        if headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = b"".join(self._chunks())
        else:
            body = self._bytes(int(headers.get("Content-Length", 0)))
        if headers.get("Connection", "").lower() == "close":
            self._socket.close()
            self._socket = None
        return status, headers, body

    def _chunks(self):
        while size := int(self._line().split(";")[0], 16):
            yield self._bytes(size)
            self._line()
        while self._line():  # trailers
            pass

    def _line(self):
        while (end := self._received.find(b"\n")) < 0:
            self._receive()
        line = self._received[:end]
        del self._received[:end + 1]
        return line.rstrip(b"\r").decode("iso-8859-1")

    def _bytes(self, size):
        while len(self._received) < size:
            self._receive()
        body = bytes(self._received[:size])
        del self._received[:size]
        return body

    def _receive(self):
        piece = self._socket.recv(1 << 18)
        if not piece:
            raise ConnectionError("the Runtime API closed the connection")
        self._received += piece

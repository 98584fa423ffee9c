"""A stand-in for the registries of npm and PyPI, on loopback: it has the packages that a test made, and nothing else."""

import base64
import hashlib
import io
import json
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Registry:
    """Ends with close(). `requests` has the paths that were asked for."""

    def __init__(self):
        self.requests: list[str] = []
        self._answers: dict[str, tuple[str, bytes]] = {}
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                path = self.path.replace("%2f", "/").replace("%2F", "/")
                registry.requests.append(path)
                kind, body = registry._answers.get(path, ("", b""))
                self.send_response(200 if kind else 404)
                self.send_header("Content-Type", kind or "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def environment(self) -> dict[str, str]:
        """For npm and pip, which shall not try for long."""
        return {"npm_config_registry": self.url, "npm_config_fetch_retries": "0", "PIP_INDEX_URL": f"{self.url}/simple", "PIP_RETRIES": "0"}

    def npm(self, name: str, version: str, source: str):
        """A package with this index.js."""
        files = {"package/package.json": json.dumps({"name": name, "version": version, "main": "index.js"}), "package/index.js": source}
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz") as tar:
            for path, text in files.items():
                entry = tarfile.TarInfo(path)
                entry.size, entry.mode = len(text.encode()), 0o644
                tar.addfile(entry, io.BytesIO(text.encode()))
        body = archive.getvalue()
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(body).digest()).decode()
        file = f"/{name}/-/{version}.tgz"
        about = {"name": name, "dist-tags": {"latest": version}, "versions": {version: {
            "name": name, "version": version, "main": "index.js", "dist": {"tarball": self.url + file, "integrity": integrity}}}}
        self._answers[file] = ("application/octet-stream", body)
        self._answers[f"/{name}"] = ("application/json", json.dumps(about).encode())

    def pypi(self, name: str, version: str, source: str):
        """A package with this __init__.py."""
        wheel = f"{name}-{version}-py3-none-any.whl"
        info = f"{name}-{version}.dist-info"
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as files:
            files.writestr(f"{name}/__init__.py", source)
            files.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
            files.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            files.writestr(f"{info}/RECORD", f"{name}/__init__.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
        self._answers[f"/files/{wheel}"] = ("application/octet-stream", archive.getvalue())
        self._answers[f"/simple/{name}/"] = ("text/html", f'<a href="{self.url}/files/{wheel}">{wheel}</a>'.encode())

    def close(self):
        self._server.shutdown()
        self._server.server_close()

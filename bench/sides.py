"""The sides that are compared. Each is a context manager that is ready when entered; `request(function, body)` is what the caller sends
to `address`. The app has the same functions for every side; SST has the Node.js one alone."""

import json
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path

from programs import BUILT, ROOT, LocalCloud, Program, clean_environment, descendants, http_request, named

sys.path.insert(0, str(ROOT / "bench/sst"))

NODE = "export const handler = async (event) => event;\n"
STREAM = """export const handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.write("first");
  setTimeout(() => stream.end("last"), 20);
});
"""
COUNTED = """import { appendFileSync } from "node:fs";
// The number of the request, kept as often as it runs; and a body as long as was asked for.
export const handler = async (event) => {
  const { n, size } = event.queryStringParameters;
  appendFileSync(process.env.RUNS, n + "\\n");
  return { statusCode: 200, body: n + "x".repeat(Number(size ?? 0)) };
};
"""


def runs_file(app: Path) -> Path:
    """Beside the app: what is written in it would be a save."""
    return app.parent / "runs"


def write_app(folder: Path, cold: int = 0) -> Path:
    """Echo (Node.js), Native (echo.cc), Stream with a function URL, Counted with one, and `cold` copies of Echo that nobody warms."""
    def function(handler: str, runtime: str = "nodejs22.x", code: str = "node", **more) -> dict:
        return {"Type": "AWS::Serverless::Function", "Properties": {
            "CodeUri": code, "Handler": handler, "Runtime": runtime, "Timeout": 120, "MemorySize": 1024, **more}}

    for name, files in {"node": {"index.mjs": NODE, "stream.mjs": STREAM, "counted.mjs": COUNTED}, "native": {}}.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for file, text in files.items():
            (folder / name / file).write_text(text)
    shutil.copy(BUILT / "echo", folder / "native/bootstrap")
    resources = {
        "Echo": function("index.handler"), "Native": function("echo", "provided.al2023", "native"),
        "Stream": function("stream.handler", FunctionUrlConfig={"AuthType": "NONE", "InvokeMode": "RESPONSE_STREAM"}),
        "Counted": function("counted.handler", FunctionUrlConfig={"AuthType": "NONE"},
                            Environment={"Variables": {"RUNS": str(runs_file(folder))}}),
    } | {f"Cold{at}": function("index.handler") for at in range(cold)}
    outputs = {name: {"Value": {"Ref": name}} for name in resources}
    outputs |= {f"{name}Url": {"Value": {"Fn::GetAtt": [f"{name}Url", "FunctionUrl"]}} for name in ("Stream", "Counted")}
    (folder / "template.json").write_text(json.dumps(
        {"Transform": "AWS::Serverless-2016-10-31", "Resources": resources, "Outputs": outputs}))
    return folder


class Side:
    """`name` is as in the results: livelambda, sst or floor; `way` says which floor."""

    name = way = ""
    address = ""

    def __init__(self):
        self._opened = ExitStack()

    def __enter__(self):
        try:
            self.open()
        except BaseException:
            self._opened.close()
            raise
        return self

    def __exit__(self, *_):
        self._opened.close()

    def _run(self, program: Program) -> Program:
        self._opened.callback(program.stop)
        return program

    def open(self):
        raise NotImplementedError

    def request(self, function: str, body: bytes) -> bytes:
        raise NotImplementedError


class Hops(Side):
    """The floor of floor.cc. `laptop` and `there` put its halves on hosts."""

    name, way = "floor", "the hops alone"

    def __init__(self, folder: Path, there=lambda command: command, laptop=lambda command: command, address: str | None = None):
        super().__init__()
        self.folder, self.there, self.laptop, self.far = folder, there, laptop, address

    def open(self):
        def run(on, *command) -> Program:
            return self._run(Program(self.folder, on([BUILT / "floor", *command])))

        self.address = run(self.there, "cloud", "127.0.0.1:0").first_line()
        seen = self.address.replace("127.0.0.1", self.far) if self.far else self.address
        run(self.there, "stub", self.address)
        run(self.laptop, "worker", run(self.laptop, "session", seen).first_line())

    def request(self, function: str, body: bytes) -> bytes:
        return http_request("POST", f"http://{self.address}/invoke", body)


class Live(Side):
    """livelambda: a session on a local cloud of its own."""

    name = way = "livelambda"

    def __init__(self, program: Path, folder: Path, app: Path, *, there=lambda command: command, laptop=lambda command: command,
                 options: tuple = ()):
        super().__init__()
        self.program, self.folder, self.app, self.options = program, folder, app, options
        self.there, self.laptop = there, laptop

    def open(self):
        self.cloud = self._run(LocalCloud(self.program, self.folder, *self.options, on=self.there))
        self.address = self.cloud.address
        self.start()

    def start(self):
        command = [self.program, "start", "--json", "--app-dir", self.app, "--stage", "bench"]
        self.session = self._run(Program(self.folder / "session", self.laptop(command), self.cloud.env))
        ready = json.loads(self.session.first_line(lambda line: json.loads(line)["event"] in ("ready", "error")))
        if ready["event"] == "error":
            raise RuntimeError(ready["message"])
        self.outputs = ready["outputs"]

    def request(self, function: str, body: bytes) -> bytes:
        return self.cloud.invoke_request(self.outputs[function], body)

    def session_processes(self) -> list[int]:
        return [self.session.pid]

    def worker_processes(self) -> list[int]:
        return descendants(self.session.pid)

    def stub_processes(self) -> list[int]:
        return [pid for pid in descendants(self.cloud.pid) if _is_bootstrap(pid)]


class Direct(Live):
    """The other floor: the same app with its real code in the local cloud, no bridge."""

    name, way = "floor", "in the cloud, no bridge"

    def start(self):
        done = self._run(Program(self.folder / "deploy", [self.program, "deploy", "--app-dir", self.app, "--stage", "bench"],
                                 self.cloud.env))
        if done.process.wait(300) != 0:
            raise RuntimeError(done.errors.read_text() + done.output.read_text())
        self.outputs = self.cloud.outputs(f"bench-{self.app.name}")


class Sst(Side):
    """SST 1.18.4, by bench/sst."""

    name = way = "sst"

    def __init__(self, program: Path, folder: Path):
        super().__init__()
        self.program, self.folder = program, folder

    @staticmethod
    def missing() -> str | None:
        import sst
        return sst.missing()

    def open(self):
        import sst
        app = self.folder / "app"
        app.mkdir(parents=True)
        (app / "index.js").write_text("exports.handler = async (event) => event;\n")
        self.cloud = self._run(LocalCloud(self.program, self.folder, *sst.CLOUD_OPTIONS))
        self.address = self.cloud.address
        self.session = self._opened.enter_context(sst.session(self.cloud.env, app))

    def request(self, function: str, body: bytes) -> bytes:
        if function != "Echo":
            raise RuntimeError(f"SST has no {function}")
        return self.cloud.invoke_request(self.session.function, body)


def _is_bootstrap(pid: int) -> bool:
    return bool(named([pid], "/bootstrap"))

"""`livelambda start --json`, its events collected as they come."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

from .local_cloud import LocalCloud
from .processes import PATIENCE, PROGRAM, Process, clean_environment, descendants


class Session(Process):
    """Ready when constructed, unless `wait` is false."""

    def __init__(self, app: Path, cloud: LocalCloud | None, home: Path, stage: str | None = "test", *arguments: str,
                 program: Path = PROGRAM, env: dict[str, str] | None = None, wait: bool = True):
        command = [program, "start", "--json", "--app-dir", app, *arguments]
        if stage is not None:
            command += ["--stage", stage]
        if cloud is None:
            command += ["--local"]
        environment = clean_environment(home, **(cloud.env if cloud else {}))
        environment.update(env or {})
        super().__init__(command, environment)
        self.app = app
        self.home = home
        self.stage = stage
        self.ready: dict = {}
        if wait:
            self.wait_ready()

    @property
    def events(self) -> list[dict]:
        with self._changed:
            return [json.loads(line) for line in self.lines]

    @property
    def whole_events(self) -> list[dict]:
        """The same, but for a last line that a kill has cut off."""
        with self._changed:
            return [json.loads(line) for line in self.lines if line.endswith("}")]

    def select(self, event: str, **fields) -> list[dict]:
        return [one for one in self.events if _matches(one, event, fields)]

    def wait_for(self, event: str | Callable[[dict], bool], timeout: float = PATIENCE, after: int = 0,
                 **fields) -> dict:
        """The first event of this name with these fields (a function as value tests the field)."""
        if callable(event):
            return json.loads(self.wait_for_line(lambda line: event(json.loads(line)), "an event", timeout, after))
        return json.loads(self.wait_for_line(lambda line: _matches(json.loads(line), event, fields),
                                             f"event {event} {fields}", timeout, after))

    def wait_ready(self) -> dict:
        self.ready = self.wait_for("ready", timeout=120)
        return self.ready

    @property
    def outputs(self) -> dict[str, str]:
        return self.ready["outputs"]

    def function(self, logical_id: str) -> str:
        """The name in AWS."""
        return next(one["name"] for one in self.ready["functions"] if one["logicalId"] == logical_id)

    def workers(self) -> list[int]:
        return descendants(self.pid)

    def mark(self) -> int:
        """For `after` of wait_for: what comes from now on."""
        with self._changed:
            return len(self.lines)

    def interrupt(self):
        self.signal(signal.SIGINT)

    def dispose(self):
        super().dispose()
        for pid in local_clouds_of(self.home):
            os.kill(pid, signal.SIGKILL)


def _matches(one: dict, event: str, fields: dict) -> bool:
    return one.get("event") == event and all(
        (key in one and value(one[key])) if callable(value) else one.get(key) == value
        for key, value in fields.items())


def local_clouds_of(home: Path) -> list[int]:
    """The local clouds that sessions with this HOME have started."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            is_cloud = b"--end-when-unused" in (entry / "cmdline").read_bytes().split(b"\0")
            if is_cloud and f"HOME={home}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found

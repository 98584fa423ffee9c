"""Invocations that are under way while the test does something else."""

import threading
from pathlib import Path

from .local_cloud import Answer, LocalCloud

# Appends to a file, says that it is there, and waits until another file is.
COUNTED = """
import fs from "node:fs";
export async function handler(event) {
  fs.appendFileSync(event.folder + "/runs", event.token + "\\n");
  while (!fs.existsSync(event.folder + "/go-" + event.token)) await new Promise((go) => setTimeout(go, 20));
  return { token: event.token, pid: process.pid };
}
"""


class Call(threading.Thread):
    """An Invoke that is under way."""

    def __init__(self, cloud: LocalCloud, function: str, payload: object):
        super().__init__(daemon=True)
        self.cloud, self.function, self.payload = cloud, function, payload
        self.answer: Answer | None = None
        self.start()

    def run(self):
        self.answer = self.cloud.invoke(self.function, self.payload)

    def result(self, timeout: float = 120) -> Answer:
        self.join(timeout)
        assert self.answer is not None, "the invocation was not answered"
        return self.answer


def runs(folder: Path) -> list[str]:
    """The tokens that COUNTED was run with, in order."""
    file = folder / "runs"
    return file.read_text().split() if file.exists() else []

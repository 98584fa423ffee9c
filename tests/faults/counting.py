"""What became of invocations: each has an id, which its handler appends to a file on the developer's machine."""

import secrets
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import botocore.exceptions
from harness.processes import ROOT, wait_until

TABLE = ROOT / "build" / "test-results" / "faults.tsv"
COLUMNS = ("scenario", "sent", "answered", "failed", "doubled", "lost")

# Runs for `ms`, and answers with its id and what it was asked to return. The id is written before all else.
HANDLER = """
import fs from "node:fs";
export async function handler({ id, runs, ms, size, text }) {
  fs.appendFileSync(runs, id + "\\n");
  await new Promise((go) => setTimeout(go, ms));
  return { id, pid: process.pid, text: text ?? "x".repeat(size ?? 0) };
}
"""


@dataclass
class Counts:
    scenario: str
    sent: int
    answered: int
    failed: int  # with an error, which Lambda's caller sees
    doubled: int  # run more often than once
    lost: int  # never answered, or answered though it has not run

    def write(self):
        TABLE.parent.mkdir(parents=True, exist_ok=True)
        with TABLE.open("a") as file:
            file.write("\t".join(str(getattr(self, column)) for column in COLUMNS) + "\n")


def table() -> str:
    rows = [COLUMNS, *sorted(line.split("\t") for line in TABLE.read_text().splitlines())]
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
    return "\n".join("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(row, widths))) for row in rows)


class Invocation(threading.Thread):
    """One Invoke, which ends with an answer, an error, or nothing."""

    def __init__(self, client, function: str, event: dict, encode: Callable[[dict], bytes]):
        super().__init__(daemon=True)
        self.id = event["id"]
        self.error = ""  # its type
        self.answer: bytes | None = None
        self._call = lambda: client.invoke(FunctionName=function, Payload=encode(event))
        self.start()

    def run(self):
        try:
            response = self._call()
            payload = response["Payload"].read()
            if "FunctionError" in response:
                self.error = payload.decode(errors="replace")
            else:
                self.answer = payload
        except botocore.exceptions.ClientError as refused:  # Lambda said no
            self.error = str(refused)
        except botocore.exceptions.HTTPClientError:
            pass  # no answer: lost

    @property
    def answered(self) -> bool:
        return self.answer is not None and self.id.encode() in self.answer


class Scenario:
    """The invocations of one fault. `count` waits for them all, writes the row and holds the promise."""

    def __init__(self, name: str, developer):
        self.name = name
        self.developer = developer
        self.invocations: list[Invocation] = []
        self.before = len(developer.runs)

    def send(self, ms: int = 20, encode: Callable[[dict], bytes] | None = None, **more) -> Invocation:
        event = {"id": secrets.token_hex(8), "runs": str(self.developer.runs_file), "ms": ms, **more}
        self.invocations.append(self.developer.invoke(event, encode))
        return self.invocations[-1]

    def send_many(self, count: int, at_once: int, ms: int = 20, then: Callable[[int], None] = lambda sent: None, **more):
        """`then` is called after each answer with how many there have been."""
        first = len(self.invocations)

        def ended() -> int:
            return sum(not one.is_alive() for one in self.invocations[first:])

        told = 0
        for number in range(count):
            wait_until(lambda: number - ended() < at_once, f"{self.name}: one of {at_once} invocations ends", 150)
            while told < ended():
                told += 1
                then(told)
            self.send(ms, **more)

    def count(self) -> Counts:
        for one in self.invocations:
            one.join(150)
        answered = [one for one in self.invocations if one.answered]
        failed = [one for one in self.invocations if one.error and not one.answered]
        runs = Counter(self.developer.runs[self.before:])
        doubled = sum(runs[one.id] > 1 for one in self.invocations)
        invented = [one for one in answered if one.id not in runs]
        counts = Counts(self.name, len(self.invocations), len(answered), len(failed), doubled,
                        len(self.invocations) - len(answered) - len(failed) + len(invented))
        counts.write()
        errors = Counter(one.error[:300] for one in failed)
        assert counts.doubled == 0 and counts.lost == 0, (counts, errors)
        self.errors = errors
        return counts


def folder_of(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path

"""What was measured: samples of every side in blocks that took turns, so that ratios are of neighbours in time."""

import json
import statistics
from dataclasses import dataclass, field
from pathlib import Path


def percentile(values: list[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


@dataclass
class Measure:
    """`blocks`: for each way (Side.way), its samples block by block. `sides`: which side a way stands for."""
    name: str
    unit: str
    blocks: dict[str, list[list[float]]] = field(default_factory=dict)
    sides: dict[str, str] = field(default_factory=dict)

    def add(self, side: str, samples: list[float], way: str | None = None):
        way = way or side
        self.sides[way] = side
        self.blocks.setdefault(way, []).append(samples)

    def all(self, way: str) -> list[float]:
        return [one for block in self.blocks.get(way, []) for one in block]

    def p50(self, way: str) -> float | None:
        return percentile(self.all(way), 50) if self.all(way) else None

    def ratios(self, way: str, to: str) -> list[float]:
        """Of the medians of blocks that stood side by side."""
        pairs = zip(self.blocks.get(way, []), self.blocks.get(to, []))
        return [statistics.median(ours) / statistics.median(theirs) for ours, theirs in pairs if ours and theirs]

    def rows(self) -> list[dict]:
        return [{"measure": self.name if way == side else f"{self.name} ({way})", "side": side,
                 **{name: round(value, 4) for name, value in self.summary(way).items()}, "n": len(self.all(way)), "unit": self.unit}
                for way, side in self.sides.items()]

    def summary(self, way: str) -> dict[str, float]:
        samples = self.all(way)
        return {"p50": percentile(samples, 50), "p99": percentile(samples, 99), "max": max(samples)}


class Results:
    def __init__(self):
        self.measures: dict[str, Measure] = {}
        self.not_measured: dict[str, str] = {}  # by name, with the reason
        self.notes: dict[str, str] = {}

    def measure(self, name: str, unit: str) -> Measure:
        return self.measures.setdefault(name, Measure(name, unit))

    def write(self, file: Path):
        file.parent.mkdir(parents=True, exist_ok=True)
        rows = [row for measure in self.measures.values() for row in measure.rows()]
        file.write_text("[\n" + ",\n".join("  " + json.dumps(row) for row in rows) + "\n]\n")

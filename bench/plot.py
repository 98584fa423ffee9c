"""Plots as SVG, of our own few lines: bars of p50 with a line to p99 on a logarithmic scale, and lines over time."""

import math
from html import escape

COLOURS = {"livelambda": "#2563eb", "sst": "#dc2626", "floor": "#6b7280"}
FONT = 'font-family="sans-serif" font-size="12"'


def bars(title: str, rows: list[tuple[str, str, float, float]], unit: str) -> str:
    """`rows`: label, side, p50, p99."""
    low = 10 ** math.floor(math.log10(max(1e-3, min(row[2] for row in rows))))
    high = 10 ** math.ceil(math.log10(max(row[3] for row in rows) * 1.001))
    left, width, step = 330, 460, 22

    def x(value: float) -> float:
        return left + width * math.log10(max(value, low) / low) / math.log10(high / low)

    height = 60 + step * len(rows)
    parts = [f'<text x="10" y="20" font-weight="bold" {FONT}>{escape(title)} ({unit}; bar: p50, line: p99)</text>']
    tick = low
    while tick <= high * 1.001:
        parts.append(f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="30" y2="{height - 22}" stroke="#ddd"/>'
                     f'<text x="{x(tick):.1f}" y="{height - 8}" text-anchor="middle" {FONT}>{tick:g}</text>')
        tick *= 10
    for at, (label, side, p50, p99) in enumerate(rows):
        y = 34 + at * step
        parts.append(f'<text x="{left - 8}" y="{y + 12}" text-anchor="end" {FONT}>{escape(label)}</text>'
                     f'<rect x="{left}" y="{y}" width="{x(p50) - left:.1f}" height="{step - 7}" fill="{COLOURS[side]}"/>'
                     f'<line x1="{x(p50):.1f}" x2="{x(p99):.1f}" y1="{y + 7}" y2="{y + 7}" stroke="{COLOURS[side]}" stroke-width="2"/>')
    return _svg(left + width + 40, height, parts)


def lines(title: str, series: dict[str, list[tuple[float, float]]], across: str) -> str:
    """One panel for each series of (x, y), from zero."""
    left, width, tall = 60, 700, 110
    parts = [f'<text x="10" y="20" font-weight="bold" {FONT}>{escape(title)}</text>']
    for at, (name, points) in enumerate(series.items()):
        top = 40 + at * (tall + 40)
        right, most = max(x for x, _ in points) or 1, max(y for _, y in points) * 1.1 or 1
        path = " ".join(f"{left + width * x / right:.1f},{top + tall - tall * y / most:.1f}" for x, y in points)
        parts.append(f'<text x="{left}" y="{top - 4}" {FONT}>{escape(name)}, up to {max(y for _, y in points):.1f}</text>'
                     f'<rect x="{left}" y="{top}" width="{width}" height="{tall}" fill="none" stroke="#ddd"/>'
                     f'<polyline points="{path}" fill="none" stroke="#2563eb" stroke-width="1.5"/>'
                     f'<text x="{left + width}" y="{top + tall + 14}" text-anchor="end" {FONT}>{right:.0f} {escape(across)}</text>')
    return _svg(left + width + 30, 50 + len(series) * (tall + 40), parts)


def _svg(width: float, height: float, parts: list[str]) -> str:
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}">'
            f'<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n")

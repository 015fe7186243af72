"""A plot of ratios, as SVG that is readable on a light and on a dark background."""

from __future__ import annotations

import math
from html import escape

WIDTH, LEFT, RIGHT, ROW, HEAD = 900, 260, 20, 22, 34

STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .title { font-size: 14px; font-weight: 600 } .small { font-size: 11px; fill: #57606a }
  .grid { stroke: #d0d7de } .one { stroke: #1f883d; stroke-width: 2 } .spread { stroke: #57606a; stroke-opacity: .6 }
  .s0 { fill: #b6d7ff } .s1 { fill: #6cb0ff } .s2 { fill: #1f7ae0 } .s3 { fill: #0a3d80 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .small { fill: #8d96a0 } .grid { stroke: #30363d } .spread { stroke: #8d96a0 }
    .s0 { fill: #173a63 } .s1 { fill: #2463a8 } .s2 { fill: #58a6ff } .s3 { fill: #cfe6ff }
  }
"""

#: By contender: its label, and for each history the median, the least and the most.
Rows = list[tuple[str, dict[str, tuple[float, float, float]]]]


def ratios(title: str, groups: list[tuple[str, Rows]], histories: list[str]) -> str:
    """Returns the plot: a block for each group, a row for each contender, and a dot for each history, on a logarithmic
    scale."""
    values = [value for _, rows in groups for _, points in rows for name in histories if name in points
              for value in points[name]]
    if not values:
        return '<svg xmlns="http://www.w3.org/2000/svg"/>\n'
    low, high = math.log(min(*values, 0.9)), math.log(max(*values, 2.0))

    def x(ratio: float) -> float:
        return LEFT + (math.log(ratio) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    ticks = [tick for tick in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if low <= math.log(tick) <= high]
    height = HEAD + 26 + sum(HEAD + ROW * len(rows) + 22 for _, rows in groups)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">',
        f"<style>{STYLE}</style>", f'<text class="title" x="0" y="18">{escape(title)}</text>',
    ]
    at = LEFT
    for index, name in enumerate(histories):
        parts.append(f'<circle class="s{min(index, 3)}" cx="{at}" cy="36" r="5"/>')
        parts.append(f'<text class="small" x="{at + 9}" y="40">{escape(name)}</text>')
        at += 130
    top = HEAD + 26
    for label, rows in groups:
        parts.append(f'<text class="title" x="0" y="{top + 18}">{escape(label)}</text>')
        first, last = top + HEAD, top + HEAD + ROW * len(rows)
        for tick in ticks:
            kind = "one" if tick == 1 else "grid"
            parts.append(f'<line class="{kind}" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{first - 6}" y2="{last}"/>')
            parts.append(f'<text class="small" text-anchor="middle" x="{x(tick):.1f}" y="{last + 13}">{tick:g}</text>')
        for number, (contender, points) in enumerate(rows):
            middle = first + ROW * number + ROW / 2 - 3
            parts.append(f'<text text-anchor="end" x="{LEFT - 12}" y="{middle + 4}">{escape(contender)}</text>')
            for index, name in enumerate(histories):
                if name in points:
                    median, least, most = points[name]
                    parts.append(
                        f'<line class="spread" x1="{x(least):.1f}" x2="{x(most):.1f}" y1="{middle}" y2="{middle}"/>'
                        f'<circle class="s{min(index, 3)}" cx="{x(median):.1f}" cy="{middle}" r="5">'
                        f"<title>{escape(name)}: {median:.2f}</title></circle>"
                    )
        top = last + 22
    return "\n".join([*parts, "</svg>"]) + "\n"

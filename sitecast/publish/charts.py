"""Load against cap as a small SVG, for the page, the email and Dagster's metadata.

What belongs here: a pure function from numbers to SVG text. What does not: where the numbers come
from, and how shapes are drawn (svg.py).
"""

from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from sitecast.publish.svg import box, drawing, line, ticks, to_png, words

__all__ = ["site_load_svg", "to_png"]

_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 8, 28, 36
_FULL_FROM = 0.05
"""Share of draws with demand above the cap from which an open day's cap is drawn as binding."""


@dataclass(frozen=True)
class _Plot:
    """The inner area: a slot per bar, and boxes from 0 to `top`."""

    width: int
    height: int
    slots: int
    top: float

    @property
    def step(self) -> float:
        return (self.width - _LEFT - _RIGHT) / max(self.slots, 1)

    @property
    def bar(self) -> float:
        return min(self.step * 0.62, 44.0)

    def x(self, slot: int) -> float:
        """Middle of a slot."""
        return _LEFT + (slot + 0.5) * self.step

    def y(self, boxes: float) -> float:
        inner = self.height - _TOP - _BOTTOM
        return _TOP + inner * (1.0 - boxes / self.top)


def site_load_svg(site_load: pd.DataFrame, width: int = 520, height: int = 240) -> str:
    """Load of one site against its cap, a bar per production date.

    Args:
        site_load: rows of the table site_load of one site; placed boxes are drawn darker, the
            whisker spans p10 to p90, and a cap that binds is drawn solid.
        width: of the picture, in px.
        height: of the picture, in px.
    Returns:
        A self-contained SVG; every bar carries its figures as a tooltip.
    """
    rows = list(site_load.sort_values(["production_date", "menu_week"]).itertuples())
    caps = [float(row.cap_boxes) for row in rows if not pd.isna(row.cap_boxes)]
    highest = max([1.0, *caps, *(float(row.boxes_p90) for row in rows)])
    steps = ticks(highest)
    plot = _Plot(width, height, len(rows), max(steps[-1], highest * 1.04))
    binds = any(_is_full(row) for row in rows)
    body = [
        *_legend(bool(caps), binds),
        *(_grid_line(plot, tick) for tick in steps),
        *(part for slot, row in enumerate(rows) for part in _bar(plot, slot, row)),
    ]
    if not rows:
        body.append(words(width / 2, height / 2, "nothing to pack", "middle"))
    return drawing("Boxes per production date against the cap", width, height, body)


def _bar(plot: _Plot, slot: int, row: Any) -> list[str]:
    left, middle = plot.x(slot) - plot.bar / 2, plot.x(slot)
    expected, placed = float(row.boxes_p50), float(row.boxes_committed)
    low, high = plot.y(row.boxes_p10), plot.y(row.boxes_p90)
    tick = plot.bar / 5
    return [
        f"<g><title>{escape(_in_words(row))}</title>",
        _rise("expected", left, plot, expected),
        _rise("placed", left, plot, min(placed, expected)),
        f'<path class="range" d="M{middle:.1f} {low:.1f}V{high:.1f}'
        f'M{middle - tick:.1f} {low:.1f}h{2 * tick:.1f}M{middle - tick:.1f} {high:.1f}'
        f'h{2 * tick:.1f}"/>',
        *_cap(plot, slot, row),
        words(middle, plot.height - 20, f"{row.production_date:%a}", "middle"),
        words(middle, plot.height - 7, f"{row.production_date.day} {row.production_date:%b}",
              "middle"),
        "</g>",
    ]  # fmt: skip


def _cap(plot: _Plot, slot: int, row: Any) -> list[str]:
    if pd.isna(row.cap_boxes):
        return []
    full = _is_full(row)
    y, half = plot.y(float(row.cap_boxes)), plot.step * 0.44
    kind = "cap full" if full else "cap"
    drawn = line(kind, (plot.x(slot) - half, plot.x(slot) + half), (y, y))
    label = f"{row.p_over_cap:.0%}"
    return [drawn, words(plot.x(slot), y - 5, label, "middle", "full")] if full else [drawn]


def _is_full(row: Any) -> bool:
    return not pd.isna(row.cap_boxes) and row.cap_boxes > 0 and row.p_over_cap >= _FULL_FROM


def _in_words(row: Any) -> str:
    cap = "no cap" if pd.isna(row.cap_boxes) else f"cap {int(row.cap_boxes):,}"
    return (
        f"{row.production_date:%A %d %B}: {row.boxes_p50:,.0f} boxes "
        f"({row.boxes_p10:,.0f}–{row.boxes_p90:,.0f} in 8 of 10 futures), "
        f"{int(row.boxes_committed):,} placed, {cap}, "
        f"demand above it in {row.p_over_cap:.0%} of futures"
    )


def _legend(with_cap: bool, binds: bool) -> list[str]:
    parts, x = [words(0, 15, "boxes")], float(_LEFT)
    for kind, name in (("placed", "placed"), ("expected", "median")):
        parts += [box(kind, x, 6, 10, 10), words(x + 15, 15, name)]
        x += 27 + 6.0 * len(name)
    parts += [f'<path class="range" d="M{x:.1f} 11h12m0 -4v8m-12 -8v8"/>',
              words(x + 17, 15, "p10–p90")]  # fmt: skip
    if with_cap:
        x += 74
        parts += [line("cap", (x, x + 16), (11, 11)), words(x + 21, 15, "cap")]
    if binds:
        parts.append(words(x + 50, 15, "% of futures above it", kind="full"))
    return parts


def _grid_line(plot: _Plot, boxes: float) -> str:
    y = plot.y(boxes)
    return line("grid", (_LEFT, plot.width - _RIGHT), (y, y)) + words(
        _LEFT - 6, y + 4, _short(boxes), "end"
    )


def _rise(kind: str, left: float, plot: _Plot, boxes: float) -> str:
    top = plot.y(boxes)
    return box(kind, left, top, plot.bar, plot.y(0.0) - top)


def _short(boxes: float) -> str:
    return f"{boxes / 1000:g}k" if boxes >= 1000 else f"{boxes:g}"

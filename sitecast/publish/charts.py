"""Small SVG charts for the page, the email and Dagster's metadata.

What belongs here: pure functions from numbers to SVG text, and from SVG to PNG. What does not:
where the numbers come from. Colours are CSS custom properties of the page that shows the chart
(so they follow its light and dark theme), each with a fallback for everywhere else; there are no
style attributes, so that a strict content policy can name the one style block by its hash.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

_STYLE = """
.sl text { font: 11px system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  fill: var(--soft, #5d6862); }
.sl .grid { stroke: var(--line, #dfe4e0); stroke-width: 1; shape-rendering: crispEdges; }
.sl .expected { fill: var(--accent, #17694a); fill-opacity: .4; }
.sl .placed { fill: var(--accent, #17694a); }
.sl .range { stroke: var(--ink, #1d2521); stroke-width: 1.5; fill: none; }
.sl .cap { stroke: var(--soft, #5d6862); stroke-width: 2; stroke-dasharray: 4 3; }
.sl .cap.full { stroke: var(--bad, #b3261e); stroke-dasharray: none; }
.sl text.full { fill: var(--bad, #b3261e); font-weight: 600; }
"""
_CUSTOM_PROPERTY = re.compile(r"var\(--[\w-]+,\s*([^()]+)\)")
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
    ticks = _ticks(highest)
    plot = _Plot(width, height, len(rows), max(ticks[-1], highest * 1.04))
    binds = any(_is_full(row) for row in rows)
    body = [
        *_legend(bool(caps), binds),
        *(_grid_line(plot, tick) for tick in ticks),
        *(part for slot, row in enumerate(rows) for part in _bar(plot, slot, row)),
    ]
    if not rows:
        body.append(_text(width / 2, height / 2, "nothing to pack", "middle"))
    return _svg("Boxes per production date against the cap", width, height, body)


def to_png(svg: str, scale: float = 1) -> bytes:
    """Draw an SVG as PNG, with the fallback of every custom property."""
    import vl_convert  # 60 MB: only where a picture is wanted

    return vl_convert.svg_to_png(_CUSTOM_PROPERTY.sub(r"\1", svg), scale=scale)


def _svg(title: str, width: int, height: int, body: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="sl" role="img" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>{''.join(body)}</svg>"
    )


def _bar(plot: _Plot, slot: int, row: Any) -> list[str]:
    left, middle = plot.x(slot) - plot.bar / 2, plot.x(slot)
    expected, placed = float(row.boxes_p50), float(row.boxes_committed)
    low, high = plot.y(row.boxes_p10), plot.y(row.boxes_p90)
    tick = plot.bar / 5
    return [
        f"<g><title>{escape(_in_words(row))}</title>",
        _rectangle("expected", left, plot, expected),
        _rectangle("placed", left, plot, min(placed, expected)),
        f'<path class="range" d="M{middle:.1f} {low:.1f}V{high:.1f}'
        f'M{middle - tick:.1f} {low:.1f}h{2 * tick:.1f}M{middle - tick:.1f} {high:.1f}'
        f'h{2 * tick:.1f}"/>',
        *_cap(plot, slot, row),
        _text(middle, plot.height - 20, f"{row.production_date:%a}", "middle"),
        _text(middle, plot.height - 7, f"{row.production_date.day} {row.production_date:%b}",
              "middle"),
        "</g>",
    ]  # fmt: skip


def _cap(plot: _Plot, slot: int, row: Any) -> list[str]:
    if pd.isna(row.cap_boxes):
        return []
    full = _is_full(row)
    y, half = plot.y(float(row.cap_boxes)), plot.step * 0.44
    kind = "cap full" if full else "cap"
    line = (f'<line class="{kind}" x1="{plot.x(slot) - half:.1f}" x2="{plot.x(slot) + half:.1f}" '
            f'y1="{y:.1f}" y2="{y:.1f}"/>')  # fmt: skip
    label = f"{row.p_over_cap:.0%}"
    return [line, _text(plot.x(slot), y - 5, label, "middle", "full")] if full else [line]


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
    parts, x = [_text(0, 15, "boxes")], float(_LEFT)
    for kind, word in (("placed", "placed"), ("expected", "median")):
        parts += [f'<rect class="{kind}" x="{x:.1f}" y="6" width="10" height="10" rx="2"/>',
                  _text(x + 15, 15, word)]  # fmt: skip
        x += 27 + 6.0 * len(word)
    parts += [f'<path class="range" d="M{x:.1f} 11h12m0 -4v8m-12 -8v8"/>',
              _text(x + 17, 15, "p10–p90")]  # fmt: skip
    if with_cap:
        x += 74
        parts += [f'<line class="cap" x1="{x:.1f}" x2="{x + 16:.1f}" y1="11" y2="11"/>',
                  _text(x + 21, 15, "cap")]  # fmt: skip
    if binds:
        parts.append(_text(x + 50, 15, "% of futures above it", kind="full"))
    return parts


def _grid_line(plot: _Plot, boxes: float) -> str:
    y = plot.y(boxes)
    return (
        f'<line class="grid" x1="{_LEFT}" x2="{plot.width - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        + _text(_LEFT - 6, y + 4, _short(boxes), "end")
    )


def _rectangle(kind: str, left: float, plot: _Plot, boxes: float) -> str:
    y, base = plot.y(boxes), plot.y(0.0)
    return (f'<rect class="{kind}" x="{left:.1f}" y="{y:.1f}" width="{plot.bar:.1f}" '
            f'height="{base - y:.1f}"/>')  # fmt: skip


def _text(x: float, y: float, words: str, anchor: str = "start", kind: str = "") -> str:
    mark = f' class="{kind}"' if kind else ""
    return f'<text{mark} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _ticks(highest: float) -> list[float]:
    """0 and about four round steps, up to at least the highest value."""
    rough = highest / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * unit for unit in (1, 2, 2.5, 5, 10) if power * unit >= rough - 1e-9)
    return [step * place for place in range(math.ceil(highest / step - 1e-9) + 1)]


def _short(boxes: float) -> str:
    return f"{boxes / 1000:g}k" if boxes >= 1000 else f"{boxes:g}"

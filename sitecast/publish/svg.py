"""Parts of the charts: one set of colours, text, bars and grid for all of them.

What belongs here: shapes, and from SVG to PNG. What does not: what a chart shows. Colours are CSS
custom properties of the page that shows the chart (so they follow its light and dark theme), each
with a fallback for everywhere else; there are no style attributes, so that a strict content policy
can name the one style block by its hash.
"""

import math
import re
from collections.abc import Sequence
from html import escape

STYLE = """
.sl text { font: 11px system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  fill: var(--soft, #5d6862); }
.sl .grid { stroke: var(--line, #dfe4e0); stroke-width: 1; shape-rendering: crispEdges; }
.sl .expected { fill: var(--accent, #17694a); fill-opacity: .4; }
.sl .placed { fill: var(--accent, #17694a); }
.sl .range { stroke: var(--ink, #1d2521); stroke-width: 1.5; fill: none; }
.sl .cap { stroke: var(--soft, #5d6862); stroke-width: 2; stroke-dasharray: 4 3; }
.sl .cap.full { stroke: var(--bad, #b3261e); stroke-dasharray: none; }
.sl text.full { fill: var(--bad, #b3261e); font-weight: 600; }
.sl text.said { font-size: 12px; fill: var(--ink, #1d2521); }
.sl .sum { fill: var(--ink, #1d2521); }
.sl text.sum { font-size: 12px; font-weight: 600; }
"""
_CUSTOM_PROPERTY = re.compile(r"var\(--[\w-]+,\s*([^()]+)\)")


def drawing(title: str, width: float, height: float, body: Sequence[str]) -> str:
    """A self-contained SVG with a title for screen readers."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="sl" role="img" '
        f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}">'
        f"<title>{escape(title)}</title><style>{STYLE}</style>{''.join(body)}</svg>"
    )


def words(x: float, y: float, text: str, anchor: str = "start", kind: str = "") -> str:
    """Text at a place; anchor start, middle or end."""
    mark = f' class="{kind}"' if kind else ""
    return f'<text{mark} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def box(kind: str, x: float, y: float, width: float, height: float) -> str:
    """A filled rectangle."""
    return (f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
            f'height="{height:.1f}"/>')  # fmt: skip


def line(kind: str, x: tuple[float, float], y: tuple[float, float]) -> str:
    """A straight line from (x[0], y[0]) to (x[1], y[1])."""
    return (f'<line class="{kind}" x1="{x[0]:.1f}" x2="{x[1]:.1f}" '
            f'y1="{y[0]:.1f}" y2="{y[1]:.1f}"/>')  # fmt: skip


def ticks(highest: float) -> list[float]:
    """0 and about four round steps, up to at least the highest value (above 0)."""
    rough = highest / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * unit for unit in (1, 2, 2.5, 5, 10) if power * unit >= rough - 1e-9)
    return [step * place for place in range(math.ceil(highest / step - 1e-9) + 1)]


def to_png(svg: str, scale: float = 1) -> bytes:
    """Draw an SVG as PNG, with the fallback of every custom property."""
    import vl_convert  # 60 MB: only where a picture is wanted

    return vl_convert.svg_to_png(_CUSTOM_PROPERTY.sub(r"\1", svg), scale=scale)

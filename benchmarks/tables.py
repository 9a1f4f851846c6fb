"""Markdown tables and Vega-Lite pictures of results."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import vl_convert

WIDE = {"width": 420, "height": 260}


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The first column is text, the others are figures."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def spread(values: pd.Series, digits: int = 0) -> str:
    """Median, and from least to most."""
    low, high = (f"{v:,.{digits}f}" for v in (values.min(), values.max()))
    middle = f"{values.median():,.{digits}f}"
    return middle if low == high else f"{middle} ({low}–{high})"


def significant(values: pd.Series) -> str:
    """Like spread, with a decimal below 10."""
    return spread(values, 1 if values.median() < 10 else 0)


def picture(spec: dict[str, Any], path: Path) -> None:
    """An SVG, as small as the data."""
    config = {"font": "sans-serif", "view": {"stroke": "transparent"}, "background": "white"}
    path.write_text(vl_convert.vegalite_to_svg({"config": config, **spec}) + "\n")

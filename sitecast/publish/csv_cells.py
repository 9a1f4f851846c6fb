"""CSV that a spreadsheet cannot take for formulas."""

import re

import numpy as np
import pandas as pd
import pyarrow as pa

from sitecast.publish import spelling

_DANGEROUS = re.compile(r"[=+\-@|%\x00-\x1f＝＋－＠]")
_QUOTED = re.compile(r'[,"\r\n]')
_LINE_END = "\r\n"


def looks_like_formula(text: str) -> bool:
    """Whether a spreadsheet that is handed this text might run it."""
    return _DANGEROUS.match(text) is not None


def to_csv(frame: pd.DataFrame) -> bytes:
    """A table as CSV, UTF-8 with a byte-order mark for spreadsheets.

    A text cell that a spreadsheet would run (it begins with = + - @ | % or a control character)
    gets an apostrophe in front. Programs read the Parquet file, where nothing is changed.
    """
    cells = [_cells(frame[name]) for name in frame.columns]
    separated = [part for column in cells for part in (",", column)][1:]
    header = ",".join(_quoted(str(name)) for name in frame.columns)
    lines = [header, *spelling.joined(*separated).to_pylist(), ""]
    return _LINE_END.join(lines).encode("utf-8-sig")


def _cells(values: pd.Series) -> pa.Array:
    kind = values.dtype.kind
    if kind == "f":
        return spelling.numbers(values.to_numpy(np.float64, na_value=np.nan))
    if kind in "iub":
        return spelling.words(values, str)
    if kind == "M":
        return spelling.words(values.astype(str).where(values.notna()), str)
    return spelling.words(values, lambda text: _quoted(_harmless(text)))


def _harmless(text: str) -> str:
    return f"'{text}" if looks_like_formula(text) else text


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text

"""CSV that a spreadsheet cannot take for formulas."""

import pandas as pd

_DANGEROUS = r"^[=+\-@|%\x00-\x1f＝＋－＠]"


def to_csv(frame: pd.DataFrame) -> bytes:
    """A table as CSV, UTF-8 with a byte-order mark for spreadsheets.

    A text cell that a spreadsheet would run (it begins with = + - @ | % or a control character)
    gets an apostrophe in front. Programs read the Parquet file, where nothing is changed.
    """
    safe = frame.copy()
    for name in safe.columns:
        if not (pd.api.types.is_numeric_dtype(safe[name]) or safe[name].dtype.kind == "M"):
            text = safe[name].astype(object)
            starts = text.astype(str).str.match(_DANGEROUS) & text.notna()
            safe[name] = text.where(~starts, "'" + text.astype(str))
    return safe.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")

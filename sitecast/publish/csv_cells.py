"""CSV that a spreadsheet cannot take for formulas."""

import re

import pandas as pd

_DANGEROUS = re.compile(r"[=+\-@|%\x00-\x1f＝＋－＠]")


def looks_like_formula(text: str) -> bool:
    """Whether a spreadsheet that is handed this text might run it."""
    return _DANGEROUS.match(text) is not None


def to_csv(frame: pd.DataFrame) -> bytes:
    """A table as CSV, UTF-8 with a byte-order mark for spreadsheets.

    A text cell that a spreadsheet would run (it begins with = + - @ | % or a control character)
    gets an apostrophe in front. Programs read the Parquet file, where nothing is changed.
    """
    safe = frame.copy()
    for name in safe.columns:
        if not (pd.api.types.is_numeric_dtype(safe[name]) or safe[name].dtype.kind == "M"):
            words = safe[name].dropna().unique()  # far fewer than cells
            quoted = {word: f"'{word}" for word in words if looks_like_formula(str(word))}
            if quoted:
                told = safe[name].astype(object)
                safe[name] = told.map(lambda word, quoted=quoted: quoted.get(word, word))
    return safe.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")

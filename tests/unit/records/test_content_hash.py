"""A table's hash: the same as from its cells one by one, whatever memory holds them."""

import hashlib

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from sitecast.records.contract import TEXT
from sitecast.records.week_record import content_hash

NUMBERS = {"int64": "<i8", "Int64": "<i8", "float64": "<f8", "bool": "i1", "boolean": "i1"}
ARROW = {"int64": "int64", "Int64": "int64", "float64": "double", "bool": "bool",
         "boolean": "bool"}  # fmt: skip


def hash_cell_by_cell(frame: pd.DataFrame) -> str:
    digest = hashlib.sha256(str(len(frame)).encode())
    for name in frame.columns:
        cells = [None if pd.isna(cell) else cell for cell in frame[name]]
        dtype = str(frame[name].dtype)
        kind = ARROW.get(dtype, "large_string")
        digest.update(f"\x1e{name}\x1f{kind}\x1f".encode())
        if kind == "large_string":
            texts = ["" if cell is None else cell.encode() for cell in cells]
            lengths = [-1 if cell is None else len(cell.encode()) for cell in cells]
            digest.update(np.array(lengths, dtype="<i8").tobytes())
            digest.update(b"".join(text for text in texts if text))
        else:
            digest.update(bytes(cell is None for cell in cells))
            full = [0 if cell is None else cell for cell in cells]
            digest.update(np.array(full, dtype=NUMBERS[dtype]).tobytes())
    return digest.hexdigest()


def whole() -> pd.DataFrame:
    return pd.DataFrame({
        "text": pd.Series(["Käse", None, "", "oat 🌾"] * 5, dtype=TEXT),
        "count": pd.Series([3, None, -1, 2**53] * 5, dtype="Int64"),
        "portions": np.arange(20),
        "qty": [0.5, np.nan, -0.0, 1e300] * 5,
        "flag": pd.Series([True, None, False, True] * 5, dtype="boolean"),
        "open": [True, False] * 10,
    })  # fmt: skip


def in_chunks(frame: pd.DataFrame) -> pd.DataFrame:
    cells = frame["text"].astype(object).where(frame["text"].notna(), None).tolist()
    chunks = pa.chunked_array([pa.array(cells[:7], pa.large_string()), cells[7:]])
    return frame.assign(text=pd.Series(TEXT.__from_arrow__(chunks)))


@pytest.mark.parametrize(
    "frame",
    [
        whole(), whole().iloc[3:9], whole().iloc[::-2], whole().iloc[:0], in_chunks(whole()),
        whole().iloc[[0, 2]], pd.concat([whole(), whole().iloc[1:4]]),
    ],
    ids=["whole", "slice", "backwards", "empty", "chunks", "no empty cell", "joined"],
)  # fmt: skip
def test_r7_the_hash_follows_from_the_cells_alone(frame):
    assert content_hash(frame) == hash_cell_by_cell(frame)


def test_what_lies_under_an_empty_cell_does_not_count():
    values = pa.array(["a", "hidden", "b"], pa.large_string())
    mask = pa.py_buffer(bytes([0b101]))
    hidden = pa.LargeStringArray.from_buffers(3, values.buffers()[1], values.buffers()[2], mask)
    frame = pd.DataFrame({"text": pd.Series(TEXT.__from_arrow__(hidden))})
    assert content_hash(frame) == content_hash(
        pd.DataFrame({"text": pd.Series(["a", None, "b"], dtype=TEXT)})
    )

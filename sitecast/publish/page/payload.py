"""Tables in few bytes: what the page's script unpacks.

A block is text in JSON and columns of whole numbers, byte plane by byte plane (the high bytes of a
column are nearly all alike, and so compress to nothing), under gzip, in base64. script/data.js is
the other half.
"""

import base64
import json
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

HUNDREDTHS = 100
"""Quantities are kept in hundredths: no figure on the page has more than two decimals."""
_LARGEST = 2**31 - 1
_GZIP = 31
"""zlib's own name for gzip; the header that the module gzip writes depends on Python's version."""


def pack(facts: Mapping[str, Any], tables: Mapping[str, Mapping[str, NDArray[Any]]]) -> str:
    """One block of the page.

    Args:
        facts: plain JSON values.
        tables: table → column → numbers; floats are kept in hundredths, whole numbers as they are.
    Returns:
        base64, whose letters mean nothing to HTML.
    """
    columns = [
        (table, name, _whole(values), HUNDREDTHS if values.dtype.kind == "f" else 1)
        for table, named in tables.items()
        for name, values in named.items()
    ]
    told = [[table, name, len(numbers), divisor] for table, name, numbers, divisor in columns]
    head = json.dumps({"facts": facts, "columns": told}, ensure_ascii=False, allow_nan=False,
                      separators=(",", ":")).encode()  # fmt: skip
    planes = b"".join(_planes(numbers) for _, _, numbers, _ in columns)
    block = len(head).to_bytes(4, "little") + head + planes
    return base64.b64encode(zlib.compress(block, 6, wbits=_GZIP)).decode()


def _whole(values: NDArray[Any]) -> NDArray[np.int32]:
    scaled = np.rint(values * HUNDREDTHS) if values.dtype.kind == "f" else values
    return np.clip(scaled, -_LARGEST, _LARGEST).astype("<i4")


def _planes(numbers: NDArray[np.int32]) -> bytes:
    return numbers.view(np.uint8).reshape(-1, 4).T.tobytes()

"""Converters of one column's cells; a cell that does not fit becomes empty, never a guess.

Whole floats and "3.0" are whole numbers; true/false may be written yes/no or 1/0; dates are
2026-11-28 (midnight may follow, anywhere); moments are ISO 8601, in UTC when they name no offset.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sitecast.records.contract import Kind

MAX_WHOLE = 2.0**53
_UNSAFE = (
    "[\\x00-\\x1f\\x7f-\\x9f\\x{200e}\\x{200f}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069}\\x{fffd}]"
)
_WHOLE = r"^[+-]?[0-9]{1,18}(\.0*)?$"
_NUMBER = r"^-?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]00:00(:00(\.0+)?)?Z?)?$"
_INSTANT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?$"  # noqa: E501
_TRUE, _FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")


def cell_texts(array: pa.Array) -> pa.Array:
    """Text without blanks around it, in Unicode's composed form; empty text is an empty cell."""
    array = array.cast(pa.large_string()) if pa.types.is_string(array.type) else array
    if not _all_plain(array):
        array = pc.utf8_normalize(pc.utf8_trim_whitespace(array), form="NFC")
    empty = pc.equal(pc.binary_length(array), 0)
    return pc.if_else(empty, pa.scalar(None, array.type), array) if pc.any(empty).as_py() else array


def _all_plain(array: pa.Array) -> bool:
    """Whether every byte is visible ASCII: then there is nothing to trim, compose or refuse."""
    first, last = _offsets(array)
    if last == first:
        return True
    data = np.frombuffer(array.buffers()[2], dtype=np.uint8)[first:last]
    return bool(data.min() > 0x20) and bool(data.max() < 0x7F)


def _offsets(array: pa.Array) -> tuple[int, int]:
    if len(array) == 0 or array.buffers()[2] is None:
        return 0, 0
    offsets = np.frombuffer(array.buffers()[1], dtype=np.int64)
    return int(offsets[array.offset]), int(offsets[array.offset + len(array)])


def _text(array: pa.Array) -> pa.Array:
    if pa.types.is_large_string(array.type):
        if _all_plain(array):
            return array
        unsafe = pc.match_substring_regex(array, _UNSAFE)
        return pc.if_else(unsafe, pa.scalar(None, array.type), array)
    if pa.types.is_integer(array.type) or _is_whole_decimal(array.type):
        return array.cast(pa.large_string())
    return pa.nulls(len(array), pa.large_string())


def _is_whole_decimal(kind: pa.DataType) -> bool:
    """Whether it can only hold whole numbers: an id that a database keeps as NUMERIC."""
    return bool(pa.types.is_decimal(kind) and kind.scale == 0)


def _json(array: pa.Array) -> pa.Array:
    is_text = pa.types.is_large_string(array.type)
    return array if is_text else pa.nulls(len(array), pa.large_string())


def _count(array: pa.Array) -> pa.Array:
    kind = array.type
    if pa.types.is_large_string(kind):
        whole = pc.replace_substring_regex(_matching(array, _WHOLE), r"^\+|\.0*$", "")
        return whole.cast(pa.int64())
    if pa.types.is_unsigned_integer(kind):
        fits = pc.less_equal(array, pa.scalar(2**53).cast(pa.uint64()))
        return pc.if_else(fits, array, pa.scalar(None, kind)).cast(pa.int64())
    if pa.types.is_integer(kind):
        return array.cast(pa.int64())
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        number = array.cast(pa.float64(), safe=False)
        fits = pc.and_(pc.equal(number, pc.floor(number)), pc.less_equal(pc.abs(number), MAX_WHOLE))
        return pc.if_else(fits, number, pa.scalar(None, pa.float64())).cast(pa.int64())
    return pa.nulls(len(array), pa.int64())


def _amount(array: pa.Array) -> pa.Array:
    kind = array.type
    if pa.types.is_large_string(kind):
        return _matching(array, _NUMBER).cast(pa.float64())
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return array.cast(pa.float64(), safe=False)
    return pa.nulls(len(array), pa.float64())


def _day(array: pa.Array) -> pa.Array:
    kind, day = array.type, pa.timestamp("ms")
    if pa.types.is_large_string(kind):
        return _parsed(pc.utf8_slice_codeunits(_matching(array, _DAY), 0, 10), "ms", utc=False)
    if pa.types.is_timestamp(kind):
        array = pc.local_timestamp(array) if kind.tz else array  # the day that midnight begins
        kind = array.type
        whole = pc.equal(pc.floor_temporal(array, unit="day"), array)
        return pc.if_else(whole, array, pa.scalar(None, kind)).cast(day, safe=False)
    return array.cast(day) if pa.types.is_date(kind) else pa.nulls(len(array), day)


def _instant(array: pa.Array) -> pa.Array:
    kind, moment = array.type, pa.timestamp("us", "UTC")
    if pa.types.is_large_string(kind):
        return _parsed(_matching(array, _INSTANT), "us", utc=True)
    if pa.types.is_timestamp(kind):
        coarse = array.cast(pa.timestamp("us", kind.tz), safe=False)
        return coarse.cast(moment) if kind.tz else pc.assume_timezone(coarse, "UTC")
    if pa.types.is_date(kind):
        return pc.assume_timezone(array.cast(pa.timestamp("us")), "UTC")
    return pa.nulls(len(array), moment)


def _flag(array: pa.Array) -> pa.Array:
    kind = array.type
    if pa.types.is_boolean(kind):
        return array
    if pa.types.is_large_string(kind):
        word = pc.utf8_lower(array)
    else:  # 1 and 0 of any type; what is no number is neither
        word = _count(array).cast(pa.large_string())
    yes = pc.is_in(word, pa.array(_TRUE, word.type))
    known = pc.or_(yes, pc.is_in(word, pa.array(_FALSE, word.type)))
    return pc.if_else(known, yes, pa.scalar(None, pa.bool_()))


def _matching(array: pa.Array, pattern: str) -> pa.Array:
    fits = pc.match_substring_regex(array, pattern)
    return pc.if_else(fits, array, pa.scalar(None, array.type))


def _parsed(array: pa.Array, unit: str, *, utc: bool) -> pa.Array:
    texts = array.to_pandas()
    if utc:
        moments = pd.to_datetime(texts, errors="coerce", format="ISO8601", utc=True)
        return pa.array(moments.astype("datetime64[us, UTC]"), from_pandas=True)
    days = pd.to_datetime(texts, errors="coerce", format="%Y-%m-%d")
    return pa.array(days.astype(f"datetime64[{unit}]"), from_pandas=True)


CONVERTERS: Mapping[Kind, Callable[[pa.Array], pa.Array]] = {
    "text": _text, "json": _json, "count": _count, "amount": _amount, "day": _day,
    "instant": _instant, "flag": _flag,
}  # fmt: skip
MEANT: Mapping[Kind, str] = {
    "text": "text (or an integer) without control characters",
    "json": "a JSON object as text",
    "count": "a whole number such as 12",
    "amount": "a number such as 12.5, with a decimal point",
    "day": "a date such as 2026-11-28",
    "instant": "a moment such as 2026-11-25T12:00:00Z",
    "flag": "true or false",
}

"""Strict conversion of a raw table to the contract's dtypes; every cell that fails is told.

What belongs here: from whatever a source gives (text, integers, timestamps, …) to declared kinds.
What does not: bounds and keys (records/contract.py), rules that span tables (cross_checks.py).
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sitecast.errors import Breach
from sitecast.extract.cells import CONVERTERS, cell_texts
from sitecast.extract.mapping import AS_OF
from sitecast.records.contract import DTYPES, NULLABLE_DTYPES, Column, TableContract, instant

_WRITTEN_OUT = {dict, list, uuid.UUID}
"""What databases give for JSON and UUID columns: as people write them."""
_AS_OF = instant(AS_OF, "when the row became known", nullable=True, optional=True)


@dataclass(frozen=True)
class Converted:
    """A table in declared dtypes, and what could not be converted (those cells are empty)."""

    frame: pd.DataFrame
    faults: Mapping[str, pd.Series]
    """By column: the values that failed, as text, with the frame's index."""
    missing: tuple[str, ...]
    """Required columns that the source does not have; all empty in the frame."""

    def breaches(self, contract: TableContract) -> list[Breach]:
        """A breach for each missing column."""
        return [
            Breach(contract.name, name, "", "", "column is missing",
                   f"add the column {name}, or name its source column in the mapping file")
            for name in self.missing
        ]  # fmt: skip


def convert(contract: TableContract, raw: pd.DataFrame) -> Converted:
    """Convert a raw table.

    Args:
        contract: what the table must be.
        raw: columns under the contract's names, of any type; may carry as_of.
    Returns:
        All columns of the contract (optional ones filled by their defaults), and as_of where the
        raw table has it.
    """
    columns: dict[str, pd.Series] = {}
    faults: dict[str, pd.Series] = {}
    for column in (*contract.columns, *((_AS_OF,) if AS_OF in raw else ())):
        if column.name not in raw:
            columns[column.name] = _filled(column, len(raw))
            continue
        values, bad = _converted(column, _arrow(raw[column.name]))
        columns[column.name] = values
        if len(bad):
            faults[column.name] = bad
    missing = [c.name for c in contract.columns if not c.optional and c.name not in raw]
    return Converted(pd.DataFrame(columns, copy=False), faults, tuple(missing))


def _converted(column: Column, array: pa.Array) -> tuple[pd.Series, pd.Series]:
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        array = cell_texts(array)
    values = CONVERTERS[column.kind](array)
    if values.null_count == array.null_count:  # converters empty cells, and fill none
        lost = np.zeros(len(array), dtype=bool)
    else:
        lost = pc.and_(pc.is_valid(array), pc.is_null(values)).to_numpy(zero_copy_only=False)
    where = np.flatnonzero(lost)
    bad = pd.Series([str(array[int(row)].as_py()) for row in where], index=where, dtype=object)
    if column.optional and column.default is not None and values.null_count:
        values = pc.if_else(
            pa.array(lost), values, pc.fill_null(values, pa.scalar(column.default, values.type))
        )
    return _series(column, values), bad


def _series(column: Column, values: pa.Array) -> pd.Series:
    kind = column.kind
    if kind == "amount":
        return pd.Series(values.to_numpy(zero_copy_only=False))
    if kind in ("day", "instant"):
        return values.to_pandas(date_as_object=False).astype(DTYPES[kind]).rename(None)
    nullable = column.nullable or values.null_count > 0
    dtype = (NULLABLE_DTYPES if nullable else DTYPES)[kind]
    if isinstance(dtype, str) and dtype[0].islower() and dtype != "boolean":
        return pd.Series(values.to_numpy(zero_copy_only=False), dtype=dtype)
    return pd.Series(pd.api.types.pandas_dtype(dtype).__from_arrow__(values))


def _filled(column: Column, rows: int) -> pd.Series:
    dtype = column.dtype if column.optional else NULLABLE_DTYPES[column.kind]
    empty: object = None if column.kind in ("text", "json", "day", "instant") else pd.NA
    default = column.default if column.optional else None
    if default is None and column.kind == "amount":
        empty = np.nan
    return pd.Series([empty if default is None else default] * rows, dtype=dtype)


def _arrow(values: pd.Series) -> pa.Array:
    """The cells as one Arrow array; as text when they are of several kinds, never coerced."""
    kinds = set(map(type, values.dropna())) if values.dtype == object else set()
    as_text = len(kinds) > 1 or bool(kinds & _WRITTEN_OUT)
    try:
        array = pa.array(values.map(_as_text) if as_text else values, from_pandas=True)
    except (pa.ArrowException, OverflowError, TypeError):  # Decimal("Infinity") is a TypeError
        array = pa.array(values.map(_as_text), from_pandas=True)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
        array = array.chunk(0) if isinstance(array, pa.ChunkedArray) else array
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    return array


def _as_text(value: object) -> str | None:
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=_listed)
    return None if pd.api.types.is_scalar(value) and pd.isna(value) else str(value)


def _listed(value: object) -> object:
    """A list in a struct of a Parquet file comes as a NumPy array."""
    return value.tolist() if isinstance(value, np.ndarray) else str(value)

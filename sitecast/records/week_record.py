"""What one step of one menu week hands to the next: named tables and where they came from.

A record's version is the hash of its provenance and of the canonical content of its tables, so
that the same plan, seed and code give the same version on any machine (R7).
"""

import datetime as dt
import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Provenance:
    """Everything that decides a record's content."""

    plan_id: str
    menu_week: str
    as_of: str
    seed: int
    code_version: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Version of each record this one was made from, by asset name."""


@dataclass(frozen=True)
class WeekRecord:
    """Tables of one menu week, immutable, with their provenance. Treat the frames as read-only."""

    asset: ClassVar[str]
    provenance: Provenance
    tables: Mapping[str, pd.DataFrame]

    def __getitem__(self, table: str) -> pd.DataFrame:
        return self.tables[table]

    @property
    def menu_week(self) -> str:
        """The week all tables belong to."""
        return self.provenance.menu_week

    @functools.cached_property
    def content_hashes(self) -> dict[str, str]:
        """sha256 of each table's values, whatever file format holds them."""
        return {name: content_hash(self.tables[name]) for name in sorted(self.tables)}

    @functools.cached_property
    def version(self) -> str:
        """The id of this version: 16 hex digits of a sha256."""
        facts = {
            "asset": self.asset,
            "schema": SCHEMA_VERSION,
            "provenance": asdict(self.provenance),
            "content": self.content_hashes,
        }
        text = json.dumps(facts, sort_keys=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class WeekData(WeekRecord):
    """extracted_data: the validated input tables of a week, as known at the plan's as_of."""

    asset = "extracted_data"

    def lead_days(self, as_of: dt.datetime) -> int:
        """Days from as_of to the first date of the week."""
        calendar = self["menu_weeks"].set_index("menu_week")["start_date"]
        return int((calendar[self.menu_week].date() - as_of.date()).days)


class SimulatedOrders(WeekRecord):
    """simulated_orders: placed boxes, draw 0 box by box, and what every other draw follows from."""

    asset = "simulated_orders"


class SiteForecast(WeekRecord):
    """site_forecast: what each site needs, and the load, kits and boxes behind it."""

    asset = "site_forecast"


class ForecastChanges(WeekRecord):
    """forecast_changes: what changed since the last published forecast, cause by cause."""

    asset = "forecast_changes"


WEEK_RECORDS: tuple[type[WeekRecord], ...] = (
    WeekData, SimulatedOrders, SiteForecast, ForecastChanges
)  # fmt: skip


def content_hash(frame: pd.DataFrame) -> str:
    """sha256 over column names, kinds, values and empty cells, independent of the file format."""
    digest = hashlib.sha256(str(len(frame)).encode())
    for name in frame.columns:
        array = pa.array(frame[name], from_pandas=True)
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks()
        if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
            array = array.cast(pa.large_string())
            parts = [_filled(pc.binary_length(array), -1), _characters(array)]
        else:
            parts = [array.is_null().to_numpy(zero_copy_only=False), _numbers(array)]
        digest.update(f"\x1e{name}\x1f{array.type}\x1f".encode())
        for part in parts:
            digest.update(np.ascontiguousarray(part).data)
    return digest.hexdigest()


def _characters(array: pa.LargeStringArray) -> NDArray[np.uint8]:
    """The UTF-8 bytes of all cells, one after the other; an empty cell has none."""
    if array.null_count:
        array = array.fill_null("")  # what lies under an empty cell is anything
    _, offsets, data = array.buffers()
    if len(array) == 0 or data is None:
        return np.zeros(0, dtype=np.uint8)
    ends = np.frombuffer(offsets, dtype=np.int64)
    first, last = ends[array.offset], ends[array.offset + len(array)]
    return np.frombuffer(data, dtype=np.uint8)[first:last]


def _numbers(array: pa.Array) -> NDArray[np.generic]:
    if pa.types.is_temporal(array.type):
        array = array.cast(pa.int64())
    elif pa.types.is_boolean(array.type):
        array = array.cast(pa.int8())
    return _filled(array, 0)


def _filled(array: pa.Array, empty: int) -> NDArray[np.generic]:
    full = array.fill_null(empty) if array.null_count else array
    numbers: NDArray[np.generic] = full.to_numpy(zero_copy_only=False)
    return numbers

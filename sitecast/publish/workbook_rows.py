"""The rows of a sheet, put together as text: a writer that takes cell by cell needs seven times
as long for a hundred thousand of them.

The spreadsheet library writes a template of each sheet: its header, its set-up, and one sample of
every look and every text. From the samples we read how a cell is spelled in this workbook, and
put the rows in their place. What belongs here: the file format's rows. What does not: how a sheet
looks (workbook_sheet.py).
"""

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from sitecast.publish import spelling
from sitecast.publish.csv_cells import looks_like_formula
from sitecast.publish.workbook_cells import cell_text, serial_days
from sitecast.publish.workbook_columns import SheetColumn
from sitecast.publish.workbook_sheet import SCALE, Styles
from sitecast.publish.workbook_tables import TableSheet

DIGITS = 3
"""Decimals kept of a number: grams where people read kg."""
_AT_ONCE = 16_384
_LEVEL = 4  # of compression: more takes twice the time for a tenth of the bytes
_SAMPLES_FROM = 2
_TEXT = re.compile(r'<c r="A\d+"([^>]*>.*?</c>)')
_LOOK = re.compile(rf'<c r="[B-Z]+{_SAMPLES_FROM}"([^>]*)><v>')
_DATA = re.compile(rf'<row r="{_SAMPLES_FROM}".*</sheetData>', re.DOTALL)
_SIZE = re.compile(r'<dimension ref="[^"]*"/>')
_COUNT = re.compile(rb' count="\d+"')


@dataclass(frozen=True)
class SheetRows:
    """A table whose rows are still to be put into its sheet."""

    table: TableSheet
    known: tuple[str, ...]
    """Every text of the table, in the order of the samples."""
    looks: tuple[str, ...]

    def fill(self, template: str) -> Iterator[bytes]:
        """The sheet's file with its rows instead of the samples."""
        found = _DATA.search(template)
        if found is None:
            yield template.encode()
            return
        cells = dict(zip(self.known, _TEXT.findall(found.group()), strict=True))
        looks = dict(zip(self.looks, _LOOK.findall(found.group()), strict=True))
        last = f"{xl_col_to_name(len(self.table.columns) - 1)}{len(self.table.frame) + 1}"
        yield _SIZE.sub(f'<dimension ref="A1:{last}"/>', template[: found.start()]).encode()
        yield from (rows.encode() for rows in _rows(self.table, cells, looks))
        yield b"</sheetData>"
        yield template[found.end() :].encode()


def write_samples(sheet: Worksheet, table: TableSheet, styles: Styles) -> SheetRows:
    """Write one cell of every look and every text below the header, to learn their spelling."""
    if table.frame.empty:
        return SheetRows(table, (), ())
    row = _SAMPLES_FROM - 1
    for place, look in enumerate(styles.looks.values(), start=1):
        sheet.write_number(row, place, 0, look)
    told = [table.frame[c.source].dropna().unique() for c in table.columns if c.form == "text"]
    known = tuple(sorted({cell_text(str(word)) for words in told for word in words} - {""}))
    for place, text in enumerate(known):
        look = styles.guarded if looks_like_formula(text) else styles.looks["text"]
        sheet.write_string(row + place, 0, text, look)
    return SheetRows(table, known, tuple(styles.looks))


def filled(template: bytes, rows: Mapping[str, SheetRows]) -> bytes:
    """The workbook with its rows.

    Args:
        template: a workbook of headers and samples.
        rows: what to put into it, by the name of the sheet's file.
    """
    target = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(template)) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive,
    ):
        for name in source.namelist():
            content = source.read(name)
            with archive.open(name, "w", force_zip64=False) as part:
                if name in rows:
                    for piece in rows[name].fill(content.decode()):
                        part.write(piece)
                elif name == "xl/sharedStrings.xml":  # how often they are used; may be left out
                    part.write(_COUNT.sub(b"", content, count=1))
                else:
                    part.write(content)
    return target.getvalue()


def _rows(table: TableSheet, known: Mapping[str, str], looks: Mapping[str, str]) -> Iterator[str]:
    for start in range(0, len(table.frame), _AT_ONCE):
        some = table.frame.iloc[start : start + _AT_ONCE]
        first = start + _SAMPLES_FROM
        number = pa.array(range(first, first + len(some))).cast(pa.large_string())
        cells = [
            _cells(column, some, f'<c r="{xl_col_to_name(place)}', number, known, looks)
            for place, column in enumerate(table.columns)
        ]
        rows = spelling.joined('<row r="', number, '">', *cells, "</row>")
        yield "".join(rows.to_pylist())


def _cells(
    column: SheetColumn, frame: pd.DataFrame, begin: str, number: pa.Array,
    known: Mapping[str, str], looks: Mapping[str, str],
) -> pa.Array:  # fmt: skip
    """The column's cells of some rows; null where a cell is empty."""
    if column.form == "text":
        end = spelling.words(frame[column.source], lambda text: known.get(cell_text(text)))
        told = end
    else:
        told = _spelled(_numbers(column, frame), whole=column.form in ("date", "count"))
        end = spelling.joined(_styles(column, frame, looks), "><v>", told, "</v></c>")
    return pc.if_else(told.is_valid(), spelling.joined(begin, number, '"', end), None)


def _spelled(values: NDArray[np.float64], whole: bool) -> pa.Array:
    if not whole:
        return spelling.numbers(values)
    return pa.array(np.trunc(values), from_pandas=True).cast(pa.int64()).cast(pa.large_string())


def _numbers(column: SheetColumn, frame: pd.DataFrame) -> NDArray[np.float64]:
    """What stands in the cells of a column of numbers or dates; nan where a cell is empty."""
    values = serial_days(frame[column.source]) if column.form == "date" else frame[column.source]
    plain = values.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
    if column.form == "quantity":
        plain = plain / frame["uom"].map(SCALE).fillna(1.0).to_numpy(dtype=np.float64)
    elif column.form == "money":
        plain = plain / 100  # people read whole units of the currency
    return np.round(plain, DIGITS)


def _styles(column: SheetColumn, frame: pd.DataFrame, looks: Mapping[str, str]) -> pa.Array | str:
    """How the cells of a column look: all alike, but quantities by their unit."""
    if column.form != "quantity":
        return looks[column.form]
    return spelling.words(frame["uom"], lambda uom: looks.get(f"quantity {uom}", looks["boxes"]))

"""One Parquet or CSV file as an Arrow table. CSV cells stay text: they are typed later."""

import csv
import io
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from sitecast.errors import DataError

SEPARATORS = (",", ";", "\t")
MAX_ROWS = 200_000_000
"""Of one Parquet file: a few kilobytes of it may unfold to more than any machine holds."""
MAX_CSV_BYTES = 10_000_000_000


def read_file(path: Path, table: str) -> pa.Table:
    """Read a whole file.

    Raises:
        DataError: truncated, not UTF-8, ragged rows, no header, a column name twice, or more than
            MAX_ROWS or MAX_CSV_BYTES.
        MemoryError: the machine has no room for it.
    """
    try:
        read = _read_csv if path.suffix == ".csv" else _read_parquet
        content = read(path, table)
    except (MemoryError, DataError):  # Arrow's error of memory is one of its own kind as well
        raise
    except (pa.ArrowException, UnicodeDecodeError, OSError, csv.Error, ValueError) as error:
        raise DataError(
            f"cannot read the file: {error}", {"table": table, "file": path.name},
            "write the file again; CSV must be UTF-8 with one header line",
        ) from error  # fmt: skip
    again = [name for name, times in Counter(content.column_names).items() if times > 1]
    if again:
        raise DataError(
            f"column names stand twice: {', '.join(again)}",
            {"table": table, "file": path.name}, "give each column its own name",
        )  # fmt: skip
    return content


def _read_parquet(path: Path, table: str) -> pa.Table:
    rows = pyarrow.parquet.read_metadata(path).num_rows
    if rows > MAX_ROWS:
        raise _too_big(f"{rows:,} rows", f"{MAX_ROWS:,}", path, table)
    return pyarrow.parquet.read_table(path)


def _read_csv(path: Path, table: str) -> pa.Table:
    if (size := path.stat().st_size) > MAX_CSV_BYTES:
        raise _too_big(f"{size:,} bytes", f"{MAX_CSV_BYTES:,}", path, table)
    header = _header_line(path)
    separator = max(SEPARATORS, key=lambda mark: len(_cells(header, mark)))
    names = [name.strip() for name in _cells(header, separator)]
    if not any(names):
        raise ValueError("there is no header line")
    return pyarrow.csv.read_csv(
        path,
        read_options=pyarrow.csv.ReadOptions(column_names=names, skip_rows=1),
        parse_options=pyarrow.csv.ParseOptions(delimiter=separator, newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )


def _too_big(size: str, most: str, path: Path, table: str) -> DataError:
    return DataError(
        f"{size} are more than a file may have ({most})", {"table": table, "file": path.name},
        "split it into Parquet parts named after menu weeks",
    )  # fmt: skip


def _header_line(path: Path) -> str:
    with path.open(encoding="utf-8-sig", newline=None) as file:
        return file.readline(1_000_000).rstrip("\n")


def _cells(line: str, separator: str) -> list[str]:
    return next(csv.reader(io.StringIO(line), delimiter=separator), [])

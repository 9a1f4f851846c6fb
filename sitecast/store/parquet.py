"""One table as Parquet bytes and back, with the pandas dtypes exactly as they were.

Text comes back as contract.TEXT whatever pandas wrote it with; every other dtype by its name,
which stands in the file's own metadata. Nothing is pickled.
"""

import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandas.api.types import is_numeric_dtype, is_string_dtype

from sitecast.errors import Corrupt, StoreError
from sitecast.records.contract import TEXT

_DTYPES = b"sitecast.dtypes"


def to_parquet(frame: pd.DataFrame) -> bytes:
    """Encode a table; its index is not kept.

    Raises:
        StoreError: a column is neither text, number, flag nor date.
    """
    names = {str(name): _dtype_name(str(name), frame[name]) for name in frame.columns}
    table = pa.Table.from_pandas(frame, preserve_index=False)
    table = table.replace_schema_metadata({_DTYPES: json.dumps(names).encode()})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    encoded: bytes = sink.getvalue().to_pybytes()
    return encoded


def from_parquet(data: bytes) -> pd.DataFrame:
    """Decode what to_parquet() wrote.

    Raises:
        Corrupt: the bytes are not such a file.
    """
    try:
        # From memory: a Python file would be read by threads that call Python, and CPython stands
        # still for good in a fork that happens just when one of them comes or goes.
        table = pq.ParquetFile(pa.BufferReader(data), pre_buffer=False).read()
        names: dict[str, str] = json.loads(table.schema.metadata[_DTYPES])
        columns = {name: _series(table.column(name), dtype) for name, dtype in names.items()}
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        raise Corrupt(f"not a table of the store: {error}", {}, "run the week again") from error
    return pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows), copy=False)


def _dtype_name(name: str, column: pd.Series) -> str:
    dtype = column.dtype
    if is_numeric_dtype(dtype) or dtype.kind == "M":
        return str(dtype)
    if is_string_dtype(column) or not len(column.dropna()):
        return "text"
    raise StoreError(
        f"cannot store the dtype {dtype}", {"column": name}, "use a dtype of records.contract"
    )


def _series(values: pa.ChunkedArray, dtype: str) -> pd.Series:
    if dtype == "text":
        return pd.Series(TEXT.__from_arrow__(values.cast(pa.large_string())))
    extension = pd.api.types.pandas_dtype(dtype)
    if isinstance(extension, pd.api.extensions.ExtensionDtype) and hasattr(
        extension, "__from_arrow__"
    ):
        return pd.Series(extension.__from_arrow__(values))
    return values.to_pandas().astype(extension)

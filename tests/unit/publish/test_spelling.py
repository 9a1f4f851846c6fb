import numpy as np
import pandas as pd

from sitecast.publish.csv_cells import to_csv
from sitecast.publish.spelling import numbers
from sitecast.records.contract import TEXT


def test_numbers_are_spelled_as_python_spells_them() -> None:
    rng = np.random.Generator(np.random.Philox(8))
    any_bits = rng.integers(0, 2**64, 20_000, dtype=np.uint64).view(np.float64)
    edges = [10.0**power for power in range(-12, 22)]
    edges += [np.nextafter(edge, side) for edge in edges for side in (0, np.inf)]
    values = np.concatenate([
        any_bits[np.isfinite(any_bits)], rng.lognormal(3, 6, 20_000), edges, np.negative(edges),
        np.arange(40) / 8, [0.0, -0.0, 5e-324, 0.1 + 0.2, np.inf, -np.inf],
    ])  # fmt: skip
    assert numbers(values).to_pylist() == [repr(value) for value in values.tolist()]


def test_csv_is_what_pandas_writes() -> None:
    texts = ["plain", 'say "so"', "a,b", "two\nlines", "", " lead", None, "é"]
    days = pd.Series(pd.date_range("2026-11-28", periods=8)).astype("datetime64[ms]")
    frame = pd.DataFrame({
        "text": pd.Series(texts, dtype=TEXT),
        "objects": pd.Series(texts, dtype=object),
        "amount": [0.5, 2.0, np.nan, 1e-7, -3.25, 1e22, 0.1, 123456789.125],
        "share": pd.array([0.5, None, 1, 0, 0.25, 3, 4, 5], dtype="Float64"),
        "count": pd.array([None, *range(7)], dtype="Int64"),
        "flag": [True, False] * 4,
        "day": days.where(days != days[3]),
        "moment": pd.Series(pd.date_range("2026-11-28 06:30", periods=8, tz="UTC")),
        'odd "name",': range(8),
    })  # fmt: skip
    by_pandas = frame.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")
    assert to_csv(frame) == by_pandas
    assert to_csv(frame.iloc[:0]) == by_pandas.split(b"\r\n")[0] + b"\r\n"

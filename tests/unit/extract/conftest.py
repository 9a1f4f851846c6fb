from pathlib import Path

import pandas as pd
import pytest
from worlds import small_week

from sitecast.records.tables_read import TABLES_READ


@pytest.fixture
def csv_folder(tmp_path: Path) -> Path:
    """The small company as CSV files."""
    folder = tmp_path / "input"
    folder.mkdir()
    for name, frame in small_week().tables.items():
        if len(frame):
            frame.to_csv(folder / f"{name}.csv", index=False)
    return folder


@pytest.fixture
def small_tables() -> dict[str, pd.DataFrame]:
    """The small company's tables in the order of their keys, as extraction leaves them."""
    tables = small_week().tables
    return {name: frame.sort_values(list(TABLES_READ[name].key)).reset_index(drop=True)
            for name, frame in tables.items()}  # fmt: skip

"""Read back what a publication holds."""

import pandas as pd

from sitecast.records.publication import Publication
from sitecast.records.tables_written import TABLES_WRITTEN
from sitecast.store.parquet import from_parquet


def published_table(publication: Publication, name: str) -> pd.DataFrame:
    """A table of a publication; without rows where an older version did not publish it."""
    path = publication.folder / f"{name}.parquet"
    return from_parquet(path.read_bytes()) if path.exists() else TABLES_WRITTEN[name].empty()

"""The change feed: what became of publications, one event after the other, for services to poll."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sitecast.records.contract import TableContract, count, instant, json_text, text

EventKind = Literal["published", "superseded", "recalled"]
EVENT_KINDS: tuple[EventKind, ...] = ("published", "superseded", "recalled")
TableFacts = Mapping[str, Mapping[str, int | str]]
"""Table → {"rows": …, "sha256": of its Parquet file}; without the sums where none was kept."""

PUBLICATION_FEED = TableContract(
    "publication_feed",
    "What happened to publications: rows are only ever added, and their numbers have no gaps. A "
    "service keeps the last number it has read and asks for what came after.",
    ("seq",),
    (
        count("seq", "1, 2, 3, … in the order of the changes", minimum=1),
        text("event", "what happened to publication_id", values=EVENT_KINDS),
        text("publication_id", "immutable version of a plan's forecast"),
        text("plan_id", "its plan"),
        instant("at", "when"),
        text("current_publication_id", "publication that is current from this event on; none when "
             "empty", nullable=True),
        text("contract_version", "contract that the publication's tables follow; empty where it "
             "was published before there was one"),
        json_text("tables", "rows of each published table, and the sha256 of its Parquet file"),
        text("why", "reason of a recall, else empty"),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class FeedEvent:
    """One row of publication_feed."""

    seq: int
    event: EventKind
    publication_id: str
    plan_id: str
    at: dt.datetime
    current_publication_id: str | None
    contract_version: str
    tables: TableFacts
    why: str = ""

    def to_plain(self) -> dict[str, Any]:
        """The event in values that JSON has."""
        return {**vars(self), "at": self.at.isoformat(), "tables": dict(self.tables)}

"""What a stored record is found by, and what a store of versions has to do."""

from dataclasses import dataclass
from typing import Protocol

from sitecast.errors import Overtaken, StoreError
from sitecast.records.plan import checked_plan_id
from sitecast.records.week_record import WEEK_RECORDS
from sitecast.weeks import checked_menu_week

ASSETS = tuple(record.asset for record in WEEK_RECORDS)


@dataclass(frozen=True)
class WeekKey:
    """One asset of one week of a plan; its parts may become parts of a path."""

    plan_id: str
    menu_week: str
    asset: str

    def __post_init__(self) -> None:
        if self.asset not in ASSETS:
            raise StoreError("not an asset of the store", {"asset": self.asset}, ", ".join(ASSETS))
        checked_plan_id(self.plan_id)
        checked_menu_week(self.menu_week)

    @property
    def path(self) -> str:
        """Where its versions lie below the root of a store."""
        return f"{self.plan_id}/{self.menu_week}/{self.asset}"


@dataclass(frozen=True)
class Head:
    """Where a pointer stands; version is None where nothing is stored, or after a deletion."""

    version: str | None
    token: int


class Versions(Protocol):
    """Immutable versions by key, and a fenced pointer to the newest of each key."""

    def head(self, key: WeekKey) -> Head:
        """Where the pointer stands."""

    def commit(self, key: WeekKey, version: str, files: dict[str, bytes], token: int) -> None:
        """Store a version, unless it lies there whole, and point to it.

        Raises:
            Overtaken: an attempt with a higher token has moved the pointer already.
            StoreError: the store refuses; the previous version stays readable.
        """

    def read(self, key: WeekKey, version: str) -> dict[str, bytes] | None:
        """The files of a version, each checked against its sha256; None where there is none.

        Raises:
            Corrupt: what lies there is not what was written.
        """

    def delete(self, key: WeekKey, token: int) -> None:
        """Put a tombstone where the pointer is; versions stay where they are."""


def refuse_overtaken(key: WeekKey, head: Head, token: int) -> None:
    """Fence off an attempt that began before the one that moved the pointer last."""
    if head.token > token:
        raise Overtaken(
            "a newer attempt has stored this week already",
            {"asset": key.asset, "token": token, "newest": head.token},
            "nothing to do: the newer attempt's result stands",
        )

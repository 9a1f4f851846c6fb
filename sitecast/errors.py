"""The error tree: every error says what is wrong, where, and what to do next.

What belongs here: exception classes and the `Breach` they list. What does not: formatting for a
terminal (cli/) or for Dagster (sitecast_dagster/failures.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

MAX_SHOWN = 20


class SitecastError(Exception):
    """Base class; says what is wrong, where, and what to do next."""

    transient = False

    def __init__(
        self, problem: str, where: Mapping[str, object] | None = None, remedy: str = ""
    ) -> None:
        super().__init__(problem, where, remedy)  # positional: the error must survive pickling
        self.problem, self.where, self.remedy = problem, dict(where or {}), remedy

    def __str__(self) -> str:
        place = ", ".join(f"{name} {value!r}" for name, value in self.where.items())
        return self.problem + (f" ({place})" if place else "") + _remedy_line(self.remedy)


@dataclass(frozen=True)
class Breach:
    """One broken rule of the data contract: table, column, key, value and remedy."""

    table: str
    column: str
    key: str
    value: str
    rule: str
    remedy: str
    severity: Literal["error", "warning"] = "error"
    """A warning is told and stops nothing."""

    def __str__(self) -> str:
        mark = "warning: " if self.severity == "warning" else ""
        place = f"{self.table}.{self.column}" if self.column else self.table
        key = f" at {self.key}" if self.key else ""
        value = f" = {self.value}" if self.value else ""
        return f"{mark}{place}{key}{value}: {self.rule}{_remedy_line(self.remedy)}"


class DataError(SitecastError, ValueError):
    """Input breaks the declared contract; lists every breach (R12)."""

    def __init__(
        self, problem: str, where: Mapping[str, object] | None = None, remedy: str = "",
        breaches: Sequence[Breach] = (),
    ) -> None:  # fmt: skip
        super().__init__(problem, where, remedy)
        self.args = (problem, where, remedy, tuple(breaches))
        self.breaches = tuple(breaches)

    def __str__(self) -> str:
        lines = [f"  - {breach}" for breach in self.breaches[:MAX_SHOWN]]
        if len(self.breaches) > MAX_SHOWN:
            lines.append(f"  … and {len(self.breaches) - MAX_SHOWN} more (sitecast check-data)")
        return "\n".join([super().__str__(), *lines])


class SettingsError(SitecastError, ValueError):
    """A plan file or a deployment setting is wrong."""


class SourceUnavailable(SitecastError, OSError):
    """The source of the input data does not answer; trying again may help."""

    transient = True


class StoreError(SitecastError):
    """The versioned store refuses: missing, corrupt, or overtaken by a newer attempt."""


class NotFound(StoreError, LookupError):
    """Nothing is stored under this name yet."""


class Corrupt(StoreError):
    """What lies in the store is not what was written there."""


class Overtaken(StoreError):
    """A newer attempt holds the pointer; this one must not move it back (fencing)."""


class StoreUnavailable(StoreError, OSError):
    """The ledger's database does not answer or is locked; trying again may help."""

    transient = True


class ConservationError(SitecastError, AssertionError):
    """A conservation rule (R1, R3, R4, R5) does not hold: a defect of sitecast, not of the data."""


class DeliveryError(SitecastError, OSError):
    """A message could not be handed over; it stays in the outbox and is tried again."""

    transient = True


class OutOfMemory(SitecastError, MemoryError):
    """The machine has no more memory for this process."""


@contextmanager
def memory_told() -> Iterator[None]:
    """Turn Python's MemoryError, and that of any library, into one with a remedy."""
    try:
        yield
    except OutOfMemory:
        raise
    except MemoryError as error:
        raise OutOfMemory(
            f"not enough memory: {error}".strip(": "), {},
            "nothing was replaced; run fewer weeks at once (SITECAST_MAX_CONCURRENT_WEEKS), lower "
            "`draws` in the plan file, or give the machine more",
        ) from error  # fmt: skip


def _remedy_line(remedy: str) -> str:
    return f" → {remedy}" if remedy else ""

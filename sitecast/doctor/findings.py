"""What a check found: what is wrong, where, and what to do. Each kind has a runbook section."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sitecast.errors import SitecastError

Severity = Literal["error", "warning", "note"]
RUNBOOK = "docs/how-to/runbook.md"
KINDS = (
    "python-version", "package-missing", "unknown-variable", "disk-space", "home-missing",
    "home-rights", "lock-held", "ledger-missing", "ledger-unreachable", "ledger-damaged",
    "ledger-schema", "store-unreachable", "plan-file", "input", "week-without-data", "no-plan",
    "week-not-forecast", "not-published", "version-damaged", "publication-damaged",
    "pointer-differs", "leftover", "smtp", "emails-to-files", "no-recipients",
    "message-waiting", "message-interrupted", "message-refused", "message-held", "message-dead",
    "webhook", "dagster-not-set-up", "dagster-unreachable", "dagster-run-stuck",
    "dagster-daemon", "broker-unreachable", "no-worker", "check-failed",
)  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One thing that is worth knowing; an error needs a person."""

    kind: str
    severity: Severity
    problem: str
    remedy: str

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"not a kind of finding: {self.kind}")

    @property
    def section(self) -> str:
        """The section of the runbook about it."""
        return f"{RUNBOOK}#{self.kind}"

    def __str__(self) -> str:
        return f"{self.severity:<8}{self.problem}\n        → {self.remedy} ({self.section})"


Findings = Iterator[Finding]


def of_error(kind: str, error: SitecastError, severity: Severity = "error") -> Finding:
    """A known problem as a finding."""
    place = ", ".join(f"{name} {value!r}" for name, value in error.where.items())
    problem = error.problem + (f" ({place})" if place else "")
    return Finding(kind, severity, problem, error.remedy or "see the section of the runbook")

"""What a run of a whole plan did, week by week."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class RunReport:
    """The outcome of one plan: `done` or `failed` per week, and the publication, if any."""

    plan_id: str
    weeks: Mapping[str, str]
    failures: Mapping[str, str] = field(default_factory=dict)
    """What went wrong, in words, by menu week or by the name of the step."""
    publication_id: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether every week was forecast and the plan was published."""
        return not self.failures and self.publication_id is not None

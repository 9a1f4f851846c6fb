"""Which plan versions are to be published: a pure decision for whoever asks for runs (R10).

A version is due when every week of its plan is forecast and no publication is made of just these
versions. It is level-triggered: it stays due until it is published, however many attempts fail.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class PlanVersion:
    """One plan with one version of site_forecast for each of its weeks."""

    plan_id: str
    versions: Mapping[str, str]
    """menu week → version of site_forecast."""

    @property
    def fingerprint(self) -> str:
        """16 hex digits; equal plan versions, and only those, have equal ones."""
        text = json.dumps([self.plan_id, dict(self.versions)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def plans_due(
    plans: Mapping[str, Sequence[str]],
    materialised: Mapping[str, Mapping[str, str | None]],
    published: Collection[PlanVersion],
) -> list[PlanVersion]:
    """Complete plan versions that are not published yet, in the order of `plans`.

    Args:
        plans: plan_id → menu weeks, for the plans that may be published; one id per plan.
        materialised: plan_id → menu week → version of site_forecast made for that very plan; None
            or absent where there is none. Other weeks than the plan's are ignored.
        published: what publications were made of.
    """
    done = {version.fingerprint for version in published}
    due = []
    for plan_id, weeks in plans.items():
        heads = materialised.get(plan_id, {})
        versions = {week: head for week in weeks if (head := heads.get(week)) is not None}
        version = PlanVersion(plan_id, versions)
        if weeks and len(versions) == len(weeks) and version.fingerprint not in done:
            due.append(version)
    return due


def run_key(version: PlanVersion, attempts: int) -> str:
    """Name of the run that publishes a version.

    The runs for it that have ended are part of it: a scheduler that never repeats a key would
    otherwise lose the publication with its first failed run, or with one that published what had
    become the newest version meanwhile.

    Example:
        >>> run_key(PlanVersion("p", {"2026-W48": "v"}), 0) == run_key(PlanVersion("p", {}), 0)
        False
    """
    return f"{version.fingerprint}:{attempts}"

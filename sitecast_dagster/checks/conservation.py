"""The conservation rules as blocking in-asset checks.

What belongs here: names for the UI and the translation of results. What does not: the rules
(sitecast.forecast.check_conservation).
"""

from collections.abc import Iterable, Iterator

import dagster as dg

from sitecast.forecast import CONSERVATION_RULES
from sitecast.records.allocation import ConservationCheck


def conservation_specs(asset: str) -> list[dg.AssetCheckSpec]:
    """One blocking check per rule; a week that breaks one is never committed."""
    return [
        dg.AssetCheckSpec(name, asset=asset, description=rule, blocking=True)
        for name, rule in CONSERVATION_RULES.items()
    ]


def check_results(checks: Iterable[ConservationCheck]) -> Iterator[dg.AssetCheckResult]:
    """What the rules found, for the UI."""
    for check in checks:
        yield dg.AssetCheckResult(
            check_name=check.name,
            passed=check.passed,
            metadata={"rule": check.rule, "found": check.detail},
        )

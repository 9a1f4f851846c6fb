"""Checks that warn: a week may look odd and still be right.

What belongs here: their names in the UI and what they show. What does not: the rules (sitecast).
"""

import dagster as dg

from sitecast.records.week_record import SimulatedOrders
from sitecast.simulate import infeasible_shares

NAME = "shares_can_be_met"
SHOWN = 10


def plausibility_specs(asset: str) -> list[dg.AssetCheckSpec]:
    """One check per question; none stops the week."""
    rule = "every share the choice model asks for is within what boxes can hold"
    return [dg.AssetCheckSpec(NAME, asset=asset, description=rule)]


def plausibility_results(simulated: SimulatedOrders) -> list[dg.AssetCheckResult]:
    """Names the shares that no boxes can have; the simulator hands their excess to the others."""
    rows = infeasible_shares(simulated)
    named = [
        f"- {row.recipe_id} in {row.segment}: asked {row.share_asked:.4f}, "
        f"given {row.share_given:.4f}"
        for row in rows.head(SHOWN).itertuples()
    ]
    shares = dg.MetadataValue.md("\n".join(named) or "none")
    return [
        dg.AssetCheckResult(
            check_name=NAME, passed=rows.empty, severity=dg.AssetCheckSeverity.WARN,
            metadata={"infeasible": len(rows), "shares": shares},
        )
    ]  # fmt: skip

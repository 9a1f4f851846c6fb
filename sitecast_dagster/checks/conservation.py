"""The conservation rules as blocking in-asset checks.

What belongs here: their names in the UI, and the translation of results. What does not: the rules
(sitecast.forecast.check_conservation).
"""

import re
from collections.abc import Iterable, Iterator

import dagster as dg

from sitecast.records.allocation import ConservationCheck

RULES = {
    "placed_boxes_stand": "R1: every placed order stands, unchanged, in every draw",
    "boxes_are_where_they_can_be_made": "R2: a box's site makes its items and reaches its region",
    "load_within_caps": "R3: load is within the cap on every site-day, in every draw",
    "kits_within_the_caps_of_items": "R3: kits of an item at a site are within the item's cap",
    "lines_and_skus_within_their_caps": "R3: lines and SKUs of a site are within their caps",
    "no_box_is_lost": "R4: sites and unallocated together hold every box, in every draw",
    "quantities_are_kits_bom": "R5: quantities are kits × bill of materials, recomputed",
    "committed_is_part_of_every_draw": "R5: committed quantities are in every draw",
}


def conservation_specs(asset: str) -> list[dg.AssetCheckSpec]:
    """One blocking check per rule; a week that breaks one is never committed."""
    return [
        dg.AssetCheckSpec(name, asset=asset, description=rule, blocking=True)
        for name, rule in RULES.items()
    ]


def check_results(checks: Iterable[ConservationCheck]) -> Iterator[dg.AssetCheckResult]:
    """What the rules found, for the UI."""
    for check in checks:
        yield dg.AssetCheckResult(
            check_name=re.sub(r"[^a-z0-9]+", "_", check.name.lower()).strip("_"),
            passed=check.passed,
            metadata={"rule": check.rule, "found": check.detail},
        )

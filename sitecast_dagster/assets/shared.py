"""What the assets of a menu week have in common.

What belongs here: decorator arguments and the shape of their result. What does not: a step's work.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import dagster as dg

import sitecast
from sitecast.records.week_record import WeekRecord
from sitecast_dagster.metadata import record_metadata
from sitecast_dagster.partitions import MENU_WEEKS
from sitecast_dagster.runs import WeekStep
from sitecast_dagster.tags import GROUP, OWNERS, TAGS

R = TypeVar("R", bound=WeekRecord)


def week_asset(
    kinds: set[str],
    deps: Sequence[dg.AssetsDefinition] = (),
    check_specs: Sequence[dg.AssetCheckSpec] = (),
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """An asset with one partition per menu week, kept in the versioned store."""
    return dg.asset(
        partitions_def=MENU_WEEKS,
        io_manager_key="week_store",
        deps=deps,
        check_specs=check_specs,
        kinds=kinds,
        group_name=GROUP,
        owners=OWNERS,
        tags=TAGS,
        code_version=sitecast.__version__,
    )


def materialised(
    record: R, step: WeekStep, checks: Sequence[dg.AssetCheckResult] = (),
    facts: Mapping[str, Any] | None = None,
) -> dg.MaterializeResult[R]:  # fmt: skip
    """A finished record, with its version as data version; the IO manager commits it."""
    return dg.MaterializeResult(
        value=record,
        metadata={**(facts or {}), **record_metadata(record, step.token)},
        data_version=dg.DataVersion(record.version),
        check_results=checks,
    )

"""A waterfall of causes: the last published forecast turned into this one, input by input."""

from collections.abc import Callable, Mapping

import pandas as pd

from sitecast.changes.units import Need, changes_table, difference, in_units
from sitecast.changes.worlds import World, changed_groups, mixed, prepared
from sitecast.errors import SitecastError
from sitecast.records.tables_changes import CHANGE_NOTES
from sitecast.records.week_record import ForecastChanges, Provenance, SiteForecast

Forecaster = Callable[[World, SiteForecast | None], SiteForecast]
"""All steps of the pipeline: from a world, and a forecast to stay close to."""


def explain_changes(
    old: World, new: World, before: pd.DataFrame, after: pd.DataFrame, forecast: Forecaster,
    draws: int, provenance: Provenance,
) -> ForecastChanges:  # fmt: skip
    """Why qty_mean differs from the last published forecast, by site, day, SKU and cause.

    Groups of inputs that differ are swapped one at a time, in the order of worlds.GROUPS, under
    common random numbers: the new plan's seed, `draws` draws. The old world is forecast as it is,
    every mixture close to that. What a swap changes is its cause's. What all of them leave of the
    whole change is `draws`, or `code` where another version of code or models made the last
    forecast. A mixture that cannot be forecast (new orders hold what the old menu lacks) is told
    together with the next swap.

    Args:
        old: what the last published forecast was made from.
        new: what this one was made from.
        before: the table site_forecast of the old world.
        after: the same of the new one.
        forecast: called once for the old world and once for each group that differs.
        draws: draws of each mixture; no more than those of the plan are made.
        provenance: what the record says it was made from.
    Source:
        Common random numbers; decisions 0011 and the later one about causes. Rule R11.
    """
    most = min(draws, new.plan.draws)
    of_old, of_new = (prepared(world, new.plan, most) for world in (old, new))
    rest = "draws" if _same_code(old, new) else "code"
    try:
        parts, notes = _told(of_old, of_new, forecast, rest)
    except _OldWorldFails as error:
        reason = f"the inputs of the last plan cannot be forecast any more: {error}"
        return unexplained_changes(old.plan.plan_id, before, after, reason, provenance)
    left = _left(difference(in_units(after), in_units(before)), parts)
    return _record(provenance, old.plan.plan_id, {**parts, rest: left}, notes)


class _OldWorldFails(Exception):
    """There is nothing to swap inputs in."""


def unexplained_changes(
    plan_from: str, before: pd.DataFrame | None, after: pd.DataFrame, reason: str,
    provenance: Provenance,
) -> ForecastChanges:  # fmt: skip
    """One cause, `unknown`, with the reason; only the reason where `before` is lost too."""
    parts = {} if before is None else {"unknown": difference(in_units(after), in_units(before))}
    return _record(provenance, plan_from, parts, {"unknown": reason})


def no_changes(provenance: Provenance) -> ForecastChanges:
    """The record of a week that was not published before, or is not to be explained."""
    return _record(provenance, "", {}, {})


def _told(
    old: World, new: World, forecast: Forecaster, rest: str
) -> tuple[dict[str, Need], dict[str, str]]:
    """What each swap changes, by its cause, and notes on those that could not be told apart."""
    parts: dict[str, Need] = {}
    notes: dict[str, str] = {}
    untold: list[str] = []
    groups = changed_groups(old, new)
    if not groups:
        return parts, notes
    try:
        start = forecast(mixed(old, new, ()), None)
    except SitecastError as error:
        raise _OldWorldFails(_short(error)) from error
    last = in_units(start["site_forecast"])
    close_to = start if new.plan.settings.allocation.stability else None
    for place, group in enumerate(groups):
        try:
            now = in_units(
                forecast(mixed(old, new, groups[: place + 1]), close_to)["site_forecast"]
            )
        except SitecastError as error:
            untold.append(f"{group.cause} ({_short(error)})")
            continue
        parts[group.cause], last = difference(now, last), now
        if untold:
            notes[group.cause] = _together(untold)
            untold = []
    if untold:
        notes[rest] = _together(untold)
    return parts, notes


def _left(whole: Need, parts: Mapping[str, Need]) -> Need:
    """What the parts leave of the whole."""
    for part in parts.values():
        whole = difference(whole, part)
    return whole


def _together(untold: list[str]) -> str:
    return f"together with what could not be told apart: {'; '.join(untold)}"


def _short(error: SitecastError) -> str:
    """The problem, and the first breach where it lists some."""
    lines = [line.strip(" -") for line in str(error).splitlines()]
    return ": ".join(lines[:2])[:300]


def _same_code(old: World, new: World) -> bool:
    return (old.plan.code_version, old.plan.models) == (new.plan.code_version, new.plan.models)


def _record(
    provenance: Provenance, plan_from: str, parts: Mapping[str, Need], notes: Mapping[str, str]
) -> ForecastChanges:
    week = provenance.menu_week
    told = pd.DataFrame({"menu_week": week, "cause": list(notes), "note": list(notes.values())})
    return ForecastChanges(provenance, {
        "change_notes": CHANGE_NOTES.shaped(told),
        "forecast_changes": changes_table(parts, plan_from, provenance.plan_id, week),
    })  # fmt: skip

"""What needs a planner's eye, most urgent first: the findings of all rules, ranked.

What belongs here: how findings become the table exceptions. What does not: the rules themselves
(exceptions_boxes.py, exceptions_bom.py, exceptions_shares.py, exceptions_orders.py).
"""

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import replace

import pandas as pd

from sitecast.errors import Corrupt, NotFound
from sitecast.publish.contents import Contents
from sitecast.publish.exceptions_bom import bom_findings
from sitecast.publish.exceptions_boxes import cap_findings, unallocated_findings
from sitecast.publish.exceptions_orders import order_findings
from sitecast.publish.exceptions_shares import share_findings
from sitecast.publish.findings import Finding
from sitecast.records.plan import ForecastPlan
from sitecast.records.tables_exceptions import EXCEPTIONS, RULES, SEVERITIES
from sitecast.records.week_record import SiteForecast
from sitecast.settings_exceptions import ExceptionSettings
from sitecast.store import WeekStore


def with_exceptions(
    contents: Contents, forecasts: Mapping[str, SiteForecast], weeks: WeekStore
) -> Contents:
    """The same contents with the table exceptions, which follows from all others.

    Args:
        contents: the plan's other tables, names, and the inputs of every week.
        forecasts: site_forecast of every week, for its draws.
        weeks: where the forecasts that were published last lie, unless they were removed.
    """
    found = [
        *cap_findings(contents), *unallocated_findings(contents),
        *bom_findings(contents, forecasts), *order_findings(contents),
        *share_findings(contents, _published_last(contents.plan, weeks)),
    ]  # fmt: skip
    today = pd.Timestamp(contents.plan.as_of.date())
    ranked = rank(found, today, contents.plan.settings.exceptions)
    return replace(contents, tables={**contents.tables, EXCEPTIONS.name: ranked})


def _published_last(plan: ForecastPlan, weeks: WeekStore) -> dict[str, SiteForecast]:
    """The forecasts that the plan names and the store still has, by menu week."""
    found = {}
    for week, last in plan.previous.items():
        with contextlib.suppress(NotFound, Corrupt):
            found[week] = weeks.read(SiteForecast, last.plan_id, week, last.version)
    return found


def rank(
    findings: Iterable[Finding], today: pd.Timestamp, settings: ExceptionSettings
) -> pd.DataFrame:
    """Findings as the table exceptions.

    Money at risk counts in full when somebody has to act today or should have acted, and half as
    much with every half_life_days more that there are. Rank and severity follow from it, so that
    severity never rises along the list. Equal ones stand by day, rule and keys.

    Args:
        findings: in any order.
        today: the day of the plan's as_of.
        settings: half_life_days, high_value and medium_value.
    """
    rows = []
    for finding in findings:
        days = max((finding.due - today).days, 0)
        value = max(round(finding.value), 0)
        urgent = value * 0.5 ** (days / settings.half_life_days)
        place = (-urgent, finding.due, RULES.index(finding.rule), finding.keys_json)
        rows.append((place, finding, value, severity(urgent, settings)))
    rows.sort(key=lambda row: row[0])
    columns = ["rule", "severity", "value_at_risk", "order_by", "menu_week", "keys", "message"]
    frame = pd.DataFrame(
        [(one.rule, grade, value, one.order_by, one.menu_week, one.keys_json, one.message)
         for _, one, value, grade in rows],
        columns=columns,
    )  # fmt: skip
    return EXCEPTIONS.shaped(frame.assign(rank=range(1, len(frame) + 1)))


def severity(urgent_value: float, settings: ExceptionSettings) -> str:
    """The word for money at risk that is weighted by how soon somebody must act."""
    high, medium, low = SEVERITIES
    if urgent_value >= settings.high_value:
        return high
    return medium if urgent_value >= settings.medium_value else low

"""What needs a planner's eye, most urgent first: the findings of all rules, ranked.

What belongs here: how findings become the table exceptions. What does not: the rules themselves
(exceptions_boxes.py, exceptions_recipes.py, exceptions_orders.py).
"""

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from sitecast.publish.contents import Contents
from sitecast.publish.exceptions_boxes import cap_findings, unallocated_findings
from sitecast.publish.findings import Finding
from sitecast.records.tables_exceptions import EXCEPTIONS, RULES, SEVERITIES
from sitecast.settings_exceptions import ExceptionSettings


def with_exceptions(contents: Contents) -> Contents:
    """The same contents with the table exceptions, which follows from all others.

    Args:
        contents: the plan's other tables, and names.
    """
    found = [*cap_findings(contents), *unallocated_findings(contents)]
    today = pd.Timestamp(contents.plan.as_of.date())
    ranked = rank(found, today, contents.plan.settings.exceptions)
    return replace(contents, tables={**contents.tables, EXCEPTIONS.name: ranked})


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

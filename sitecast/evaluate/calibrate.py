"""Fitted spreads by lead, and which weeks to fit them on."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import yaml

from sitecast.demand import model_labels
from sitecast.errors import DataError, SitecastError
from sitecast.evaluate.delivered import delivered_boxes
from sitecast.evaluate.dispersion import fit_spreads
from sitecast.evaluate.past_errors import PastErrors, past_errors
from sitecast.extract import Source, moment_before, past_weeks, read_calendar
from sitecast.settings import PlanSettings
from sitecast.settings_uncertainty import KINDS, Uncertainty

Progress = Callable[[str], None]
LATEST_WEEKS, LEADS = 26, (8, 15, 22, 29)
"""Fitted on, where nobody says otherwise: half a year; plans of four weeks."""


@dataclass(frozen=True)
class Calibration:
    """Spreads fitted on past errors."""

    uncertainty: Uncertainty
    """The plan's, with by_lead."""
    left_out: Mapping[tuple[str, int], str]
    """(menu_week, lead_day) → why it was not looked at."""

    def as_table(self) -> pd.DataFrame:
        """A row per lead and kind of shock."""
        return pd.DataFrame([
            {"lead_days": row.lead_days, "shock": kind, **getattr(row, kind).model_dump()}
            for row in self.uncertainty.by_lead for kind in KINDS
        ])  # fmt: skip

    def to_yaml(self) -> str:
        """What the plan file's simulator.uncertainty names."""
        content = self.uncertainty.model_dump(mode="json")
        note = "# Written by `sitecast calibrate`; name it in the plan file:\n" \
               "# simulator: {uncertainty: <this file>}\n"  # fmt: skip
        return note + yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def latest_delivered(
    source: Source, now: dt.datetime, most: int = LATEST_WEEKS
) -> list[str]:  # fmt: skip
    """Of the latest weeks that are over (at most `most`), those with delivered orders.

    Raises:
        DataError: none has any.
    """
    over = past_weeks(read_calendar(source, now), now, most)["menu_week"]
    found = [str(week) for week in over if len(delivered_boxes(source, now, week))]
    if not found:
        raise DataError("no week is over and delivered", {"table": "orders"},
                        "spreads are fitted on past weeks: bring their orders")  # fmt: skip
    return found


def calibrate_spreads(
    source: Source, settings: PlanSettings, menu_weeks: Sequence[str], lead_days: Sequence[int],
    known_at: dt.datetime, progress: Progress | None = None,
) -> Calibration:  # fmt: skip
    """Fit the spreads of the plan's demand models on their errors in past weeks, by lead.

    Args:
        source: orders of the weeks, and of the weeks before.
        settings: the plan file's.
        menu_weeks: weeks that are over.
        lead_days: days from as_of (midnight, UTC) to the first date of a week.
        known_at: actuals as known then.
        progress: told before each week.
    Raises:
        DataError: too few of the weeks can be forecast at any lead; a lead with too few is left
            out, and the nearest one holds for it.
    """
    labels, left_out = model_labels(settings.models), dict[tuple[str, int], str]()
    starts = read_calendar(source, known_at).set_index("menu_week")["start_date"]
    rows, problem = [], DataError("no lead to fit spreads for is given")
    for lead in sorted(set(lead_days)):
        errors: list[PastErrors] = []
        for menu_week in menu_weeks:
            if progress is not None:
                progress(f"{menu_week}, {lead} days ahead")
            as_of = moment_before(starts[menu_week], lead)
            try:
                errors.append(past_errors(source, settings, menu_week, as_of, known_at, labels))
            except SitecastError as error:
                left_out[menu_week, lead] = error.problem
        try:
            rows.append(fit_spreads(lead, errors))
        except DataError as too_few:
            problem = too_few
            left_out |= {(one.menu_week, lead): too_few.problem for one in errors}
    if not rows:
        raise problem
    told = _told(labels, menu_weeks)
    fitted = {"by_lead": tuple(rows), "fitted_on": told, "fitted_models": labels}
    return Calibration(settings.simulator.uncertainty.model_copy(update=fitted), left_out)


def _told(labels: Mapping[str, str], menu_weeks: Sequence[str]) -> str:
    models = ", ".join(f"{kind} by {label}" for kind, label in labels.items())
    return f"{models}; {len(menu_weeks)} weeks, {menu_weeks[0]} to {menu_weeks[-1]}"

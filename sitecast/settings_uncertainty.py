"""How much draws differ: the spreads of the shocks, as the author says or as fitted by lead.

What belongs here: the settings, and the spreads at one lead. What does not: fitting them
(sitecast.evaluate.dispersion) and drawing shocks (sitecast.simulate.volumes).
"""

from collections.abc import Mapping
from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from sitecast.settings_group import SettingsGroup

Spread = Annotated[float, Field(ge=0, le=2)]
NORMAL_80, NORMAL_95 = 1.2816, 1.96
"""80 and 95 % of normal shocks lie within so many standard deviations."""


class Shock(SettingsGroup):
    """The shocks of one kind, at one lead: lognormal around 1, or with other tails."""

    cv: Spread = Field(0.0, description="coefficient of variation")
    stated: float = Field(
        0.0, ge=0, le=10, description="part of the variance that the demand model states for "
        "itself; comes on top of cv"
    )  # fmt: skip
    reach_80: float = Field(
        NORMAL_80, gt=0, le=10, description="80 % of the shocks lie within so many standard "
        "deviations; 1.2816 = lognormal"
    )  # fmt: skip
    reach_95: float = Field(
        NORMAL_95, gt=0, le=20, description="95 % of the shocks lie within so many standard "
        "deviations; 1.96 = lognormal"
    )  # fmt: skip

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.reach_95 <= self.reach_80:
            raise ValueError("reach_95 must be above reach_80: larger shocks are rarer")
        return self


class LeadSpreads(SettingsGroup):
    """Spreads of the forecasts of one lead, as `sitecast calibrate` fits them on past errors."""

    lead_days: int = Field(ge=-60, le=1000, description="days from as_of to the week's first date")
    total: Shock = Field(Shock(), description="all boxes of the week together")
    day: Shock = Field(Shock(), description="boxes of one delivery day")
    region: Shock = Field(Shock(), description="boxes of one region")
    cell: Shock = Field(Shock(), description="boxes of one day, region and segment")
    recipe: Shock = Field(Shock(), description="popularity of one recipe")


KINDS = ("total", "day", "region", "cell", "recipe")


class Uncertainty(SettingsGroup):
    """How much draws differ: coefficients of variation of the shared shocks."""

    total_cv: Spread = Field(0.04, description="all boxes of the week together")
    day_cv: Spread = Field(0.02, description="boxes of one delivery day")
    region_cv: Spread = Field(0.03, description="boxes of one region")
    recipe_cv: Spread = Field(0.10, description="popularity of one recipe")
    calibrated: bool = Field(
        False, description="by_lead is what the asset `calibrated_spreads`, or `sitecast "
        "calibrate`, fitted last; until then the four above hold"
    )  # fmt: skip
    by_lead: tuple[LeadSpreads, ...] = Field(
        (), description="spreads fitted on past errors, by lead; they replace the four above, and "
        "what volume models state of their own spread"
    )  # fmt: skip
    fitted_on: str = Field("", description="models and weeks that by_lead was fitted on")
    fitted_models: dict[str, str] = Field(
        {}, description="name and version of the demand models whose errors by_lead tells"
    )  # fmt: skip

    def doubt(self, models: Mapping[str, str]) -> str:
        """What is to be said where spreads may not be those of the plan's models; else empty.

        Args:
            models: name and version by kind, as the plan has them.
        """
        if self.calibrated and not self.by_lead:
            return ("no spreads were fitted yet, so draws differ as the plan file's four say; "
                    "materialise `calibrated_spreads`, or run `sitecast calibrate`")  # fmt: skip
        differ = [
            f"{kind}: fitted on {fitted}, planned with {models[kind]}"
            for kind, fitted in sorted(self.fitted_models.items())
            if models.get(kind, fitted) != fitted
        ]
        if not self.by_lead or not differ:
            return ""
        return (f"spreads were fitted on the errors of other models ({'; '.join(differ)}), so "
                "intervals may not hold; run `sitecast calibrate` again")  # fmt: skip

    def fitted_as(self, other: "Uncertainty") -> "Uncertainty":
        """These settings with what was fitted in others."""
        fitted = {name: getattr(other, name) for name in ("by_lead", "fitted_on", "fitted_models")}
        return self.model_copy(update=fitted)

    def at(self, lead_days: int) -> LeadSpreads:
        """Spreads at a lead: linear between fitted leads, the nearest one outside of them.

        Where nothing was fitted, the four spreads of every lead, and the choice model's own.
        """
        if not self.by_lead:
            return LeadSpreads(
                lead_days=lead_days, total=Shock(cv=self.total_cv), day=Shock(cv=self.day_cv),
                region=Shock(cv=self.region_cv), recipe=Shock(cv=self.recipe_cv, stated=1.0),
            )  # fmt: skip
        ordered = sorted(self.by_lead, key=lambda row: row.lead_days)
        leads = [row.lead_days for row in ordered]

        def between(kind: str) -> Shock:
            told = [getattr(row, kind) for row in ordered]
            return Shock(**{
                name: float(np.interp(lead_days, leads, [getattr(shock, name) for shock in told]))
                for name in Shock.model_fields
            })  # fmt: skip

        return LeadSpreads(lead_days=lead_days, **{kind: between(kind) for kind in KINDS})

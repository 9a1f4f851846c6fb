"""From when on a plan asks for a person: thresholds of the rules of the table exceptions."""

from pydantic import Field

from sitecast.settings_group import SettingsGroup, Share


class ExceptionSettings(SettingsGroup):
    """What is worth a planner's look (docs/how-to/read-exceptions.md)."""

    p_over_cap: Share = Field(
        0.5, description="cap_likely_broken: from this share of draws with demand above a cap"
    )
    unallocated_boxes: float = Field(
        1.0, ge=0, description="unallocated_boxes: from so many boxes, mean over draws, that one "
        "limit keeps without a site; placed ones are always told"
    )  # fmt: skip
    outside_interval: float = Field(
        0.5, ge=0, description="share_outside_interval: from so many widths of the last published "
        "plan's p10–p90 interval that the mean of a recipe's kits lies outside of it"
    )  # fmt: skip
    outside_kits: int = Field(
        50, ge=0, description="share_outside_interval: and from so many kits outside"
    )
    over_need: float = Field(
        3.0, ge=1, description="over_moq_or_shelf_life: from so many times what the plan uses of "
        "its orders, where least orders make them that large"
    )  # fmt: skip
    spoiling_share: Share = Field(
        0.2, description="over_moq_or_shelf_life: from this share of the orders that is likely to "
        "spoil before it is needed"
    )  # fmt: skip
    half_life_days: float = Field(
        7.0, gt=0, le=365, description="money at risk counts half as much when there are so many "
        "days more to act; decides rank and severity"
    )  # fmt: skip
    high_value: int = Field(
        100_000, ge=0, description="high severity from so much money at risk today, minor units"
    )
    medium_value: int = Field(
        10_000, ge=0, description="medium severity from so much money at risk today, minor units"
    )

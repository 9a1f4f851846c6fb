"""How closely a plan looks at what changed since the last one."""

from pydantic import Field

from sitecast.settings_group import SettingsGroup


class ChangeSettings(SettingsGroup):
    """What changed since the last published plan, and why (table forecast_changes)."""

    draws: int = Field(
        10, ge=0, le=10_000, description="draws from which causes are told apart, for every input "
        "that changed; what they cannot see is the cause `draws`; 0 = causes are not told"
    )  # fmt: skip

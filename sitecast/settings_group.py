"""What all groups of settings have in common: frozen, and unknown names are refused."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]


class SettingsGroup(BaseModel):
    """One level of the plan file."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

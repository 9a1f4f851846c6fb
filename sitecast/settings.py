"""The plan file: every setting typed, bounded, documented, and refused by name when unknown.

What belongs here: the frozen settings models and reading them from YAML. What does not: where data
lies and who may log in (deployment.py).
"""

import datetime as dt
import difflib
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from sitecast.errors import SettingsError
from sitecast.settings_changes import ChangeSettings
from sitecast.settings_exceptions import ExceptionSettings
from sitecast.settings_group import SettingsGroup
from sitecast.settings_uncertainty import Uncertainty

ModelName = Annotated[str, Field(min_length=1, max_length=100)]
MAX_PLAN_FILE_BYTES = 1_000_000
MAX_WHOLE = 2**53
"""Of a number of boxes, kits or minor units: beyond it, not every whole number can be told."""


class RecipeCap(SettingsGroup):
    """At most so many kits of one recipe in a menu week, all sites together."""

    recipe_id: str
    max_kits: int = Field(
        ge=0, le=MAX_WHOLE, description="kits of the recipe that can be sold in the week"
    )
    menu_week: str | None = Field(None, description="only in this menu week; all weeks when absent")


class Exclusion(SettingsGroup):
    """Recipes that boxes of one segment never contain."""

    segment: str = Field(description="the customer segment")
    recipe_id: str | None = Field(None, description="this recipe")
    without_diet_tag: str | None = Field(None, description="every recipe that lacks this diet tag")


class SimulatorSettings(SettingsGroup):
    """Constraints of the order simulator."""

    box_sizes: tuple[Annotated[int, Field(ge=1, le=250)], ...] = Field(
        (2, 3, 4, 5), description="kits a box may hold", min_length=1
    )
    portions: tuple[Annotated[int, Field(ge=1, le=12)], ...] = Field(
        (2, 4), description="portions a kit may serve", min_length=1
    )
    max_per_recipe: int = Field(
        1, ge=1, le=250, description="kits of one recipe in a box, where menu.max_per_box is 1"
    )
    recipe_caps: tuple[RecipeCap, ...] = Field((), description="recipes that can sell out")
    exclusions: tuple[Exclusion, ...] = Field((), description="recipes a segment never gets")
    uncertainty: Uncertainty = Field(
        Uncertainty(), description="spread of the draws, or the file beside the plan file that "
        "`sitecast calibrate` wrote"
    )  # fmt: skip


class ModelSettings(SettingsGroup):
    """Which installed models forecast demand: names, never code (docs/how-to/swap-a-model.md)."""

    volumes: ModelName = Field(
        "combination", description="volume model: boxes of weeks without box_forecast"
    )
    choice: ModelName = Field("fading_shares", description="choice model: what customers choose")


class CapOverride(SettingsGroup):
    """A planner's correction of a site's cap on one date or for one menu week, with the reason."""

    site_id: str
    production_date: dt.date | None = Field(None, description="the date; or menu_week")
    menu_week: str | None = Field(
        None, description="the week, all its production dates together; or production_date"
    )
    cap_boxes: int | None = Field(
        ge=0, le=MAX_WHOLE, description="boxes the site can pack; null = no cap"
    )
    reason: str = Field(min_length=1, max_length=500, description="shown on the page")

    @model_validator(mode="after")
    def _date_or_week(self) -> Self:
        if (self.production_date is None) == (self.menu_week is None):
            raise ValueError("name a production_date or a menu_week, not both")
        return self


class OpeningCost(SettingsGroup):
    """A site that may stay closed: in each menu week it opens when it saves more than it costs."""

    site_id: str
    cost_per_week: int = Field(
        ge=1, le=MAX_WHOLE, description="opening the site in a menu week, minor units"
    )
    menu_week: str | None = Field(
        None, description="only in this menu week; all weeks that have no cost of their own when "
        "absent"
    )  # fmt: skip


class AllocationSettings(SettingsGroup):
    """Money behind the choice of a site, in minor units of the currency per box."""

    shortfall_cost: int = Field(
        2500, ge=1, le=MAX_WHOLE, description="margin lost with a box no site can take"
    )
    move_cost: int = Field(
        50, ge=0, le=MAX_WHOLE, description="cost of moving a box off its previous site"
    )
    floor_cost: int = Field(
        100,
        ge=0,
        le=MAX_WHOLE,
        description="cost of a box missing to a floor; 0 = floors are ignored",
    )
    frozen_lead_days: int = Field(
        0, ge=0, le=60, description="placed boxes keep their site for good from so many days "
        "before delivery, and after their cut-off in any case"
    )  # fmt: skip
    value_draws: int = Field(
        20, ge=0, description="draws from which the value of other caps is taken; 0 = not at all"
    )
    stability: bool = Field(
        True, description="stay close to the last published forecast where it costs nothing"
    )
    cap_overrides: tuple[CapOverride, ...] = Field((), description="caps the planner corrected")
    opening_costs: tuple[OpeningCost, ...] = Field(
        (), description="sites that may stay closed for a menu week"
    )


class BuyingSettings(SettingsGroup):
    """From needs to orders."""

    shortage_cost_ratio: float | None = Field(
        None, gt=0, le=1e6, description="one base_uom too little costs so many times its "
        "unit_cost, where skus.shortage_cost is empty; when absent, service_level decides there"
    )  # fmt: skip
    net_of_stock: bool = Field(
        True, description="use up stock and open_pos first; false where weeks before the plan's "
        "still need them"
    )  # fmt: skip
    days_to_next_plan: int = Field(
        7, ge=0, le=60, description="orders due until so many days after as_of are made now; "
        "later ones may wait for the next plan"
    )  # fmt: skip


class PublicationSettings(SettingsGroup):
    """Who is told, and by which rule."""

    recipients: tuple[str, ...] = Field((), description="email addresses of the planning team")
    sender: str = Field("sitecast@localhost", description="From address")
    on_ambiguous: Literal["resend", "hold"] = Field(
        "resend", description="what to do with an email that may already have been accepted"
    )
    largest_email_mb: float = Field(
        10.0, gt=0, le=100, description="a workbook that would make the email larger is linked"
    )

    @field_validator("recipients", "sender")
    @classmethod
    def _one_address_each(cls, value: Any) -> Any:
        for address in (value,) if isinstance(value, str) else value:
            local, _, domain = address.partition("@")
            if not (local and domain) or "@" in domain or set(address) & set(' ,;<>"\r\n\t'):
                raise ValueError(f"{address!r} is not exactly one email address")
        return value


class PlanSettings(SettingsGroup):
    """One forecast plan, as its author writes it."""

    company: str = Field("Company", max_length=200, description="name shown on page and email")
    source: str = Field(
        "input",
        description="folder of CSV or Parquet files, relative to the plan file; or `database`, "
        "the one that SITECAST_SOURCE_URL names",
    )
    mapping: str | None = Field(None, description="column-mapping file, relative to the plan file")
    horizon_weeks: int = Field(4, ge=1, le=104, description="menu weeks the plan covers")
    first_menu_week: str | None = Field(
        None, description="first menu week; when absent, the first that starts after as_of"
    )
    as_of: dt.datetime | None = Field(
        None, description="knowledge time, UTC; when absent, the moment the plan is made"
    )
    seed: int = Field(1, ge=0, lt=2**63, description="names the random streams")
    draws: int = Field(200, ge=1, le=10_000, description="simulated futures per week")
    service_level: float = Field(
        0.9, gt=0, lt=1, description="quantile that qty_required covers, where no costs decide it"
    )
    currency: str = Field("EUR", pattern=r"^[A-Z]{3}$", description="money on page and email")
    history_weeks: int = Field(26, ge=1, le=520, description="past menu weeks models learn from")
    models: ModelSettings = Field(ModelSettings(), description="demand models")
    simulator: SimulatorSettings = Field(SimulatorSettings(), description="order simulator")
    allocation: AllocationSettings = Field(AllocationSettings(), description="boxes to sites")
    buying: BuyingSettings = Field(BuyingSettings(), description="from needs to orders")
    exceptions: ExceptionSettings = Field(
        ExceptionSettings(), description="what is worth a planner's look"
    )
    changes: ChangeSettings = Field(ChangeSettings(), description="what changed, and why")
    publication: PublicationSettings = Field(PublicationSettings(), description="who is told")

    @field_validator("as_of")
    @classmethod
    def _in_utc(cls, value: dt.datetime | None) -> dt.datetime | None:
        if value is None:
            return None
        return (value if value.tzinfo else value.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)


class _PlanLoader(yaml.SafeLoader):
    """Safe YAML that keeps NO, 010 and 12:30 as text, refuses duplicate keys and aliases."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not allowed in a plan file")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = sorted({str(key) for key in keys if keys.count(key) > 1})
        if twice:
            raise yaml.YAMLError(f"written twice: {', '.join(twice)}")
        return super().construct_mapping(node, deep)


# Scalars stay text, except null: pydantic converts each by its declared type.
_PlanLoader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag == "tag:yaml.org,2002:null"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_yaml(path: Path) -> Mapping[str, Any]:
    """Read a small YAML mapping safely.

    Raises:
        SettingsError: unreadable, too large, not a mapping, a key twice, or an alias.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        if len(text) > MAX_PLAN_FILE_BYTES:
            raise SettingsError("the file is too large", {"file": str(path)}, "keep it below 1 MB")
        content = yaml.load(text, Loader=_PlanLoader)  # noqa: S506 - a SafeLoader
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise SettingsError(f"cannot read the file: {error}", {"file": str(path)}) from error
    if content is not None and not isinstance(content, dict):
        raise SettingsError("expected `name: value` lines", {"file": str(path)})
    return content or {}


def plan_settings(content: Mapping[str, Any], origin: str = "settings") -> PlanSettings:
    """Check plan settings; every wrong or unknown name is listed, with the nearest known one."""
    try:
        return PlanSettings.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(_describe(item) for item in error.errors())
        raise SettingsError(
            f"wrong settings: {problems}", {"file": origin}, "see docs/reference/settings.md"
        ) from error


def load_plan_file(path: Path) -> PlanSettings:
    """Read and check a plan file (YAML), with the fitted spreads of the file that it names."""
    content = dict(read_yaml(path))
    simulator = content.get("simulator")
    if isinstance(simulator, dict) and isinstance(simulator.get("uncertainty"), str):
        fitted = path.parent / simulator["uncertainty"]
        content["simulator"] = {**simulator, "uncertainty": read_yaml(fitted)}
    return plan_settings(content, str(path))


def _describe(item: Any) -> str:
    place = ".".join(str(part) for part in item["loc"])
    if item["type"] != "extra_forbidden":
        return f"{place}: {item['msg']}"
    near = difflib.get_close_matches(str(item["loc"][-1]), known_settings(), n=1, cutoff=0.0)
    return f"{place}: unknown setting, the nearest known one is {near[0]}"


def known_settings(model: type[BaseModel] = PlanSettings) -> list[str]:
    """Names of all settings, groups included."""
    names: list[str] = []
    for name, field in model.model_fields.items():
        names.append(name)
        for part in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, BaseModel):
                names.extend(known_settings(part))
    return names

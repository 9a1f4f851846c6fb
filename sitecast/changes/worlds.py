"""What a forecast was made from, in groups that can be swapped one at a time.

What belongs here: which table and setting belongs to which cause, and mixing two worlds. What does
not: forecasting one (the pipeline hands that in).
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from operator import attrgetter

from sitecast.records.plan import ForecastPlan
from sitecast.records.week_record import WeekData
from sitecast.settings import PlanSettings


@dataclass(frozen=True)
class World:
    """The data of one menu week and the plan that says what to make of it."""

    week: WeekData
    plan: ForecastPlan


@dataclass(frozen=True)
class Group:
    """Inputs that change together: the cause they are called."""

    cause: str
    tables: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    """Settings of the plan file; `models.choice` is one of the group models."""


GROUPS = (
    Group("orders", ("orders", "order_lines")),
    # The calendar goes with the past: what was sold in a week means nothing without its dates.
    Group(
        "volume",
        ("menu_weeks", "box_forecast", "history_boxes", "demand_drivers"),
        ("models.volumes",),
    ),
    Group("shares", ("history_items", "history_menu"), ("models.choice",)),
    Group(
        "menu_and_bom",
        ("delivery_days", "menu", "recipes", "recipe_bom", "products", "product_bom", "skus",
         "packaging_rules"),
    ),
    Group(
        "caps_and_eligibility",
        ("sites", "site_caps", "site_week_caps", "resource_caps", "regions", "region_sites",
         "item_sites"),
    ),
    Group("overrides", settings=("simulator", "allocation", "history_weeks")),
)  # fmt: skip
"""In the order in which they are swapped."""
NOT_IN_THE_NEED = ("stock", "open_pos", "usage_actuals")
"""Tables that no quantity of site_forecast depends on."""


def prepared(world: World, plan: ForecastPlan, draws: int) -> World:
    """A world as it is compared: random numbers and stability of one plan, no value of caps.

    Its plan names no models' versions: the installed ones make every state.
    """
    allocation = world.plan.settings.allocation.model_copy(
        update={"value_draws": 0, "stability": plan.settings.allocation.stability}
    )
    settings = world.plan.settings.model_copy(
        update={"seed": plan.seed, "draws": draws, "allocation": allocation}
    )
    return World(world.week, replace(world.plan, settings=settings, models={}, previous={}))


def changed_groups(old: World, new: World) -> list[Group]:
    """The groups in which two prepared worlds differ."""
    return [group for group in GROUPS if _facts(old, group) != _facts(new, group)]


def mixed(old: World, new: World, swapped: Collection[Group]) -> World:
    """The old world with some groups as they are in the new one.

    A table that only one of the two has (their code knew different ones) is in every mixture.
    """
    source = {**dict.fromkeys(new.week.tables, new), **dict.fromkeys(old.week.tables, old)}
    for group in swapped:
        source |= {name: new for name in group.tables if name in new.week.tables}
    source |= {name: new for name in NOT_IN_THE_NEED if name in new.week.tables}
    week = WeekData(new.week.provenance, {name: of.week[name] for name, of in source.items()})
    # Hashed once, when the two were stored.
    week.__dict__["content_hashes"] = {
        name: source[name].week.content_hashes[name] for name in sorted(source)
    }
    return World(week, _mixed_plan(old.plan, new.plan, swapped))


def _mixed_plan(
    old: ForecastPlan, new: ForecastPlan, swapped: Collection[Group]
) -> ForecastPlan:  # fmt: skip
    causes = {group.cause for group in swapped}
    settings = new.settings
    for name in (name for group in GROUPS if group.cause not in causes for name in group.settings):
        settings = _with(settings, name, old.settings)
    return replace(new, as_of=(new if "orders" in causes else old).as_of, settings=settings)


def _with(settings: PlanSettings, name: str, other: PlanSettings) -> PlanSettings:
    """The settings with one as it is in others."""
    group, _, part = name.partition(".")
    value = getattr(other, group)
    if part:
        value = getattr(settings, group).model_copy(update={part: getattr(value, part)})
    return settings.model_copy(update={group: value})


def _facts(world: World, group: Group) -> list[object]:
    """Equal where a group's part of two worlds is equal."""
    hashes = world.week.content_hashes
    facts: list[object] = [hashes.get(name, "") for name in group.tables]
    facts += [attrgetter(name)(world.plan.settings) for name in group.settings]
    if group.cause == "orders" and world.week["orders"]["site_id"].notna().any():
        facts.append(world.plan.as_of)  # it decides which boxes keep their site for good
    return facts

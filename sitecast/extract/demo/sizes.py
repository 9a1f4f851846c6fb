"""How big the demo company is: two profiles, and the sites that go with each."""

from dataclasses import dataclass

from sitecast.errors import SettingsError


@dataclass(frozen=True)
class SiteProfile:
    """One factory of the demo company."""

    site_id: str
    name: str
    caps: tuple[int, ...] = ()
    """Boxes per production date of a week's packing run, which starts two days before delivery."""
    floor: int = 0
    cooks_fish: bool = True
    menu_share: float = 1.0
    """Share of the other recipes that the site makes."""
    is_catch_all: bool = False


@dataclass(frozen=True)
class CompanySize:
    """Everything that differs between the sizes."""

    name: str
    boxes_per_week: int
    menu_recipes: int
    pool_recipes: int
    segments: int
    districts: tuple[str, ...]
    """Parts that each region is split into; none keeps the region whole."""
    varieties: int
    """Varieties per ingredient, the plain one included."""
    product_packs: tuple[str, ...]
    delivery_weights: tuple[float, ...]
    """Share of the week's boxes by delivery day, Saturday first."""
    sites: tuple[SiteProfile, ...]
    draws: int
    override: tuple[str, int, int]
    """Site, day of the second planned week's packing run, and cap of the plan file's example."""


DEMO = CompanySize(
    name="demo",
    boxes_per_week=3_000,
    menu_recipes=20,
    pool_recipes=48,
    segments=4,
    districts=(),
    varieties=1,
    product_packs=("",),
    delivery_weights=(0.14, 0.26, 0.27, 0.19, 0.14),
    sites=(
        SiteProfile("north", "North", (80, 230, 400, 400, 300, 240), 60, cooks_fish=False),
        SiteProfile("harbour", "Harbour", (100, 340, 460, 480, 360, 240), 60),
    ),
    draws=100,
    override=("harbour", 2, 320),
)
GOUSTO = CompanySize(
    name="gousto",
    boxes_per_week=200_000,
    menu_recipes=200,
    pool_recipes=400,
    segments=12,
    districts=("north", "south", "east", "west", "central", "upper", "lower", "outer"),
    varieties=7,
    product_packs=("", "family pack", "mini", "limited edition"),
    delivery_weights=(0.11, 0.20, 0.21, 0.16, 0.13, 0.10, 0.09),
    sites=(
        SiteProfile("north", "North",
                    (3_000, 9_500, 16_500, 16_500, 12_500, 10_500, 8_500, 7_500), 800,
                    cooks_fish=False, menu_share=0.97),
        SiteProfile("harbour", "Harbour",
                    (3_500, 16_500, 24_500, 24_500, 19_500, 16_000, 12_500, 9_500), 800),
        SiteProfile("riverside", "Riverside", (0,) * 8, cooks_fish=False, menu_share=0.6),
        SiteProfile("millbrook", "Millbrook co-packing", cooks_fish=False, menu_share=0.95,
                    is_catch_all=True),
    ),
    draws=200,
    override=("harbour", 2, 22_000),
)  # fmt: skip
SIZES = {size.name: size for size in (DEMO, GOUSTO)}


def company_size(name: str) -> CompanySize:
    """The profile of this name.

    Raises:
        SettingsError: there is no such size.
    """
    if name not in SIZES:
        raise SettingsError(
            "not a size of the demo company", {"size": name}, f"one of {', '.join(SIZES)}"
        )
    return SIZES[name]

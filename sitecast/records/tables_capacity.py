"""Tables written about capacity that is no cap on boxes: lines, SKUs, sites to open."""

from sitecast.records.contract import TableContract, amount, count, flag, text
from sitecast.records.tables_read import RESOURCE_TYPES

OPENING_REASONS = ("saves_more_than_it_costs", "costs_more_than_it_saves", "holds_final_boxes")

SITE_OPENINGS = TableContract(
    "site_openings",
    "Sites that may stay closed (setting allocation.opening_costs), and whether the menu week "
    "opens them: the choice that makes the boxes of all draws cheapest on average.",
    ("menu_week", "site_id"),
    (
        text("menu_week", "menu week"),
        text("site_id", "factory"),
        count("opening_cost", "what opening it for the week costs", "minor units"),
        flag("is_open", "whether it opens; without a single box where it does not"),
        text("reason", "why; a site with boxes that are final there is open anyway",
             values=OPENING_REASONS),
        amount("saves_mean", "what boxes and missed floors cost less with the site open than "
               "without it, the other sites as chosen; mean over draws, 0 for a site that is open "
               "anyway", "minor units",
               minimum=None),
        amount("p_worth", "share of draws in which that is more than the opening cost",
               maximum=1),
        amount("gap", "share of the week's mean cost (boxes, missed floors, openings) that any "
               "other choice of sites could save at most; 0 = proven optimal. Above 0 where "
               "placed boxes were given sites before the draw is known, or items have caps",
               maximum=1),
    ),
)  # fmt: skip
RESOURCE_LOAD = TableContract(
    "resource_load",
    "What boxes take of each cap of the table resource_caps, in the whole menu week. A SKU counts "
    "with yield and wastage, by the largest bill that holds on a production date of the week.",
    ("menu_week", "site_id", "resource_type", "resource_id"),
    (
        text("menu_week", "menu week"),
        text("site_id", "factory"),
        text("resource_type", "line or SKU", values=RESOURCE_TYPES),
        text("resource_id", "line or SKU"),
        text("uom", "unit of the quantities: portions, or the SKU's base_uom"),
        amount("cap", "cap"),
        amount("over_cap_frozen", "above the cap in boxes whose site is final"),
        amount("used_committed", "in placed boxes"),
        amount("used_mean", "taken, mean over the draws"),
        amount("used_p10", "taken, 10 % quantile of the summed draws"),
        amount("used_p50", "taken, median of the summed draws"),
        amount("used_p90", "taken, 90 % quantile of the summed draws"),
        amount("p_at_cap", "share of draws that leave less than the smallest piece needs",
               maximum=1),
        amount("shadow_price", "what one more unit of cap saves in the expected week",
               "minor units"),
    ),
)  # fmt: skip

"""Which sites open in a week and which stay closed, in words: where a plan asks for that choice."""

from sitecast.publish.contents import Contents
from sitecast.publish.words import money

_WORDS = {
    "saves_more_than_it_costs": "{site} opens in {weeks} for {cost}, which saves {saved}",
    "costs_more_than_it_saves": "{site} stays closed in {weeks}: {cost} would save {saved}",
    "holds_final_boxes": "{site} is open in {weeks} for boxes that are final there",
}


def openings_in_words(contents: Contents) -> list[str]:
    """A part of a sentence for each site and reason; none where every site is open anyway."""
    rows, currency = contents.tables["site_openings"], contents.plan.settings.currency
    return [
        _WORDS[reason].format(
            site=contents.site_names.get(site, site), weeks=", ".join(part["menu_week"]),
            cost=money(float(part["opening_cost"].sum()), currency),
            saved=money(max(0.0, float(part["saves_mean"].sum())), currency),
        )
        for (site, reason), part in rows.groupby(["site_id", "reason"], sort=True)
    ]  # fmt: skip

"""Words and units for people: the page and the email say the same thing the same way."""

import datetime as dt
from collections.abc import Mapping

_REASONS = {
    "no_site_makes_all_items": "no site makes all items of the box",
    "no_site_reaches_region": "no site reaches the region",
    "cap_binds": "every site that could pack them is full",
    "item_cap_binds": "no site has room for all their items",
    "site_stays_closed": "the only sites for them are not worth opening this week",
}
_LARGE = {"g": "kg", "ml": "l"}


def reason_in_words(reason: str) -> str:
    """Why boxes were not allocated."""
    return _REASONS.get(reason, reason)


def day_in_words(iso: str) -> str:
    """A date with its weekday.

    Example:
        >>> day_in_words("2026-12-05")
        'Sat 05 Dec'
    """
    return f"{dt.date.fromisoformat(iso):%a %d %b}"


def human_unit(uom: str) -> str:
    """The unit people read quantities in: kg for g, l for ml."""
    return _LARGE.get(uom, uom)


def human_quantity(qty: float, uom: str) -> str:
    """A quantity in human_unit(), with three digits or so.

    Example:
        >>> human_quantity(12_340.0, "g"), human_quantity(1234.0, "each")
        ('12.3', '1,234')
    """
    if uom not in _LARGE:
        return f"{qty:,.0f}"
    large = qty / 1000
    decimals = 0 if large >= 100 else 1 if large >= 10 else 2
    return f"{large:,.{decimals}f}"


def quantity_in_words(qty: float, uom: str) -> str:
    """A quantity with its unit; pieces have none.

    Example:
        >>> quantity_in_words(12_340.0, "g"), quantity_in_words(1234.0, "each")
        ('12.3 kg', '1,234')
    """
    unit = human_unit(uom)
    return f"{human_quantity(qty, uom)} {unit}".removesuffix(" each")


def money(minor_units: float | None, currency: str) -> str:
    """An amount of money in whole units of the currency.

    Example:
        >>> money(1_234_567.0, "GBP"), money(-0.4, "GBP"), money(None, "GBP")
        ('GBP 12,346', 'GBP 0', '–')
    """
    if minor_units is None:
        return "–"
    return f"{currency} {round(minor_units / 100):,}"


def churn_in_words(churn: Mapping[str, float] | None) -> str:
    """How much has changed since the last plan, beside what had to.

    Example:
        >>> churn_in_words({"wape_site": 0.0497, "wape_global": 0.0321})
        '5.0 % of all pieces changed since the last plan; at least 3.2 % had to'
    """
    if churn is None:
        return "no earlier plan to compare with"
    return (f"{churn['wape_site']:.1%} of all pieces changed since the last plan; at least "
            f"{churn['wape_global']:.1%} had to").replace("%", " %")  # fmt: skip


def span(weeks: list[str] | tuple[str, ...]) -> str:
    """The horizon in words.

    Example:
        >>> span(["2026-W48", "2026-W49"]), span(["2026-W48"])
        ('2026-W48 to 2026-W49', '2026-W48')
    """
    return weeks[0] if len(weeks) == 1 else f"{weeks[0]} to {weeks[-1]}"

"""What changed since the last plan, cause by cause, as a small SVG: for the page and the email."""

from collections.abc import Mapping

from sitecast.publish.svg import box, drawing, line, words
from sitecast.publish.words import money

CAUSES = {
    "orders": "orders placed and cancelled",
    "volume": "how many boxes",
    "shares": "what customers choose",
    "menu_and_bom": "menu and recipes",
    "caps_and_eligibility": "caps and eligibility",
    "overrides": "settings of the plan",
    "code": "version of the code",
    "draws": "left to chance",
    "unknown": "not known",
}
"""Causes of forecast_changes in the order in which they are swapped, and in words."""
_ROW, _TOP, _BOTTOM = 24, 4, 4
_LABEL, _VALUE = 178, 92


def waterfall_svg(by_cause: Mapping[str, float], currency: str, width: int = 520) -> str:
    """A step per cause from no change to the whole change.

    Args:
        by_cause: cause → change in minor units of the currency; causes without a row moved nothing.
        currency: its code, for the figures.
        width: of the picture, in px; the height follows from the number of causes.
    Returns:
        A self-contained SVG: up darker, down lighter, the whole change last.
    """
    names = [*(c for c in CAUSES if c in by_cause), *sorted(set(by_cause) - set(CAUSES))]
    ends = [0.0]
    for name in names:
        ends.append(ends[-1] + by_cause[name])
    low, high = min(ends), max(ends)
    scale = (width - _LABEL - _VALUE) / max(high - low, 1.0)

    def x(value: float) -> float:
        return _LABEL + (value - low) * scale

    height = _TOP + _ROW * (len(names) + 1) + _BOTTOM
    body = [line("grid", (x(0.0), x(0.0)), (_TOP, height - _BOTTOM))]
    for place, name in enumerate(names):
        start, end = ends[place], ends[place + 1]
        kind = "placed" if end > start else "expected"
        body += _step(place, CAUSES.get(name, name), kind, (x(start), x(end)), "said")
        body.append(words(width, _middle(place), signed(end - start, currency), "end", "said"))
        body.append(line("grid", (x(end), x(end)), (_y(place) + _ROW - 6, _y(place) + _ROW + 2)))
    body += _step(len(names), "the whole change", "sum", (x(0.0), x(ends[-1])), "sum")
    body.append(words(width, _middle(len(names)), signed(ends[-1], currency), "end", "sum"))
    title = f"Change since the last plan by cause: {signed(ends[-1], currency)} in all"
    return drawing(title, width, height, body)


def signed(minor_units: float, currency: str) -> str:
    """Money with its sign.

    Example:
        >>> signed(12_300, "GBP"), signed(-12_300, "GBP"), signed(0, "GBP")
        ('+GBP 123', '−GBP 123', 'GBP 0')
    """
    amount = money(abs(minor_units), currency)
    if not any(digit in amount for digit in "123456789"):
        return amount
    return f"{'+' if minor_units > 0 else '−'}{amount}"


def _y(place: int) -> float:
    return _TOP + _ROW * place


def _middle(place: int) -> float:
    return _y(place) + _ROW / 2 + 4


def _step(
    place: int, label: str, kind: str, ends: tuple[float, float], weight: str
) -> list[str]:  # fmt: skip
    left, right = min(ends), max(ends)
    return [words(0, _middle(place), label, kind=weight),
            box(kind, left, _y(place) + 6, max(right - left, 1.0), _ROW - 12)]  # fmt: skip

import pytest

from sitecast.publish.words import human_quantity, human_unit, reason_in_words, span
from sitecast.records.tables_written import SHORTFALL_REASONS


@pytest.mark.parametrize(
    ("qty", "uom", "text"),
    [
        (123_456.0, "g", "123"), (12_340.0, "ml", "12.3"), (40.0, "g", "0.04"),
        (1234.0, "each", "1,234"),
    ],
)  # fmt: skip
def test_quantities_have_about_three_digits(qty: float, uom: str, text: str) -> None:
    assert human_quantity(qty, uom) == text


def test_units_and_reasons_are_words_people_use() -> None:
    assert [human_unit(uom) for uom in ("g", "ml", "each")] == ["kg", "l", "each"]
    assert not [reason for reason in SHORTFALL_REASONS if reason_in_words(reason) == reason]
    assert span(("2026-W48",)) == "2026-W48"

"""The waterfall: bars that add up, in the order of the causes, with safe text."""

import re
import xml.etree.ElementTree as ET

import pytest

from sitecast.publish.waterfall import waterfall_svg

NS = {"s": "http://www.w3.org/2000/svg"}
CHANGES = {"draws": -1_200.0, "orders": 1_234_500.0, "volume": -830_000.0}


def _bars(svg: str) -> list[tuple[str, float, float]]:
    """Kind, left and right end of every bar, from the top down."""
    found = ET.fromstring(svg).findall("s:rect", NS)
    sides = [(bar.attrib["class"], float(bar.attrib["x"]), float(bar.attrib["width"]))
             for bar in found]  # fmt: skip
    return [(kind, left, left + width) for kind, left, width in sides]


def test_every_bar_starts_where_the_one_before_ends_and_the_last_spans_them_all() -> None:
    orders, volume, chance, whole = _bars(waterfall_svg(CHANGES, "GBP"))
    assert [bar[0] for bar in (orders, volume, chance, whole)] == [
        "placed", "expected", "expected", "sum",
    ]  # fmt: skip
    assert orders[2] == pytest.approx(volume[2], abs=0.2)
    assert volume[1] == pytest.approx(chance[2], abs=1.2)
    assert (whole[1], whole[2]) == pytest.approx((orders[1], chance[1]), abs=0.2)
    assert (volume[2] - volume[1]) / (orders[2] - orders[1]) == pytest.approx(
        830 / 1234.5, abs=0.01
    )


def test_figures_carry_their_sign_and_add_up_to_the_last_one() -> None:
    text = re.findall(r">([+−]GBP [\d,]+)<", waterfall_svg(CHANGES, "GBP"))
    assert text == ["+GBP 12,345", "−GBP 8,300", "−GBP 12", "+GBP 4,033"]


def test_a_cause_nobody_knows_is_shown_and_escaped() -> None:
    svg = waterfall_svg({'"><img onerror=x>': 100.0}, "<b>")
    assert ET.fromstring(svg).findall(".//s:img", NS) == []
    assert "<img" not in svg


def test_nothing_changed_is_a_picture_too() -> None:
    assert _bars(waterfall_svg({}, "GBP"))[0][0] == "sum"
    assert "GBP 0" in waterfall_svg({}, "GBP")

"""Charts: right heights, safe text, no style attributes, and pictures that can be drawn."""

import re
import xml.etree.ElementTree as ET

import pandas as pd
import pytest

from sitecast.publish.charts import site_load_svg, to_png

NS = {"s": "http://www.w3.org/2000/svg"}


def _load(**columns: object) -> pd.DataFrame:
    base: dict[str, object] = {
        "menu_week": "2026-W48",
        "production_date": pd.to_datetime(["2026-11-28", "2026-11-27"]),
        "boxes_committed": [50, 40],
        "boxes_p10": [90.0, 60.0],
        "boxes_p50": [100.0, 70.0],
        "boxes_p90": [100.0, 80.0],
        "cap_boxes": pd.array([100, 200], "Int64"),
        "p_over_cap": [0.4, 0.0],
    }
    return pd.DataFrame({**base, **columns})


def _heights(svg: str, kind: str) -> list[float]:
    bars = ET.fromstring(svg).findall(f".//s:g/s:rect[@class='{kind}']", NS)
    return [float(bar.attrib["height"]) for bar in bars]


def _caps(svg: str) -> list[ET.Element]:
    return ET.fromstring(svg).findall(".//s:g/s:line", NS)


def test_bars_are_in_order_of_dates_and_as_high_as_their_boxes() -> None:
    svg = site_load_svg(_load())
    friday, saturday = _heights(svg, "expected")
    assert friday / saturday == pytest.approx(0.7, abs=0.01)
    assert _heights(svg, "placed")[1] / saturday == pytest.approx(0.5, abs=0.01)
    assert svg.index("Fri") < svg.index("Sat")


def test_a_cap_that_binds_is_drawn_differently_and_says_how_often() -> None:
    svg = site_load_svg(_load())
    assert [line.attrib["class"] for line in _caps(svg)] == ["cap", "cap full"]
    assert "40%" in svg


def test_a_site_without_cap_has_no_cap_line() -> None:
    svg = site_load_svg(_load(cap_boxes=pd.array([None, None], "Int64"), p_over_cap=0.0))
    assert _caps(svg) == []
    assert "no cap" in svg


def test_everything_stays_inside_the_picture() -> None:
    wide = _load(boxes_p90=[123_456.0, 80.0])
    for width, height in ((520, 240), (300, 160)):
        root = ET.fromstring(site_load_svg(wide, width, height))
        for bar in root.findall(".//s:g/s:rect", NS):
            assert 0 <= float(bar.attrib["x"]) <= width
            assert 0 <= float(bar.attrib["y"]) <= height


def test_tooltips_carry_the_figures() -> None:
    assert "Saturday 28 November: 100 boxes (90–100 in 8 of 10 futures), 50 placed, cap 100" in (
        site_load_svg(_load())
    )


def test_a_site_with_nothing_to_pack_says_so() -> None:
    assert "nothing to pack" in site_load_svg(_load().iloc[:0])


def test_a_site_that_is_closed_can_be_drawn() -> None:
    nothing = [0.0, 0.0]
    svg = site_load_svg(_load(boxes_committed=[0, 0], boxes_p10=nothing, boxes_p50=nothing,
                              boxes_p90=nothing, cap_boxes=pd.array([0, 0], "Int64")))  # fmt: skip
    assert _heights(svg, "expected") == [0.0, 0.0]
    assert "cap full" not in svg


def test_no_style_attribute_breaks_a_strict_content_policy() -> None:
    svg = site_load_svg(_load())
    assert " style=" not in svg
    assert svg.count("<style>") == 1


def test_every_custom_property_has_a_fallback_and_the_same_style_serves_every_chart() -> None:
    load, other = site_load_svg(_load()), site_load_svg(_load(), 200, 100)
    style = re.compile(r"<style>(.*?)</style>", re.DOTALL)
    assert style.findall(load) == style.findall(other)
    assert re.findall(r"var\(--[\w-]+\)", load) == []


def test_png_has_the_size_asked_for() -> None:
    picture = to_png(site_load_svg(_load(), 200, 100), scale=2)
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(picture[16:20]), int.from_bytes(picture[20:24])) == (400, 200)


def test_png_draws_the_fallback_colours() -> None:
    green = site_load_svg(_load())
    assert to_png(green) != to_png(green.replace("#17694a", "#b3261e"))

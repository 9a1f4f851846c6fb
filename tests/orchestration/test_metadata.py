"""What the UI shows beside an asset."""

import struct
import zlib
from dataclasses import replace

import pandas as pd
import pytest

from sitecast.errors import MAX_SHOWN, Breach
from sitecast.publish import current_publication
from sitecast.records.tables_written import SITE_FORECAST
from sitecast.records.week_record import WeekData
from sitecast.store.parquet import to_parquet
from sitecast_dagster.failures import warning_facts
from sitecast_dagster.metadata import preview, schema_of
from sitecast_dagster.pictures import (
    BAR_WIDTH,
    GAP,
    HEIGHT,
    MAX_BARS,
    bars_png,
    inline_image,
    steps_png,
)
from sitecast_dagster.publication_facts import INLINE, SHOWN, publication_facts
from sitecast_dagster.sensors import new_weeks


@pytest.fixture
def materialised(stage):
    stage.run("plan_weeks")
    (result,) = stage.launch("forecast_week", stage.tick(new_weeks)[:1])
    assert result.success
    return {
        event.asset_key.to_user_string(): event.step_materialization_data.materialization
        for event in result.get_asset_materialization_events()
    }


def test_every_week_asset_shows_rows_version_plan_units_and_a_preview(materialised, stage):
    plan = stage.company.open().current_plan()
    for name in ("extracted_data", "simulated_orders", "site_forecast"):
        facts = materialised[name].metadata
        assert facts["dagster/row_count"].value > 0
        assert facts["plan_id"].value == plan.plan_id
        assert materialised[name].tags["dagster/data_version"] == facts["version"].value
        assert "uom" in facts["units"].value
        assert facts["preview"].value.startswith("| ")
        assert {record.data["table"] for record in facts["tables"].records}


def test_the_forecast_shows_schema_with_units_and_a_picture_dagster_shows_inline(materialised):
    facts = materialised["site_forecast"].metadata
    columns = {column.name: column for column in facts["dagster/column_schema"].value.columns}
    assert set(columns) == {column.name for column in SITE_FORECAST.columns}
    assert columns["qty_p50"].description.endswith("[base_uom]")
    picture = facts["site load"].value
    assert picture.startswith("![boxes per site and day](data:image/png;base64,iVBOR")
    assert len(picture) < 1_000
    assert facts["boxes (mean)"].value > 0


def test_what_looks_wrong_in_the_input_stands_beside_the_asset():
    assert warning_facts([]) == {}
    breach = Breach("box_forecast", "mean_boxes", "region_id=a", "1", "few", "look", "warning")
    facts = warning_facts([breach] * (MAX_SHOWN + 1))
    assert facts["warnings"] == MAX_SHOWN + 1
    rows = [record.data for record in facts["first warnings"].records]
    assert len(rows) == MAX_SHOWN
    assert rows[0]["key"] == "region_id=a"


def test_schema_says_what_may_be_empty():
    nullable = {c.name: c.constraints.nullable for c in schema_of(SITE_FORECAST).columns}
    assert nullable == {c.name: c.nullable for c in SITE_FORECAST.columns}


def test_bars_are_drawn_to_scale():
    width, rows = _pixels(bars_png([12.0, 6.0], [None, 12.0], [False, True]))
    assert width == 2 * (BAR_WIDTH + GAP)
    first = [row[0] for row in rows]
    second = [row[BAR_WIDTH + GAP] for row in rows]
    assert first == [1] * HEIGHT
    assert second == [3] + [0] * (HEIGHT // 2 - 1) + [2] * (HEIGHT // 2)


@pytest.mark.parametrize("count", [0, 1, 1_000])
def test_any_number_of_bars_stays_small(count):
    values = [float(n % 7) for n in range(count)]
    picture = inline_image(bars_png(values, [3.0] * count, [False] * count), "x")
    assert len(picture) < 1_000
    assert _pixels(bars_png(values, [3.0] * count, [False] * count))[0] <= MAX_BARS * (
        BAR_WIDTH + GAP
    )


def test_a_preview_cannot_carry_markup():
    bad = pd.DataFrame({"name": ["<img src=x onerror=alert(1)>", "a|b", "![x](http://x)", None]})
    text = preview(bad).value
    assert "<img" not in text
    assert "![x]" not in text
    assert [line.count("|") for line in text.splitlines()] == [2] * 6


def test_a_waterfall_ends_with_the_whole_change():
    width, rows = _pixels(steps_png([3.0, -1.0]))
    assert width == 3 * (BAR_WIDTH + GAP)
    up, down, whole = ([row[n * (BAR_WIDTH + GAP)] for row in rows] for n in range(3))
    third = HEIGHT // 3
    assert set(up) == {1}
    assert down == [4] * (third + 1) + [0] * (HEIGHT - third - 1)
    assert whole == [0] * third + [3] * (HEIGHT - third)
    assert len(inline_image(steps_png([1.0, -2.0] * 500), "x")) < 1_000


@pytest.fixture
def told(stage):
    """Metadata of a publication, and the log of its run."""
    stage.company.plan(horizon_weeks=2)
    stage.company.change("box_forecast", stage.company.weeks[0], mean_boxes=500.0)
    stage.run("plan_weeks")
    plan = stage.company.open().current_plan()
    stage.forecast(plan.menu_weeks)
    done = stage.run("publish_forecast")
    assert done.success
    (event,) = done.get_asset_materialization_events()
    log = [entry.user_message for entry in stage.instance.all_logs(done.run_id)]
    return event.step_materialization_data.materialization.metadata, log


def test_a_publication_shows_what_needs_attention_and_its_load(told, stage):
    facts, log = told
    found = stage.company.open().ledger.current("exceptions")
    assert len(found) > 0, "far more boxes than caps allow"
    assert facts["exceptions"].value == len(found)
    high = facts["exceptions of high severity"].value
    assert high == (found["severity"] == "high").sum()
    shown = facts["needs attention"].value.splitlines()[2:]
    assert 3 <= len(shown) <= min(len(found), SHOWN)
    assert len(facts["needs attention"].value) <= INLINE, "the UI shows it in place"
    for row, line in zip(found.itertuples(), shown, strict=False):
        assert row.severity in line
        assert row.message[:40] in line
    first = f"1. {found['severity'].iloc[0]}, "
    assert any(line.startswith(first) and found["message"].iloc[0] in line for line in log)
    picture = facts["site load"].value
    assert picture.startswith("![boxes against caps by day](data:image/png;base64,iVBOR")
    assert len(picture) < 1_000
    assert len(str({name: value.value for name, value in facts.items()})) < 8_000
    assert "what changed" not in facts, "there was no plan before"


def test_a_publication_shows_what_changed_in_money(stage, tmp_path):
    stage.company.plan(horizon_weeks=1)
    stage.run("plan_weeks")
    opened = stage.company.open()
    plan = opened.current_plan()
    stage.forecast(plan.menu_weeks)
    stage.run("publish_forecast")
    made = current_publication(opened.ledger, opened.publications)
    ((week, versions),) = made.versions.items()
    skus = opened.weeks.read(WeekData, plan.plan_id, week, versions["extracted_data"])["skus"]
    changes = pd.DataFrame({"sku_id": skus["sku_id"].iloc[[0, 0]], "cause": ["draws", "orders"],
                            "delta": [-50.0, 200.0]})  # fmt: skip
    folder = tmp_path / "changed"
    folder.mkdir()
    for name in ("exceptions", "site_load"):
        (folder / f"{name}.parquet").write_bytes((made.folder / f"{name}.parquet").read_bytes())
    (folder / "forecast_changes.parquet").write_bytes(to_parquet(changes))
    facts = publication_facts(replace(made, folder=folder), plan, opened)
    cost = skus["unit_cost"].iloc[0] / 100
    assert facts[f"change ({plan.settings.currency})"] == pytest.approx(150 * cost, abs=0.01)
    assert [line.split(" | ")[0] for line in facts["what changed by cause"].value.splitlines()] == [
        "| cause", "| ---", "| orders", "| draws"
    ]  # fmt: skip
    assert facts["what changed"].value.startswith("![change in money by cause](data:image/png")


def _pixels(png):
    width, height = struct.unpack(">II", png[16:24])
    start = png.index(b"IDAT") + 4
    raw = zlib.decompress(png[start:])
    rows = [list(raw[n * (width + 1) + 1 : (n + 1) * (width + 1)]) for n in range(height)]
    return width, rows

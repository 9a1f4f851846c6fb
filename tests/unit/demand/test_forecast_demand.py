import numpy as np
import pandas as pd
import pytest
from worlds import SEGMENTS, small_plan, small_week

from sitecast.demand import forecast_demand
from sitecast.demand.box_mix import FADED, default_rates, mix
from sitecast.records.demand_forecast import Choices
from sitecast.records.week_record import WeekData


def row(n_kits, portions, boxes, segment="family", week="2026-W47"):
    date = pd.Timestamp("2026-11-22")
    return (week, date, "a", segment, portions, n_kits, boxes, boxes // 10)


def test_a_box_forecast_is_used_as_it_stands():
    week = small_week()
    boxes = forecast_demand(week, small_plan()).boxes
    pd.testing.assert_frame_equal(
        boxes, week["box_forecast"][list(boxes.columns)], check_names=False
    )


def test_models_can_be_exchanged(week_with_history):
    class Twelve:
        def boxes(self, week, plan):
            date = week["delivery_days"]["delivery_date"][:1]
            return pd.DataFrame({"delivery_date": date, "region_id": "a", "segment": "new",
                                 "mean_boxes": 12.0, "sd_boxes": 1.0})  # fmt: skip

    class First:
        def choices(self, week, plan, segments):
            shares = {"segment": segments, "recipe_id": "r1", "share": 1.0, "cv": 0.0}
            return Choices.of_shares(pd.DataFrame(shares))

    demand = forecast_demand(week_with_history(), small_plan(), Twelve(), First())
    assert demand.boxes["mean_boxes"].tolist() == [12.0]
    assert set(demand.choices.utilities["segment"]) == {"new", *SEGMENTS}


def opening(known, sizes):
    """The last region opens after the history; the others had so many boxes a day, eight weeks."""
    regions = [*map(chr, range(ord("a"), ord("a") + len(sizes))), "new"]
    served = small_week()["region_sites"].iloc[[0] * len(regions)].assign(region_id=regions)
    served["valid_from"] = [pd.NaT] * len(sizes) + [pd.Timestamp("2026-11-29")]
    return known([(week, pd.Timestamp(date), region, "family", 2, 3, size, 0)
                  for week, date in (("2026-W46", "2026-11-16"), ("2026-W47", "2026-11-23"))
                  for region, size in zip(regions, sizes, strict=False)],
                 region_sites=served, regions=pd.DataFrame({"region_id": regions}))  # fmt: skip


def test_a_region_that_opens_may_be_as_any_region_is(week_with_history):
    rng = np.random.default_rng(1)
    sizes = rng.lognormal(4.0, 0.8, 25).astype(int)
    boxes = forecast_demand(opening(week_with_history, sizes), small_plan()).boxes
    new = boxes[boxes["region_id"] == "new"]
    assert (new["delivery_date"] >= pd.Timestamp("2026-11-29")).all()
    others = boxes[
        boxes["delivery_date"].isin(new["delivery_date"]) & (boxes["region_id"] != "new")
    ]
    of_region = others.groupby("region_id")["mean_boxes"].sum()
    assert new["mean_boxes"].sum() == pytest.approx(of_region.mean())
    known = others.groupby("delivery_date")["mean_boxes"].std()
    assert (new.set_index("delivery_date")["sd_boxes"] > known).all()


def test_one_known_region_says_little_of_a_new_one_and_an_old_empty_one_stays_so(week_with_history):
    week = opening(week_with_history, [50])
    boxes = forecast_demand(week, small_plan()).boxes
    new = boxes[boxes["region_id"] == "new"]
    assert len(new)
    assert (new["sd_boxes"] > new["mean_boxes"]).all()
    old = week["region_sites"].assign(valid_from=pd.NaT)
    tables = {**week.tables, "region_sites": old}
    boxes = forecast_demand(WeekData(week.provenance, tables), small_plan()).boxes
    assert set(boxes["region_id"]) == {"a"}


def test_mixes_follow_the_history_within_what_is_allowed(week_with_history):
    week = week_with_history([row(2, 2, 300_000), row(3, 2, 100_000), row(9, 4, 100_000)])
    told = mix(week, "n_kits", (2, 3, 4), ["family"]).set_index("n_kits")["probability"]
    assert told.to_dict() == pytest.approx({2: 0.75, 3: 0.25})
    portions = mix(week, "portions", (2, 4), ["family", "unseen"])
    assert portions["probability"].tolist() == pytest.approx([0.8, 0.2] * 2)


def test_mixes_follow_what_drifts(week_with_history):
    week = week_with_history([row(2, 2, 100_000), row(3, 4, 100_000, week="2026-W46")])
    told = mix(week, "n_kits", (2, 3), ["family"]).set_index("n_kits")["probability"]
    assert told[3] / told[2] == pytest.approx(0.5 ** (1 / FADED))


def test_default_rates_follow_the_history_and_lean_on_the_nation(week_with_history):
    week = week_with_history([row(2, 2, 1_000_000)])
    rates = default_rates(week, ["family", "unseen"])["probability"]
    assert rates.tolist() == pytest.approx([0.1, 0.1])
    assert default_rates(week_with_history(), ["family"])["probability"].tolist() == [0.0]


def test_mixes_are_uniform_without_history(week_with_history):
    told = mix(week_with_history(), "n_kits", (2, 3, 4, 5), ["family"])
    assert told["probability"].tolist() == [0.25] * 4


def test_every_segment_has_probabilities_that_sum_to_one():
    demand = forecast_demand(small_week(), small_plan())
    for table, value in ((demand.choices.shares, "share"), (demand.box_sizes, "probability"),
                         (demand.portions, "probability")):  # fmt: skip
        sums = table.groupby("segment")[value].sum()
        assert sums.to_dict() == pytest.approx(dict.fromkeys(SEGMENTS, 1.0))

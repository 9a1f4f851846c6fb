"""Shapes of a week that a planner may meet, small enough to check by hand."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from boxes_by_hand import boxes_by_hand
from worlds import WEEK, small_plan, small_week

from sitecast.allocate import allocate_orders
from sitecast.allocate.draws import pack_axis
from sitecast.errors import DataError
from sitecast.records.draw_boxes import DrawBoxes
from sitecast.records.week_axes import week_axes

SATURDAY = "2026-11-28"


def frame(columns, *rows, **dtypes):
    return pd.DataFrame(list(rows), columns=columns.split()).astype(dtypes)


def sites(*rows):
    columns = "site_id name opens_on closes_on is_catch_all priority"
    return frame(columns, *[(name, name, opens, closes, catch_all, priority)
                            for priority, (name, opens, closes, catch_all) in enumerate(rows)],
                 opens_on="datetime64[ms]", closes_on="datetime64[ms]")  # fmt: skip


def caps(*rows):
    return frame("site_id production_date cap_boxes floor_boxes", *rows, cap_boxes="Int64")


def every_day(site, cap, floor=0):
    return [(site, date, cap, floor) for date in pd.date_range("2026-11-26", "2026-11-29")]


def week_caps(*rows):
    return frame("site_id menu_week cap_boxes floor_boxes",
                 *[(site, WEEK, cap, floor) for site, cap, floor in rows],
                 cap_boxes="Int64")  # fmt: skip


OLD = "2020-01-01"
WIDE = caps(*every_day("north", 999), *every_day("south", 999))
BOTH = sites(("north", OLD, None, False), ("south", OLD, None, False))


def allocated(mean=60, n_placed=25, allocation=None, plan=None, seed=0, **tables):
    plan = plan or small_plan(draws=5, allocation=allocation or {})
    week = small_week(plan, **{"sites": BOTH, **tables})
    made = boxes_by_hand(week, plan, seed, mean, n_placed)
    result = allocate_orders(week, made.simulated, plan, made.placed, made.boxes_of_draw)
    boxes = [len(made.placed.box_class) + len(draw.box_class) for draw in made.draws]
    left = result.tables["unallocated_draws"].groupby("draw")["boxes"].sum()
    assert (result.boxes.sum(axis=1) + left).tolist() == boxes
    return result


def mean_load(result):
    load = result.tables["site_load"]
    names = load["site_id"] + load["production_date"].dt.strftime(" %d")
    return dict(zip(names, load["boxes_mean"], strict=True))


def test_a_site_that_opens_or_closes_in_the_week_packs_on_its_days_only():
    result = allocated(
        sites=sites(("north", "2026-11-28", None, False), ("south", OLD, "2026-11-27", False)),
        site_caps=WIDE,
    )
    dates = mean_load(result)
    assert {name for name in dates if name.startswith("north")} == {"north 28", "north 29"}
    assert {name for name in dates if name.startswith("south")} == {"south 26", "south 27"}
    # Region c is north's alone: its boxes for Saturday, packed on Friday, find no site.
    short = result.tables["unallocated"]
    early = short[(short["region_id"] == "c") & (short["delivery_date"] == SATURDAY)]
    assert early["reason"].tolist() == ["no_site_reaches_region"]


def test_a_catch_all_takes_what_others_cannot_and_none_leaves_it_short():
    open_ended = sites(("north", OLD, None, False), ("south", OLD, None, True))
    closed = {"site_caps": caps(*every_day("north", 0))}
    reasons = set(allocated(sites=open_ended, **closed).tables["unallocated"]["binding"])
    assert all("south" not in words or "no site makes" in words for words in reasons)
    alone = allocated(**closed)
    assert alone.boxes.sum() == 0
    assert set(alone.tables["unallocated"]["reason"]) >= {"cap_binds"}


def test_a_region_of_one_site_competes_for_that_site():
    result = allocated(mean=200, site_caps=caps(*every_day("north", 5), *every_day("south", 999)))
    short = result.tables["unallocated"]
    capped = short[short["reason"] == "cap_binds"]
    assert "c" in set(capped["region_id"])
    assert capped.loc[capped["region_id"] == "c", "binding"].str.fullmatch(
        r"2026-11-\d\d at north \(cap 5\)").all()  # fmt: skip


def test_an_item_made_nowhere_leaves_its_boxes_short_by_name():
    made = small_week()["item_sites"]
    result = allocated(item_sites=made[made["item_id"] != "r2"], site_caps=WIDE)
    assert (result.tables["unallocated"]["reason"] == "no_site_makes_all_items").any()


def test_no_links_no_lanes_every_box_is_infeasible():
    result = allocated(region_sites=small_week()["region_sites"].iloc[:0])
    assert set(result.tables["unallocated"]["reason"]) == {"no_site_reaches_region"}
    assert result.tables["site_load"].empty
    assert result.tables["capacity_value"].empty


def test_no_boxes_at_all():
    result = allocated(mean=0, n_placed=0, site_caps=caps(*every_day("north", 9, 4)))
    load = result.tables["site_load"].query("cap_boxes > 0")
    assert result.tables["unallocated"].empty
    assert load["boxes_below_floor"].tolist() == [4.0] * len(load)
    assert set(load["floor_reason"]) == {"too_few_boxes"}


def test_a_cap_changed_between_runs_moves_no_more_boxes_than_it_must():
    many = {"mean": 0, "n_placed": 80}
    wide, tight = (
        allocated(**many, site_caps=caps(*every_day("north", cap), *every_day("south", 999)))
        for cap in (999, 12)
    )
    before, after = (r.tables["allocations"]["site_id"].fillna("") for r in (wide, tight))
    over = sum(max(0, load - 12) for name, load in mean_load(wide).items() if "north" in name)
    assert (before != after).sum() == over


def test_boxes_stay_where_they_were_even_when_moving_is_free():
    """Both sites make and reach everything at the same cost: as many boxes stay as have room."""
    links = small_week()["region_sites"].drop_duplicates("region_id")
    links = pd.concat([links.assign(site_id=site, cost_per_box=300, transit_days=1)
                       for site in ("north", "south")])  # fmt: skip
    both = small_week()["item_sites"].drop_duplicates("item_id")
    both = pd.concat([both.assign(site_id=site) for site in ("north", "south")])
    for cap in (999, 10):
        room = caps(*every_day("north", cap), *every_day("south", 999))
        result = allocated(mean=30, n_placed=80, allocation={"move_cost": 0}, site_caps=room,
                           region_sites=links, item_sites=both)  # fmt: skip
        boxes = result.tables["allocations"].dropna(subset="previous_site_id")
        stay = boxes["site_id"] == boxes["previous_site_id"]
        places = [boxes["delivery_date"], boxes["previous_site_id"]]
        kept = stay.groupby(places).agg(["sum", "size"])
        north = kept.xs("north", level="previous_site_id")
        assert north["sum"].tolist() == north["size"].clip(upper=cap).tolist()
        assert kept.xs("south", level="previous_site_id").eval("sum == size").all()


def test_a_weeks_cap_binds_across_its_days_and_names_itself():
    result = allocated(mean=150, site_caps=caps(*every_day("north", 40), *every_day("south", 40)),
                       site_week_caps=week_caps(("north", 30, 0)))  # fmt: skip
    lanes = result.axes.lanes
    north = result.boxes[:, (lanes["site"] == 0).to_numpy()].sum(axis=1)
    assert (north <= 30).all()
    row = result.tables["site_week_load"].iloc[0]
    assert (row["site_id"], row["cap_boxes"], row["p_over_cap"]) == ("north", 30, 1.0)
    assert row["shadow_price"] > 0
    assert row["boxes_mean"] == north.mean()
    words = result.tables["unallocated"]["binding"]
    assert words.str.contains(r"at north \(cap 40, cap 30 in the week\)").any()


@pytest.mark.parametrize(
    ("floor_cost", "floor", "week", "reason"),
    [(1000, 5, None, ""), (1, 60, None, "costs_more"), (1000, 60, 30, "week_cap_binds"),
     (1000, 900, None, "too_few_boxes")],
)  # fmt: skip
def test_a_missed_floor_says_why(floor_cost, floor, week, reason):
    """South, dearer in region a: a high price for missing boxes brings them there."""
    south = [("south", "2026-11-27", 999, floor)]
    limits = {"site_week_caps": week_caps(("south", week, 0))} if week else {}
    result = allocated(mean=500, n_placed=0, allocation={"floor_cost": floor_cost},
                       site_caps=caps(*every_day("north", 999), *south), **limits)  # fmt: skip
    load = result.tables["site_load"]
    row = load[(load["site_id"] == "south") & (load["production_date"] == "2026-11-27")].iloc[0]
    assert row["floor_reason"] == reason
    assert (row["boxes_below_floor"] > 0) == (row["p_below_floor"] > 0) == (reason != "")


def frozen_plan(as_of="2026-11-20T06:00", **allocation):
    plan = small_plan(draws=5, allocation=allocation)
    moment = dt.datetime.fromisoformat(as_of).replace(tzinfo=dt.UTC)
    return type(plan)(plan.plan_id, moment, plan.menu_weeks, "test", plan.settings, {})


@pytest.mark.parametrize(
    ("plan", "days"),
    [(frozen_plan(), []), (frozen_plan(frozen_lead_days=8), [SATURDAY]),
     (frozen_plan(frozen_lead_days=9), [SATURDAY, "2026-11-29"]),
     (frozen_plan("2026-11-25T12:00"), [SATURDAY, "2026-11-29", "2026-11-30"])],
    ids=["none", "inside 8 days", "inside 9 days", "past the cut-off"],
)  # fmt: skip
def test_final_boxes_keep_their_site_even_beyond_the_cap(plan, days):
    """Every cap is 0: only boxes whose site is final are packed."""
    result = allocated(n_placed=60, plan=plan, site_caps=caps())
    boxes = result.tables["allocations"]
    final = boxes[boxes["is_final"]]
    assert sorted(set(final["delivery_date"].dt.strftime("%Y-%m-%d"))) == days
    assert (final["site_id"] == final["previous_site_id"]).all()
    assert final["reason"].eq("").all()
    assert boxes.loc[~boxes["is_final"], "site_id"].isna().all()
    load = result.tables["site_load"]
    assert load["over_cap_frozen"].sum() == len(final) == load["boxes_committed"].sum()
    assert (load["shadow_price"][load["over_cap_frozen"] > 0] == 0).all()


def test_final_boxes_at_a_site_that_cannot_pack_them_are_moved():
    only_south = small_week()["region_sites"].query("site_id == 'south'")
    plan = frozen_plan(frozen_lead_days=30)
    result = allocated(n_placed=60, plan=plan, region_sites=only_south, site_caps=WIDE)
    boxes = result.tables["allocations"].query("previous_site_id == 'north'")
    assert not boxes["is_final"].any()
    assert set(boxes["site_id"].dropna()) == {"south"}


def test_the_value_of_other_caps_is_what_other_caps_save():
    """One site, so nothing can move: a box more or less costs its shortfall less its delivery."""
    alone = {"region_sites": small_week()["region_sites"].query("site_id == 'north'"),
             "mean": 300, "n_placed": 0}  # fmt: skip
    result = allocated(**alone, site_caps=caps(*every_day("north", 10)))
    value = result.tables["capacity_value"]
    value = value[value["production_date"] == SATURDAY]
    assert value["change_pct"].tolist() == [-20, -10, 0, 10, 20]
    assert value["cap_boxes"].tolist() == [8, 9, 10, 11, 12]
    assert value["boxes_saved"].tolist() == [-2, -1, 0, 1, 2]
    load = result.tables["site_load"]
    prices = load[load["production_date"] == SATURDAY].iloc[0]
    money = dict(zip(value["change_pct"], value["money_saved"], strict=True))
    assert money[10] == prices["shadow_price"] == 2500 - 90
    assert money[-10] == -prices["shadow_price_left"]
    assert prices["p_binds"] == prices["p_over_cap"] == 1


def test_no_value_is_computed_when_none_is_asked_for():
    result = allocated(allocation={"value_draws": 0}, site_caps=caps(*every_day("north", 10)))
    assert result.tables["capacity_value"].empty
    assert (result.tables["site_load"]["p_binds"] >= 0).all()


def test_costs_that_cannot_be_added_exactly_name_the_largest():
    with pytest.raises(DataError, match=r"allocation\.shortfall_cost 9007199254740992\)"):
        allocated(allocation={"shortfall_cost": 2**53})


def test_one_box_of_many_kits_does_not_widen_the_packs_of_all_others():
    axes = week_axes(small_week())
    items, ptr = np.zeros(30_000, np.int32), np.array([0, 30_000])
    placed = DrawBoxes(np.zeros(1, np.int32), np.zeros(1, np.uint64), ptr, items,
                       np.full(1, 2, np.int16))  # fmt: skip
    packs = pack_axis(axes, placed, small_plan(simulator={"box_sizes": [2, 3]}).settings.simulator)
    table = packs.table()
    assert table["n_kits"].unique().tolist() == [0, 1, 2, 3, 30_000]
    assert [table["n_kits"][at] for at in packs.first_pack[[0, 3, 30_000]]] == [0, 3, 30_000]
    assert packs.first_pack[4] == -1

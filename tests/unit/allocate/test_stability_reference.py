"""What a week's boxes are kept close to, read from the last forecast; trades that keep costs."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from boxes_by_hand import boxes_by_hand
from worlds import small_plan, small_week

from sitecast.allocate import allocate_orders
from sitecast.allocate.item_limits import item_limits
from sitecast.allocate.steady import homes, item_weights, previous_kits, steady, trade_terms
from sitecast.forecast import forecast_sites
from sitecast.records.week_axes import week_axes

DRAWS, PLACED, MOVE_COST = 4, 25, 50


def forecast(seed, week, plan):
    made = boxes_by_hand(week, plan, seed, 300, PLACED)
    allocation = allocate_orders(week, made.simulated, plan, made.placed, made.boxes_of_draw)
    return made, allocation, forecast_sites(week, allocation, plan, week.provenance)


@pytest.fixture(scope="module")
def world():
    """Two forecasts of one week from different boxes; sites cost the same, and caps bind."""
    plan = small_plan(draws=DRAWS)
    links = small_week()["region_sites"].drop_duplicates("region_id")
    links = pd.concat([links.assign(site_id=site, cost_per_box=300, transit_days=1)
                       for site in ("north", "south")])  # fmt: skip
    dates = pd.date_range("2026-11-27", "2026-11-29")
    rows = [(site, date, 50) for site in ("north", "south") for date in dates]
    caps = pd.DataFrame(rows, columns=["site_id", "production_date", "cap_boxes"])
    week = small_week(plan, region_sites=links, site_caps=caps)
    assert len(links) == 6
    return week, week_axes(week), plan, forecast(1, week, plan), forecast(2, week, plan)


def kept(world, week=None, seed=None):
    """Draw 0 of the second forecast, kept close to the first: its boxes, lanes before and after."""
    default, axes, plan, (_, _, previous), (made, allocation, _) = world
    classes = made.simulated["classes"]
    plan_seed = plan.seed if seed is None else seed
    caps = item_limits(week or default, axes)
    state = steady(week or default, classes, axes, MOVE_COST, previous, DRAWS, plan_seed,
                   caps.units)  # fmt: skip
    lane = lanes_of_first_draw(made, allocation, axes)
    boxes = made.draws[0]
    none = np.full(len(lane), -1)
    reference = state.of_draw(0) - allocation.kits_committed
    return state, boxes, classes, lane, state.keep(boxes, lane, none, reference)


def lanes_of_first_draw(made, allocation, axes):
    rows = allocation.tables["allocations"].iloc[PLACED:]
    day = axes.days.get_indexer(rows["delivery_date"])
    region = axes.regions.get_indexer(rows["region_id"].astype(object))
    site = axes.sites.get_indexer(rows["site_id"].astype(object))
    return np.where(site < 0, -1, axes.lane[day, region, site]).astype(np.int32)


def pieces(boxes, lane, axes):
    counts = np.zeros((len(axes.lanes), axes.n_items), int)
    for box, at in enumerate(lane):
        for item in boxes.items[boxes.item_ptr[box] : boxes.item_ptr[box + 1]]:
            counts[at, item] += at >= 0
    return counts


def test_the_last_forecast_is_read_back_draw_by_draw(world):
    _, axes, _, (_, allocation, previous), _ = world
    assert np.array_equal(previous_kits(previous, axes), allocation.kits)


def test_items_and_lanes_that_the_week_no_longer_has_are_left_out(world):
    _, axes, _, (_, allocation, previous), _ = world
    fewer = dataclasses.replace(axes, recipes=axes.recipes[1:], lanes=axes.lanes.iloc[1:])
    gone = len(axes.portions)
    assert np.array_equal(previous_kits(previous, fewer), allocation.kits[:, 1:, gone:])


def test_other_draws_are_replaced_by_their_mean(world):
    _, _, _, (_, allocation, _), _ = world
    state, *_ = kept(world, seed=99)
    assert np.array_equal(state.of_draw(3), np.rint(allocation.kits.mean(axis=0)))


def test_boxes_find_their_last_sites(world):
    _, axes, _, (_, allocation, previous), _ = world
    boxes = allocation.tables["allocations"]
    ids = pd.concat([boxes["box_id"], pd.Series(["never seen"])])
    site = homes(previous, ids, axes)
    assert site[-1] == -1
    names = [None if at < 0 else axes.sites[at] for at in site[:-1]]
    assert names == boxes["site_id"].astype(object).where(boxes["site_id"].notna(), None).tolist()


def test_trades_keep_loads_and_costs_and_lower_the_change(world):
    _, axes, *_ = world
    state, boxes, _, before, after = kept(world)
    assert np.array_equal(np.bincount(before + 1), np.bincount(after + 1))
    cost = state.terms.cost[boxes.box_class]
    some = before >= 0
    site = axes.lanes["site"].to_numpy()
    old, new = (cost[np.flatnonzero(some), site[lane[some]]] for lane in (before, after))
    assert (new >= 0).all()
    assert old.sum() == new.sum()
    wanted = state.of_draw(0) - world[4][1].kits_committed
    change = [(np.abs(pieces(boxes, lane, axes) - wanted) @ state.weight).sum()
              for lane in (before, after)]  # fmt: skip
    assert change[1] < change[0]


LINES = {"one for all": lambda item: "hot", "two": lambda item: "hot" if item < "r4" else "cold"}


@pytest.mark.parametrize("line_of", LINES.values(), ids=LINES)
def test_boxes_trade_with_boxes_that_take_the_same_of_every_cap(world, line_of):
    week, axes, *_ = world
    made = week["item_sites"]
    capped = made["item_id"].eq("r1") & made["site_id"].eq("north")
    made = made.assign(line_id=made["item_id"].astype(object).map(line_of),
                       cap_kits=pd.array(np.where(capped, 5, None), "Int64"))  # fmt: skip
    rows = [("line", site, line_of(item)) for site in ("north", "south") for item in ("r1", "r6")]
    rows += [("sku", "south", "sku-rice")]
    lines = pd.DataFrame(rows, columns=["resource_type", "site_id", "resource_id"])
    shared = lines.drop_duplicates().assign(menu_week=week.menu_week, cap=9)
    tables = {**week.tables, "item_sites": made, "resource_caps": shared}
    limited = dataclasses.replace(week, tables=tables)
    state, boxes, _, before, after = kept(world, limited)
    caps = item_limits(limited, axes)
    assert set(caps.table["item_type"]) == {"recipe", "line", "sku"}
    held = [pieces(boxes, lane, axes) for lane in (before, after)]
    assert np.array_equal(caps.load(held[0]), caps.load(held[1]))
    wanted = state.of_draw(0) - world[4][1].kits_committed
    change = [(np.abs(each - wanted) @ state.weight).sum() for each in held]
    assert change[1] < change[0]
    free = kept(world)[4]
    free_change = (np.abs(pieces(boxes, free, axes) - wanted) @ state.weight).sum()
    assert not np.array_equal(caps.load(held[0]), caps.load(pieces(boxes, free, axes)))
    assert free_change <= change[1]


def test_final_boxes_stay(world):
    state, boxes, _, lane, _ = kept(world)
    final = np.ones(len(lane), bool)
    none = np.full(len(lane), -1)
    assert np.array_equal(state.keep(boxes, lane, none, state.of_draw(0), final), lane)


def test_groups_share_lanes_and_cost_differences(world):
    _, axes, _, (made, *_), _ = world
    classes = made.simulated["classes"]
    terms = trade_terms(classes, axes, MOVE_COST)
    day = axes.days.get_indexer(classes["delivery_date"])
    region = axes.regions.get_indexer(classes["region_id"].astype(object))
    for group in np.unique(terms.group):
        mine = np.flatnonzero(terms.group == group)
        lanes = axes.lane[day[mine], region[mine]]
        assert (lanes == lanes[0]).all()
        assert np.array_equal(terms.lane[group], lanes[0])
        costs = axes.cost[day[mine], region[mine]][:, lanes[0] >= 0]
        assert (costs - costs[:, :1] == costs[0] - costs[0, 0]).all()
    before = classes["previous_site"].to_numpy()
    for c in range(len(classes)):
        for site in range(len(axes.sites)):
            made_there = classes["site_set"].iloc[c] >> site & 1
            served = axes.lane[day[c], region[c], site] >= 0
            move = MOVE_COST if before[c] not in (-1, site) else 0
            cost = axes.cost[day[c], region[c], site] + move if made_there and served else -1
            assert terms.cost[c, site] == cost


def test_perishable_value_decides_the_weight():
    skus = small_week()["skus"]
    plain = skus.assign(unit_cost=1.0, shelf_life_days=365)
    axes = week_axes(small_week())
    base = item_weights(small_week(skus=plain), axes)
    used = small_week()["recipe_bom"]["sku_id"].iloc[0]
    fresh = plain.assign(shelf_life_days=plain["shelf_life_days"].mask(plain["sku_id"] == used, 2))
    weight = item_weights(small_week(skus=fresh), axes)
    first = axes.items()["item_id"] == small_week()["recipe_bom"]["recipe_id"].iloc[0]
    assert (weight[first] > base[first]).all()
    assert (weight >= 1).all()


def test_without_prices_every_piece_weighs_the_same():
    free = small_week()["skus"].assign(unit_cost=0.0)
    week = small_week(skus=free)
    assert (item_weights(week, week_axes(week)) == 1).all()

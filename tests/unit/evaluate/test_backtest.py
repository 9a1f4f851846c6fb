import numpy as np
import pandas as pd
import pytest
from poisoned import MemorySource
from worlds import DAYS, RECIPES, WEEK, small_plan, small_week

from sitecast.errors import SettingsError
from sitecast.evaluate import backtest, weeks_between
from sitecast.evaluate.backtest import forecast_as_of, past_plan

FIRST = pd.Timestamp(DAYS[0])
WEEKS = [f"2026-W{week}" for week in range(42, 49)]
STARTS = [FIRST - pd.Timedelta(weeks=6 - place) for place in range(7)]
SETTINGS = small_plan(draws=4, history_weeks=4, simulator={"box_sizes": [2, 3]}).settings
ONE_WEEK, TWO_WEEKS = 8, 15


class PastSource(MemorySource):
    """Seven weeks of orders, all delivered by now; no box forecast."""

    def __init__(self, seed=1):
        rng = np.random.default_rng(seed)
        names = [f"{week}.{n:02d}" for week in WEEKS for n in range(24)]
        start = pd.Series(np.repeat(STARTS, 24))
        days = start + pd.to_timedelta(np.tile(np.arange(24) % 3, 7), unit="D")
        self.tables = dict(small_week().tables)
        self.tables["orders"] = pd.DataFrame({
            "order_id": names, "segment": "family", "menu_week": np.repeat(WEEKS, 24),
            "delivery_date": days, "region_id": rng.choice(["a", "b"], len(names)), "portions": 2,
            "state": "delivered", "is_default": False, "created_at": start - pd.Timedelta(days=6),
            "site_id": "north",
        })  # fmt: skip
        picked = [rng.permutation(list(RECIPES))[:2] for _ in names]
        self.tables["order_lines"] = pd.DataFrame({
            "order_id": np.repeat(names, 2), "line_no": np.tile([1, 2], len(names)),
            "item_type": "recipe", "item_id": np.concatenate(picked), "portions": 2, "quantity": 1,
        })  # fmt: skip
        self.tables["menu_weeks"] = pd.DataFrame({
            "menu_week": WEEKS, "start_date": STARTS,
            "end_date": [start + pd.Timedelta(days=2) for start in STARTS],
        })  # fmt: skip
        self.tables["box_forecast"] = None


def with_another_future(source, as_of, seed):
    """The same source, in which everything after as_of happened otherwise."""
    changed, rng = PastSource(), np.random.default_rng(seed)
    orders, lines = source.tables["orders"], source.tables["order_lines"].copy()
    late = (orders["created_at"] > as_of).to_numpy()
    hidden = lines["order_id"].isin(orders.loc[late, "order_id"]).to_numpy()
    lines.loc[hidden, "item_id"] = rng.choice(list(RECIPES), hidden.sum())
    lines.loc[hidden, "quantity"] = rng.integers(1, 9, hidden.sum())
    moved = orders.copy()
    moved.loc[late, "region_id"] = rng.permutation(orders.loc[late, "region_id"])
    moved.loc[late, "delivery_date"] = rng.permutation(orders.loc[late, "delivery_date"])
    kept = ~late | (rng.random(len(orders)) < 0.7)
    bom = source.tables["recipe_bom"].astype({"valid_from": object, "valid_to": object})
    news = bom.assign(as_of=as_of + pd.Timedelta(hours=1), qty=bom["qty"] * 9)
    changed.tables |= {
        "orders": moved[kept],
        "order_lines": lines[lines["order_id"].isin(moved.loc[kept, "order_id"])],
        "recipe_bom": pd.concat([bom.assign(as_of=pd.NaT), news]),
    }  # fmt: skip
    return changed


def as_of(lead):
    return FIRST - pd.Timedelta(days=lead)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_future_changes_a_past_forecast(seed):
    then = as_of(ONE_WEEK).tz_localize("UTC").to_pydatetime()
    made = []
    known = PastSource()
    for source in (known, with_another_future(known, as_of(ONE_WEEK), seed)):
        plan = past_plan(source, SETTINGS, WEEK, then, {})
        made.append(forecast_as_of(source, plan, WEEK).forecast)
    assert made[0].content_hashes == made[1].content_hashes
    assert made[0]["site_forecast"]["qty_mean"].sum() > 0


def test_the_past_does_change_it():
    made = [backtest(PastSource(seed), SETTINGS, [WEEK], [ONE_WEEK]).table for seed in (1, 2)]
    assert (made[0]["bias"] - made[1]["bias"]).abs().max() > 0


def test_leads_follow_one_another_and_a_week_without_history_is_left_out():
    told = backtest(PastSource(), SETTINGS, [WEEKS[0], WEEK], [ONE_WEEK, TWO_WEEKS])
    assert set(told.left_out) == {(WEEKS[0], ONE_WEEK), (WEEKS[0], TWO_WEEKS)}
    table = told.table
    assert set(table["menu_week"]) == {WEEK}
    methods = table.groupby("lead_day")["method"].agg(set)
    assert methods[TWO_WEEKS] == {"sitecast", "naive", "mean_8"}
    assert methods[ONE_WEEK] == {"sitecast", "naive", "mean_8", "previous_plan"}
    both = table[table["level"] == "site_item"].set_index(["lead_day", "method"])
    before, again = both.loc[(TWO_WEEKS, "sitecast")], both.loc[(ONE_WEEK, "previous_plan")]
    assert before["wape"] == pytest.approx(again["wape"])


def test_weeks_between():
    calendar = PastSource().tables["menu_weeks"]
    assert weeks_between(calendar, WEEKS[1], WEEKS[3]) == WEEKS[1:4]
    assert weeks_between(calendar, WEEKS[1], WEEKS[1]) == [WEEKS[1]]
    with pytest.raises(SettingsError, match="comes before the first"):
        weeks_between(calendar, WEEKS[3], WEEKS[1])
    with pytest.raises(SettingsError, match="not a known menu week"):
        weeks_between(calendar, "2026-W01", WEEKS[1])

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import RECIPES, SEGMENTS, small_demand, small_plan, small_week

from sitecast.demand import forecast_demand
from sitecast.errors import DataError
from sitecast.records.demand_forecast import Choices

WEEK = small_week()
GOOD = small_demand()


class Answering:
    """A model that answers what it is told to, as both kinds."""

    def __init__(self, answer):
        self.answer = answer

    def boxes(self, week, plan):
        return self.answer

    def choices(self, week, plan, segments):
        return self.answer


class Failing:
    def choices(self, week, plan, segments):
        raise ZeroDivisionError("division by zero")


def refusal(utilities=None, shares=None):
    """The error for an answer whose frames were changed."""
    good = GOOD.choices
    answer = Choices(
        good.utilities.copy() if utilities is None else utilities,
        good.shares.copy() if shares is None else shares,
    )
    with pytest.raises(DataError, match="choice model Answering breaks its contract") as caught:
        forecast_demand(WEEK, small_plan(), choice=Answering(answer))
    assert caught.value.where == {"menu_week": "2026-W48"}
    assert "models.choice" in caught.value.remedy
    return caught.value.breaches


def changed(table, column, value, row=0):
    frame = getattr(GOOD.choices, table).copy()
    frame[column] = frame[column].astype(object)
    frame.loc[row, column] = value
    return {table: frame}


def test_a_good_answer_passes_unchanged():
    shuffled = Choices(
        GOOD.choices.utilities.sample(frac=1, random_state=1).astype({"segment": "category"}),
        GOOD.choices.shares.sample(frac=1, random_state=2),
    )
    choices = forecast_demand(WEEK, small_plan(), choice=Answering(shuffled)).choices
    for name in ("utilities", "shares"):
        pd.testing.assert_frame_equal(
            getattr(choices, name), getattr(GOOD.choices, name), check_dtype=False, check_like=True
        )
    assert choices.utilities["segment"].dtype == object
    assert choices.utilities["taste_class"].dtype == np.int64


def test_latent_classes_without_shares_pass():
    one = GOOD.choices.utilities.assign(class_share=0.25)
    both = pd.concat([one, one.assign(class_share=0.75, taste_class=1)])
    answer = Choices(both, GOOD.choices.shares.iloc[:0])
    choices = forecast_demand(WEEK, small_plan(), choice=Answering(answer)).choices
    assert len(choices.utilities) == 2 * len(one)
    assert choices.shares.empty


def test_shares_of_all_segments_together_have_no_segment():
    nation = pd.DataFrame({"segment": None, "recipe_id": list(RECIPES), "share": 1 / 6})
    answer = Choices(GOOD.choices.utilities, nation)
    choices = forecast_demand(WEEK, small_plan(), choice=Answering(answer)).choices
    assert choices.shares["segment"].isna().all()
    bad = nation.assign(share=0.1)
    (breach,) = refusal(shares=bad)
    assert (breach.key, breach.value) == ("segment=all together", "0.6")


def test_a_model_that_fails_is_named():
    with pytest.raises(DataError, match="Failing failed: ZeroDivisionError: division") as caught:
        forecast_demand(WEEK, small_plan(), choice=Failing())
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize("answer", [None, pd.DataFrame({"segment": SEGMENTS}), 3.0])
def test_an_answer_that_is_no_choices_is_refused(answer):
    with pytest.raises(DataError, match="a pandas DataFrame is expected"):
        forecast_demand(WEEK, small_plan(), choice=Answering(answer))


@pytest.mark.parametrize(
    ("table", "column", "value", "rule"),
    [
        ("utilities", "utility", np.nan, "must not be empty"),
        ("utilities", "utility", np.inf, "must be finite"),
        ("utilities", "utility", "high", "cannot be read as amount"),
        ("utilities", "sd", -0.1, "must be at least 0"),
        ("utilities", "taste_class", 0.5, "cannot be read as count"),
        ("utilities", "taste_class", -1, "must be at least 0"),
        ("utilities", "class_share", 0.9, "must be one number"),
        ("utilities", "class_share", 1.1, "must be at least 0; at most 1"),
        ("utilities", "recipe_id", "r99", "is not in the week's menu"),
        ("utilities", "segment", "nobody", "is not in the segments asked for"),
        ("shares", "share", np.nan, "must not be empty"),
        ("shares", "share", 0.9, "must sum to 1"),
        ("shares", "recipe_id", "r99", "is not in the week's menu"),
        ("shares", "segment", "nobody", "is not in the segments asked for"),
    ],
)
def test_what_breaks_the_contract_is_named(table, column, value, rule):
    found = refusal(**changed(table, column, value))
    assert (table, column) in {(breach.table, breach.column) for breach in found}
    assert any(rule in breach.rule for breach in found), found
    assert all(breach.remedy for breach in found)


def test_missing_columns_and_rows_twice_are_named():
    (missing,) = refusal(utilities=GOOD.choices.utilities.drop(columns="sd"))
    assert (missing.table, missing.column) == ("utilities", "sd")
    twice = pd.concat([GOOD.choices.utilities, GOOD.choices.utilities.iloc[:1]])
    (again,) = refusal(utilities=twice)
    assert again.key == "segment=family, taste_class=0, recipe_id=r1"


def test_a_missing_segment_and_a_share_without_utility_are_named():
    utilities = GOOD.choices.utilities
    found = refusal(utilities=utilities[utilities["segment"] != "vegan"])
    assert found[0].key == "segment=vegan"
    assert found[0].rule == "the segment has no utilities"
    (lost,) = refusal(utilities=utilities.iloc[1:])
    assert (lost.key, lost.rule) == (
        "segment=family, recipe_id=r1",
        "the recipe has no utility here",
    )


def test_class_shares_sum_to_one():
    (breach,) = refusal(utilities=GOOD.choices.utilities.assign(class_share=0.5))[:1]
    assert (breach.column, breach.value) == ("class_share", "0.5")


def test_every_breach_is_listed_at_once():
    utilities = GOOD.choices.utilities.copy()
    utilities.loc[0, "utility"], utilities.loc[1, "sd"] = np.nan, -1.0
    shares = GOOD.choices.shares.assign(share=2.0)
    found = refusal(utilities, shares)
    assert {(b.table, b.column) for b in found} == {
        ("utilities", "utility"), ("utilities", "sd"), ("shares", "share")
    }  # fmt: skip


BOXES = GOOD.boxes.assign(sd_boxes=1.0)


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("mean_boxes", np.nan, "must not be empty"),
        ("mean_boxes", -1.0, "must be at least 0"),
        ("delivery_date", pd.Timestamp("2027-01-01"), "is not in the week's delivery_days"),
        ("delivery_date", "soon", "cannot be read as day"),
        ("region_id", "atlantis", "is not in the table regions"),
        ("segment", None, "must not be empty"),
    ],
)
def test_volumes_are_checked_alike(week_with_history, column, value, rule):
    boxes = BOXES.astype({column: object})
    boxes.loc[0, column] = value
    with pytest.raises(DataError, match="volumes model Answering breaks its contract") as caught:
        forecast_demand(week_with_history(), small_plan(), volumes=Answering(boxes))
    assert [b.column for b in caught.value.breaches] == [column]
    assert rule in caught.value.breaches[0].rule


def test_unknown_spread_of_boxes_is_allowed(week_with_history):
    boxes = BOXES.assign(sd_boxes=np.nan)
    demand = forecast_demand(week_with_history(), small_plan(), volumes=Answering(boxes))
    assert demand.boxes["sd_boxes"].isna().all()
    assert demand.boxes["mean_boxes"].sum() == pytest.approx(boxes["mean_boxes"].sum())


@settings(max_examples=40, deadline=None)
@given(
    table=st.sampled_from(["utilities", "shares"]),
    column=st.integers(0, 5),
    row=st.integers(0, 8),
    value=st.one_of(st.none(), st.floats(), st.integers(-3, 3), st.text(max_size=3)),
)
def test_any_answer_is_accepted_or_refused_with_one_error(table, column, row, value):
    frame = getattr(GOOD.choices, table)
    told = changed(table, frame.columns[column % len(frame.columns)], value, row)
    answer = Choices(**{"utilities": GOOD.choices.utilities, "shares": GOOD.choices.shares, **told})
    try:
        choices = forecast_demand(WEEK, small_plan(), choice=Answering(answer)).choices
    except DataError:
        return
    assert np.isfinite(choices.utilities[["class_share", "utility", "sd"]]).all(axis=None)
    sums = choices.shares.groupby("segment", dropna=False)["share"].sum()
    assert sums.to_numpy() == pytest.approx(np.ones(len(sums)), abs=1e-5)

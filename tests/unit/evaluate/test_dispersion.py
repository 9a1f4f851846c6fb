import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student
from unit.evaluate.test_backtest import FIRST, SETTINGS, WEEKS, PastSource
from worlds import WEEKLY_TABLES, moved_weeks

from sitecast.errors import DataError
from sitecast.evaluate import calibrate_spreads
from sitecast.evaluate.compare import EVER
from sitecast.evaluate.dispersion import conformal_reach, fit_spreads
from sitecast.evaluate.past_errors import PastErrors, past_errors
from sitecast.extract import moment_before
from sitecast.records.plan import ForecastPlan
from sitecast.settings import load_plan_file
from sitecast.settings_uncertainty import NORMAL_80, LeadSpreads, Uncertainty

DAYS, REGIONS, SEGMENTS, RECIPES = 5, 12, 2, 25


class WholePast(PastSource):
    """PastSource with days, caps and a menu for every week."""

    def __init__(self):
        super().__init__()
        for name in set(WEEKLY_TABLES) - {"menu_weeks", "orders", "order_lines", "box_forecast"}:
            weeks = [moved_weeks(self.tables[name], n - 6, key) for n, key in enumerate(WEEKS)]
            self.tables[name] = pd.concat(weeks, ignore_index=True)


def past_week(rng, boxes=60_000.0, kits=40_000.0, tails=None, **cv):
    """A week whose shocks have these spreads; `tails` makes week shocks from numbers of mean 0."""
    shape = (DAYS, REGIONS, SEGMENTS)
    week = rng.normal() if tails is None else tails(rng)
    shock = 1 + cv.get("total", 0) * week + cv.get("day", 0) * rng.normal(size=(DAYS, 1, 1))
    shock = shock + cv.get("region", 0) * rng.normal(size=(1, REGIONS, 1))
    stated = rng.uniform(0, 0.02, shape)
    own = np.sqrt(cv.get("cell", 0) ** 2 + cv.get("stated", 0) * stated)
    mean = boxes * rng.dirichlet(np.full(np.prod(shape), 5.0)).reshape(shape)
    actual = rng.poisson(np.maximum(mean * (shock + own * rng.normal(size=shape)), 0))
    day, region, segment = np.indices(shape).reshape(3, -1)
    cells = pd.DataFrame({
        "delivery_date": FIRST + pd.to_timedelta(day, unit="D"), "region_id": region.astype(str),
        "segment": segment.astype(str), "mean": mean.ravel(), "stated": stated.ravel(),
        "actual": actual.ravel().astype(float),
    })  # fmt: skip
    expected = kits * rng.dirichlet(np.full(RECIPES, 3.0))
    claimed, share = rng.uniform(0, 0.05, RECIPES), expected / kits * 3
    sd = np.sqrt(cv.get("recipe", 0) ** 2 + cv.get("claimed", 0) * claimed) * (1 - share)
    sold = rng.poisson(np.maximum(expected * (1 + sd * rng.normal(size=RECIPES)), 0))
    recipes = pd.DataFrame({"recipe_id": range(RECIPES), "mean": expected, "stated": claimed,
                            "share": share, "actual": sold.astype(float)})  # fmt: skip
    return PastErrors("2026-W01", cells, recipes)


def past(weeks, seed, **known):
    rng = np.random.default_rng(seed)
    return [past_week(rng, **known) for _ in range(weeks)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_known_spreads_are_found(seed):
    truth = {"total": 0.08, "day": 0.05, "region": 0.06, "cell": 0.1, "stated": 1.5,
             "recipe": 0.15, "claimed": 2.0}  # fmt: skip
    found = fit_spreads(8, past(150, seed, **truth))
    for kind in ("total", "day", "region"):
        assert getattr(found, kind).cv == pytest.approx(truth[kind], rel=0.2), kind
    assert found.cell.cv == pytest.approx(0.1, rel=0.2)
    assert found.cell.stated == pytest.approx(1.5, rel=0.25)
    assert found.recipe.cv == pytest.approx(0.15, rel=0.2)
    assert found.recipe.stated == pytest.approx(2.0, rel=0.25)
    for kind in ("total", "day", "region", "cell", "recipe"):  # normal shocks have normal tails
        shock = getattr(found, kind)
        assert (shock.reach_80, shock.reach_95) == pytest.approx((1.28, 1.96), rel=0.17), kind


def test_poisson_noise_alone_is_no_spread():
    found = fit_spreads(8, past(60, 4))
    assert max(found.total.cv, found.day.cv, found.region.cv) < 0.01
    assert found.cell.cv < 0.03
    assert found.recipe.cv < 0.02


def test_heavy_tails_reach_far():
    def rarely(rng):
        return rng.choice([-3.0, 3.0]) if rng.random() < 0.1 else rng.normal(0, 0.3)

    shock = fit_spreads(8, past(300, 5, total=0.1, tails=rarely)).total
    assert shock.reach_80 < 1.0
    assert shock.reach_95 > 2.4


def test_few_errors_reach_as_far_as_students_t():
    assert conformal_reach(np.array([0.1, 0.2, 0.3]), 0.95) == pytest.approx(student.ppf(0.975, 3))
    assert conformal_reach(np.zeros(0), 0.8) == pytest.approx(NORMAL_80, abs=1e-3)
    many = np.random.default_rng(1).standard_normal(20_000)
    assert conformal_reach(many, 0.95) == pytest.approx(1.96, abs=0.03)


def test_too_few_weeks_are_refused():
    with pytest.raises(DataError, match="3 past weeks are too few"):
        fit_spreads(8, past(3, 1))


def test_calibration_is_a_file_that_a_plan_file_names(tmp_path):
    source = WholePast()
    told = calibrate_spreads(source, SETTINGS, WEEKS[1:6], [8], EVER)
    assert set(told.left_out) == {(WEEKS[1], 8)}  # no week had ended by then
    (tmp_path / "uncertainty.yaml").write_text(told.to_yaml())
    plan = tmp_path / "plan.yaml"
    plan.write_text("simulator: {uncertainty: uncertainty.yaml}\n")
    read = load_plan_file(plan).simulator.uncertainty
    assert read == told.uncertainty
    assert [row.lead_days for row in read.by_lead] == [8]
    assert WEEKS[5] in read.fitted_on
    assert len(told.as_table()) == 5


def test_a_lead_with_too_few_weeks_is_left_out():
    told = calibrate_spreads(WholePast(), SETTINGS, WEEKS[1:6], [8, 29], EVER)
    assert [row.lead_days for row in told.uncertainty.by_lead] == [8]
    assert {week for week, lead in told.left_out if lead == 29} == set(WEEKS[1:6])
    with pytest.raises(DataError, match="too few to fit spreads on"):
        calibrate_spreads(WholePast(), SETTINGS, WEEKS[1:6], [29], EVER)


def test_a_plan_with_other_models_than_the_spreads_were_fitted_on_says_so():
    fitted = Uncertainty(by_lead=(LeadSpreads(lead_days=8),), fitted_models={"volumes": "a (1)"})
    differs = "fitted on a (1), planned with a (2)"
    for models, words in (
        ({"volumes": "a (1)"}, ""), ({"choice": "b (2)"}, ""), ({"volumes": "a (2)"}, differs),
    ):  # fmt: skip
        simulator = SETTINGS.simulator.model_copy(update={"uncertainty": fitted})
        settings = SETTINGS.model_copy(update={"simulator": simulator})
        plan = ForecastPlan("", EVER, (), "", settings, {}, models)
        assert words in plan.warning
        assert bool(plan.warning) == bool(words)


def test_no_later_week_changes_past_errors():
    source, other = WholePast(), WholePast()
    rng, late = np.random.default_rng(3), other.tables["orders"]["menu_week"] > WEEKS[4]
    moved = other.tables["orders"].copy()
    moved.loc[late, "region_id"] = rng.choice(["a", "b"], late.sum())
    moved.loc[late, "segment"] = "vegan"
    other.tables["orders"] = moved
    then = moment_before(FIRST - pd.Timedelta(weeks=2), 8)
    made = [past_errors(s, SETTINGS, WEEKS[4], then, EVER, {}) for s in (source, other)]
    pd.testing.assert_frame_equal(made[0].cells, made[1].cells)
    pd.testing.assert_frame_equal(made[0].recipes, made[1].recipes)
    assert made[0].cells["actual"].sum() == 24

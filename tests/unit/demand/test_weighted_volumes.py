import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from volume_worlds import PLAN, week_of

from sitecast.demand.weighted_volumes import WeightedVolumes
from sitecast.errors import DataError


def told(boxes, lag=1):
    frame = WeightedVolumes().boxes(week_of(boxes, lag), PLAN)
    assert (frame["sd_boxes"] ** 2 >= frame["mean_boxes"] * (1 - 1e-12)).all()
    return frame.pivot_table(index="region_id", columns="delivery_date", values="mean_boxes",
                             aggfunc="sum", fill_value=0.0).to_numpy()  # fmt: skip


def same(groups=2, weeks=10):
    profile = np.array([40, 60, 0, 20, 10, 30, 50])
    return np.stack([np.tile(profile * (group + 1), (weeks, 1)) for group in range(groups)])


def test_what_repeats_is_forecast_as_it_is():
    boxes = same()
    np.testing.assert_allclose(told(boxes), boxes[:, 0][:, boxes[0, 0] > 0], rtol=1e-9)


def test_holidays_and_closures_are_no_news():
    boxes = same()
    wanted = boxes[:, 0][:, boxes[0, 0] > 0]
    boxes[:, -2, 1] = 0  # a holiday
    boxes[0, 4:6] = 0  # one group is closed for two weeks
    boxes[:, 3] = 0  # nobody is served for a week
    np.testing.assert_allclose(told(boxes, lag=2), wanted, rtol=1e-3)


def test_rare_boxes_do_count_as_none():
    boxes = np.zeros((2, 12, 1), dtype=int)
    boxes[0, ::3], boxes[1] = 3, 80
    assert told(boxes)[0, 0] == pytest.approx(1.0, abs=0.4)


def test_a_new_level_is_followed_and_noise_is_not():
    rng = np.random.default_rng(5)
    jump = rng.poisson(100.0, (6, 16, 7))
    jump[:, 8:] = rng.poisson(150.0, (6, 8, 7))
    assert told(jump).mean() == pytest.approx(150, rel=0.03)
    noise = rng.poisson(100.0, (6, 16, 7))
    assert np.abs(told(noise) - 100).mean() < np.abs(noise[:, -1] - 100).mean() / 2


def test_the_spread_covers_what_comes():
    rng = np.random.default_rng(7)
    level = 200 * np.exp(0.1 * rng.standard_normal((40, 13, 1)))
    boxes = rng.poisson(level * np.ones((1, 1, 7)))
    frame = WeightedVolumes().boxes(week_of(boxes[:, :12]), PLAN)
    frame = frame.sort_values(["region_id", "delivery_date"])
    wide = 1.2816 * frame["sd_boxes"].to_numpy()
    inside = np.abs(boxes[:, 12].ravel() - frame["mean_boxes"].to_numpy()) < wide
    assert 0.7 < inside.mean() < 0.95


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3))
def test_whatever_comes_the_answer_keeps_the_contract(seed, lag):
    rng = np.random.default_rng(seed)
    boxes = rng.poisson(rng.choice([0, 0.3, 5, 60], (3, 1, 7)) * rng.random((1, 5, 1)))
    if boxes.any():
        frame = WeightedVolumes().boxes(week_of(boxes, lag), PLAN)
        assert np.isfinite(frame[["mean_boxes", "sd_boxes"]].to_numpy()).all()
        assert not frame.duplicated(["delivery_date", "region_id", "segment"]).any()


def test_nothing_known_is_an_error():
    with pytest.raises(DataError, match="nothing to forecast boxes from"):
        told(np.zeros((1, 3, 7), dtype=int))

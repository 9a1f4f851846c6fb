import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitecast.errors import Breach, DataError, SettingsError
from sitecast.quantities import cases_to_buy, largest_remainder
from sitecast.randomness import generator, stream_key
from sitecast.weeks import checked_menu_week, is_menu_week


@pytest.mark.parametrize("key", ["2026-W01", "2026-W53"])
def test_menu_week_keys(key):
    assert is_menu_week(key)


@pytest.mark.parametrize(
    "key",
    ["2026-W00", "2026-W54", "2026-W1", "2026W05", "2026-w01", "2026-W01\n", " 2026-W01", "",
     "../../evil", "<script>", "２０２６-W01"],
)  # fmt: skip
def test_what_is_not_a_menu_week(key):
    assert not is_menu_week(key)
    with pytest.raises(SettingsError, match="not a known menu week"):
        checked_menu_week(key)


def test_the_nearest_week_is_named():
    with pytest.raises(SettingsError, match="nearest known week is 2026-W48"):
        checked_menu_week("2026-W84", ["2026-W47", "2026-W48"])


@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=40).filter(lambda w: sum(w) > 1e-6),
    st.integers(0, 10**6),
)
def test_largest_remainder_loses_nothing(weights, total):
    weights = np.array(weights)
    parts = largest_remainder(weights, total)
    assert parts.sum() == total
    assert (parts >= 0).all()
    assert (np.abs(parts - weights * total / weights.sum()) < 1 + 1e-6).all()


@given(st.floats(0, 1e6), st.floats(0.1, 1e4), st.floats(0, 1e5))
def test_cases_cover_the_need_and_the_least_order(qty, case_size, moq):
    cases = int(cases_to_buy(np.array([qty]), np.array([case_size]), np.array([moq]))[0])
    wanted = max(qty, moq) if qty > 0 else 0.0
    assert cases * case_size >= wanted - 1e-6 * (1 + wanted)
    assert (cases - 1) * case_size < wanted or cases == 0


def test_streams_are_named_and_independent():
    assert stream_key(1, "a", "bc") != stream_key(1, "ab", "c")
    assert generator(1, "x").random() == generator(1, "x").random()
    assert generator(1, "x").random() != generator(2, "x").random()


def test_errors_survive_pickling_with_every_breach():
    breach = Breach("orders", "portions", "order_id=7", "-2", "must be at least 1", "correct it")
    error = pickle.loads(pickle.dumps(DataError("bad", {"menu_week": "2026-W48"}, "", [breach])))
    assert error.breaches == (breach,)
    assert "orders.portions at order_id=7 = -2: must be at least 1 → correct it" in str(error)


def test_a_long_list_of_breaches_is_counted():
    breaches = [Breach("t", "c", f"k={i}", "", "wrong", "") for i in range(30)]
    assert "… and 10 more" in str(DataError("bad", breaches=breaches))

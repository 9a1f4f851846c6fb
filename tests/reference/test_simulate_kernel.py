"""The compiled kernel against the slow, obvious one, and against Plackett–Luce by enumeration."""

import itertools

import numpy as np
import pytest
from draw_inputs import one_segment, random_input
from scipy.stats import chi2

from sitecast.simulate import plain
from sitecast.simulate.draw import DrawInput, DrawOutput
from sitecast.simulate.simulate_draw import simulate_draw

FAMILY_WISE = 1e-3
CASES = [
    ([5.0, 3.0, 2.0, 1.0, 1.0], 3, None),
    ([1.0, 1.0, 1.0, 1.0], 2, None),
    ([500.0, 3.0, 1.0, 0.5, 0.2], 2, None),
    ([2000.0, 1.0, 1e-3, 2e-3], 3, None),
    ([5.0, 3.0, 2.0, 1.0], 4, None),
    ([8.0, 3.0, 2.0, 1.0], 2, [0, 10**9, 10**9, 10**9]),
    ([900.0, 3.0, 2.0, 1.0], 2, [0, 10**9, 10**9, 10**9]),
]


def assert_same(ours: DrawOutput, plain_one: DrawOutput) -> None:
    for name, mine, other in zip(DrawOutput._fields, ours, plain_one, strict=True):
        assert np.asarray(mine).dtype == np.asarray(other).dtype, name
        np.testing.assert_array_equal(mine, other, err_msg=name)


@pytest.mark.parametrize("seed", range(150))
def test_kernel_equals_plain(seed: int) -> None:
    draw = random_input(seed)
    assert_same(DrawOutput(*simulate_draw(draw)), plain.simulate_draw(draw))


@pytest.mark.parametrize("limit", [1, 3])
def test_kernel_equals_plain_with_extreme_weights(limit: int) -> None:
    draw = one_segment([1e12, 1e-12, 1.0, 0.0, 1e6, 1e-6], 5, 200, limit, [3, 2**62, 9, 0, 50, 7])
    assert_same(DrawOutput(*simulate_draw(draw)), plain.simulate_draw(draw))


@pytest.mark.parametrize("limit", [1, 2])
@pytest.mark.parametrize("recipes", [254, 255, 256])
def test_kernel_equals_plain_where_a_byte_ends(recipes: int, limit: int) -> None:
    weights = np.geomspace(1.0, 50.0, recipes).tolist()  # the last ones are the most popular
    draw = one_segment(weights, 4, 300, limit)
    ours = DrawOutput(*simulate_draw(draw))
    assert_same(ours, plain.simulate_draw(draw))
    assert recipes - 1 in ours.items


def probabilities(weights: list[float], kits: int) -> dict[tuple[int, ...], float]:
    """P(ordered box) of Plackett–Luce: each kit by its weight among what is left."""
    out = {}
    for box in itertools.permutations([r for r, w in enumerate(weights) if w > 0], kits):
        rest, chance = sum(weights), 1.0
        for r in box:
            chance *= weights[r] / rest
            rest -= weights[r]
        out[box] = chance
    return out


def chi_square_p(draw: DrawInput, kits: int, expected: dict[tuple[int, ...], float]) -> float:
    boxes = simulate_draw(draw)[3].reshape(-1, kits)
    kinds, counts = np.unique(boxes, axis=0, return_counts=True)
    seen = {tuple(kind): int(n) for kind, n in zip(kinds.tolist(), counts, strict=True)}
    assert set(seen) <= set(expected)
    mean = np.array([p * len(boxes) for p in expected.values()])
    found = np.array([seen.get(box, 0) for box in expected], dtype=float)
    rare = mean < 5
    if rare.any():
        mean = np.append(mean[~rare], mean[rare].sum())
        found = np.append(found[~rare], found[rare].sum())
    return float(chi2.sf(((found - mean) ** 2 / mean).sum(), len(mean) - 1))


@pytest.mark.parametrize(("weights", "kits", "left"), CASES)
def test_ordered_boxes_are_plackett_luce(
    weights: list[float], kits: int, left: list[int] | None
) -> None:
    open_ = weights if left is None else [w * (n > 0) for w, n in zip(weights, left, strict=True)]
    draw = one_segment(weights, kits, 200_000, left=left)
    assert chi_square_p(draw, kits, probabilities(open_, kits)) > FAMILY_WISE / len(CASES)


def test_repeats_are_independent_choices() -> None:
    weights = [5.0, 3.0, 2.0]
    share = np.array(weights) / 10
    expected = {(a, b): share[a] * share[b] for a, b in itertools.product(range(3), repeat=2)}
    draw = one_segment(weights, 2, 200_000, limit=2)
    assert chi_square_p(draw, 2, expected) > FAMILY_WISE

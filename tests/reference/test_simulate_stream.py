"""The stream of choices is stable: what a box holds changes only where something concerns it."""

import itertools

import numpy as np
import pytest
from draw_inputs import names, one_segment
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sitecast.simulate.draw import DrawInput
from sitecast.simulate.simulate_draw import simulate_draw
from sitecast.simulate.slot_tables import SlotTables, log2_places, slot_tables, slot_weight

KITS, BOXES = 3, 20_000


def baskets(draw: DrawInput) -> np.ndarray:
    """(boxes, kits) recipes."""
    return simulate_draw(draw).items.reshape(-1, KITS)


def menu(recipes: int, seed: int = 0) -> np.ndarray:
    weights = np.exp(np.random.default_rng(seed).normal(0, 0.9, recipes))
    return weights / np.median(weights)


def with_weights(draw: DrawInput, weights: np.ndarray) -> DrawInput:
    return draw._replace(weights=weights[None, :])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 39), st.tuples(*2 * [st.floats(0.01, 0.99)]))
def test_within_its_slots_a_weight_concerns_only_boxes_with_its_recipe(
    seed: int, recipe: int, parts: tuple[float, float]
) -> None:
    weights = 1.0 + np.random.default_rng(seed).random(40)
    places = 2 ** log2_places(len(weights))
    slot = slot_weight(weights, places)
    low, high = weights.copy(), weights.copy()
    at_least = int(weights[recipe] / slot)
    low[recipe], high[recipe] = (slot * (at_least + part) for part in sorted(parts))
    for changed in (low, high):
        assume(slot_weight(changed, places) == slot)
    draw = one_segment(weights.tolist(), KITS, 500, seed=seed)
    before, after = baskets(with_weights(draw, low)), baskets(with_weights(draw, high))
    changed = (before != after).any(axis=1)
    assert (after[changed] == recipe).any(axis=1).all()


@pytest.mark.parametrize("recipes", [40, 100, 200])
@pytest.mark.parametrize("rank", [0.5, 0.9])
def test_half_as_popular_again_changes_about_as_few_boxes_as_any_stream_could(
    recipes: int, rank: float
) -> None:
    weights = menu(recipes)
    recipe = int(np.argsort(weights)[int(rank * recipes)])
    liked = weights.copy()
    liked[recipe] *= 1.5
    draw = one_segment(weights.tolist(), KITS, BOXES)
    before, after = baskets(draw), baskets(with_weights(draw, liked))
    changed = (before != after).any(axis=1).mean()
    # No coupling changes fewer boxes than the shares of the two distributions differ.
    differ = np.abs(liked / liked.sum() - weights / weights.sum()).sum() / 2
    assert changed < 2.5 * KITS * differ


def test_small_changes_of_every_weight_change_few_boxes() -> None:
    ratios = []
    for seed in range(9):  # now and then a change passes a power of two: hence the median
        weights = menu(200, seed)
        moved = weights * np.exp(np.random.default_rng(100 + seed).normal(0, 0.01, 200))
        draw = one_segment(weights.tolist(), KITS, BOXES // 4)
        differ = np.abs(moved / moved.sum() - weights / weights.sum()).sum() / 2
        changed = (baskets(draw) != baskets(with_weights(draw, moved))).any(axis=1).mean()
        ratios.append(changed / differ)
    assert np.median(ratios) < 3 * KITS


def test_a_recipe_that_leaves_the_menu_changes_hardly_more_than_its_own_boxes() -> None:
    weights, keys = menu(100), names(100)
    left = np.delete(np.arange(100), 30)
    whole = one_segment(weights.tolist(), KITS, BOXES)
    part = with_weights(whole, weights[left])._replace(
        recipe_key=keys[left], limit=whole.limit[left], left=whole.left[left],
        item_sites=whole.item_sites[left],
    )  # fmt: skip
    before, after = baskets(whole), left[baskets(part)]
    changed = (before != after).any(axis=1)
    assert (before[changed] == 30).any(axis=1).sum() == (before == 30).any(axis=1).sum()
    assert changed.mean() < (before == 30).any(axis=1).mean() + 0.08


def slots(tables: SlotTables) -> tuple[np.ndarray, np.ndarray]:
    """By place: the part of the proposals that is accepted, and whose it is (-1: nobody's)."""
    owner = (tables.entries & np.uint32(tables.nobody)).astype(np.int64)
    accepted = ((tables.entries >> np.uint32(tables.log2)).astype(float) + 1) / 2 ** (
        32 - tables.log2
    )
    nobodys = owner == tables.nobody
    return np.where(nobodys, 0.0, accepted), np.where(nobodys, -1, owner)


def test_the_layout_depends_on_names_not_on_their_order() -> None:
    weights, keys, order = menu(60), names(60), np.random.default_rng(2).permutation(60)
    accepted, owner = slots(SlotTables(*slot_tables(weights[None, :], keys)))
    others, other = slots(SlotTables(*slot_tables(weights[None, order], keys[order])))
    np.testing.assert_array_equal(accepted, others)
    used = owner >= 0
    assert used.sum() >= 60
    np.testing.assert_array_equal(owner[used], order[other[used]])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-60, 60).map(np.exp), min_size=1, max_size=30))
def test_every_weight_has_its_part_of_the_table(weights: list[float]) -> None:
    row = np.array(weights)
    tables = SlotTables(*slot_tables(row[None, :], names(len(row))))
    assert len(tables.entries) == 2 ** log2_places(len(row))
    accepted, owner = slots(tables)
    part = np.bincount(owner[owner >= 0], accepted[owner >= 0], len(row))
    # A slot's last part is cut to a multiple of what 32 bits less those of its place can tell.
    np.testing.assert_allclose(part / part.sum(), row / row.sum(), atol=2.0 ** (tables.log2 - 32))


@pytest.mark.parametrize(("weights", "kits"), [([4.0, 3.0, 2.0, 2.0, 1.0, 1.0, 0.5], 3)])
def test_pairs_of_recipes_stand_together_as_often_as_they_should(
    weights: list[float], kits: int
) -> None:
    together = np.zeros((len(weights), len(weights)))
    for box in itertools.permutations(range(len(weights)), kits):
        rest, chance = sum(weights), 1.0
        for r in box:
            chance *= weights[r] / rest
            rest -= weights[r]
        together[np.ix_(box, box)] += chance
    boxes = 300_000
    held = simulate_draw(one_segment(weights, kits, boxes)).items.reshape(-1, kits)
    has = np.zeros((boxes, len(weights)))
    np.put_along_axis(has, held, 1.0, axis=1)
    found = has.T @ has / boxes
    noise = np.sqrt(together * (1 - together) / boxes)
    assert np.abs((found - together) / np.maximum(noise, 1e-9)).max() < 4.5

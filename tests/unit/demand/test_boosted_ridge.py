"""The regression of one departure: its spread on rows whose spread is known."""

import numpy as np

from sitecast.demand.boosted_ridge import Examples, boosted_ridge

SPREADS = np.array([0.1, 0.2, 0.4])


def rows(rng, count):
    """A feature that tells how sure a row is, and five that tell nothing."""
    kind = rng.integers(0, len(SPREADS), count)
    return np.column_stack([kind, rng.random((count, 5))]).astype(np.float32), SPREADS[kind]


def test_how_sure_rows_are_is_learned_in_spite_of_a_few_far_misses():
    rng = np.random.default_rng(1)
    x, sure = rows(rng, 12_000)
    came = sure * rng.standard_t(3, len(x)) / np.sqrt(3)
    week = np.repeat(np.arange(40.0), 300)
    known = Examples(x, came, week, np.zeros(x.shape[1], dtype=bool), [])
    asked, truth = rows(rng, 500)
    told = np.sqrt(boosted_ridge(known, asked, lag=2).variance)
    assert np.abs(np.log(told / truth)).mean() < 0.25

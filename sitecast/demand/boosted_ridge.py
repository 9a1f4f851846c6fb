"""Ridge regression and, on what it leaves, gradient-boosted trees: the regression of one departure.

What moved since the recent past acts proportionally, and a linear effect follows it beyond what was
ever seen; trees find where that is not so. How strong the penalty and how many trees is seen
on the last weeks, which a fit without them has to forecast. What does not belong here: features.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Features = NDArray[np.float32]
MOST_ROUNDS, FEW_ROUNDS, SPREAD_ROUNDS, PATIENCE = 300, 30, 20, 30
RIDGES = (0.03, 0.3, 3.0)
"""Penalties on each linear effect, relative to what its feature tells."""
HALF_LIFE_WEEKS = 52.0
HELD_OUT = 0.2
"""The last part of the past weeks, from which strength, trees and spread are learned."""
FEW_ROWS = 200
"""Below so many, the spread is one number for all."""
LEAST_SQUARE = 1e-4
"""Smallest squared error, as a part of their mean: a likelihood knows no spread of 0."""
MOST_VARIANCE = 1.5
UNKNOWN_VARIANCE = 0.1
"""While there is no error to learn from; of a logarithm, within a third mostly."""
_SAME = {"num_threads": 1, "deterministic": True, "force_row_wise": True, "seed": 1, "verbose": -1,
         "max_bin": 63, "objective": "l2"}  # fmt: skip
"""The same numbers whatever else the machine does (R7)."""
_MEAN = {
    **_SAME, "learning_rate": 0.06, "num_leaves": 31, "min_data_in_leaf": 20, "lambda_l2": 2.0,
    "feature_fraction": 0.6, "bagging_fraction": 0.8, "bagging_freq": 1,
}  # fmt: skip
_SPREAD = {
    **_SAME, "objective": "gamma", "learning_rate": 0.1, "num_leaves": 7, "min_data_in_leaf": 100,
    "feature_fraction": 0.5,
}  # fmt: skip
"""Gamma deviance of squared errors is the normal likelihood of errors with that variance: least
squares of squares would follow the few farthest misses."""


@dataclass(frozen=True)
class Examples:
    """What past weeks teach."""

    x: Features
    """(rows, features); NaN where unknown."""
    came: Floats
    """(rows,) what is to be explained."""
    week: Floats
    """(rows,) when, in weeks."""
    linear: NDArray[np.bool_]
    """(features,) those with a proportional effect; 0 where unknown."""
    categories: Sequence[int]
    """Places of features that are names, not amounts."""

    def of(self, some: NDArray[np.bool_]) -> "Examples":
        """Some of the rows."""
        return Examples(self.x[some], self.came[some], self.week[some], self.linear,
                        self.categories)  # fmt: skip

    @property
    def weight(self) -> Floats:
        """(rows,) half as much a year back."""
        return np.asarray(0.5 ** ((self.week.max() - self.week) / HALF_LIFE_WEEKS))


@dataclass(frozen=True)
class Told:
    """Expectation and variance of rows to come, and of past rows that the fit had not seen."""

    mean: Floats
    variance: Floats
    tested: NDArray[np.bool_]
    """(examples,) rows of the last weeks."""
    tested_mean: Floats
    """(tested rows,) what a fit on the weeks before said of them."""
    tested_variance: Floats


def boosted_ridge(examples: Examples, x: Features, lag: int) -> Told:
    """Expectation and variance of rows to come.

    Args:
        examples: rows of past weeks; at least one.
        x: (rows, features) of the week to forecast.
        lag: weeks between what was known and what came.
    """
    weeks = np.unique(examples.week)
    held = weeks[-max(int(len(weeks) * HELD_OUT), 1)]
    late = examples.week >= held
    fitted, tested = examples.of(examples.week <= held - lag), examples.of(late)
    if not len(fitted.came):
        whole = _Boosted(examples, _Linear(examples, RIDGES[-1]), FEW_ROUNDS)
        unknown = np.full(len(x), UNKNOWN_VARIANCE)
        return Told(whole.predict(x), unknown, np.zeros_like(late), np.zeros(0), np.zeros(0))
    tried = [_Linear(fitted, ridge) for ridge in RIDGES]
    linear = min(tried, key=lambda one: float(np.square(one.left(tested)).sum()))
    trial = _Boosted(fitted, linear, MOST_ROUNDS, tested)
    whole = _Boosted(examples, _Linear(examples, linear.ridge), trial.rounds)
    said = trial.predict(tested.x)
    variance = _variance(tested, np.square(tested.came - said), [x, tested.x])
    return Told(whole.predict(x), variance[0], late, said, variance[1])


def _variance(tested: Examples, square: Floats, asked: Sequence[Features]) -> list[Floats]:
    """Squared errors to expect of rows like these."""
    mean = float(square.mean())
    if len(square) < FEW_ROWS:
        return [np.full(len(x), min(mean, MOST_VARIANCE)) for x in asked]
    likely = np.maximum(square, max(LEAST_SQUARE * mean, float(np.finfo(np.float32).tiny)))
    trees = _trained(_dataset(tested, likely, None), _SPREAD, SPREAD_ROUNDS)
    return [np.clip(trees.predict(x), mean / 20, MOST_VARIANCE) for x in asked]


class _Linear:
    """Ridge regression on what moved."""

    def __init__(self, examples: Examples, ridge: float) -> None:
        self.ridge, self._linear = ridge, examples.linear
        moved = self._moved(examples.x)
        scaled = examples.weight[:, None] * moved
        curve = scaled.T @ moved
        curve[np.diag_indices_from(curve)] *= 1 + ridge
        curve[np.diag_indices_from(curve)] += 1e-9
        self._effects = np.linalg.solve(curve, scaled.T @ examples.came)

    def predict(self, x: Features) -> Floats:
        return np.asarray(self._moved(x) @ self._effects)

    def left(self, examples: Examples) -> Floats:
        """What these effects do not explain."""
        return examples.came - self.predict(examples.x)

    def _moved(self, x: Features) -> Floats:
        return np.nan_to_num(x[:, self._linear].astype(np.float64))


class _Boosted:
    """Linear effects, and trees on what they leave; with a test, only as many as help there."""

    def __init__(
        self, examples: Examples, linear: _Linear, rounds: int, tested: Examples | None = None
    ) -> None:
        self._linear = linear
        data = _dataset(examples, linear.left(examples), examples.weight)
        test = None if tested is None else _dataset(tested, linear.left(tested), None, data)
        one_row = {"bagging_freq": 0} if len(examples.came) == 1 else {}  # a part of it is none
        self._trees = _trained(data, _MEAN | one_row, rounds, test)

    @property
    def rounds(self) -> int:
        return int(self._trees.best_iteration or self._trees.num_trees())

    def predict(self, x: Features) -> Floats:
        return np.asarray(self._linear.predict(x) + self._trees.predict(x))


def _dataset(examples: Examples, target: Floats, weight: Floats | None, like: Any = None) -> Any:
    return lightgbm_package().Dataset(
        examples.x, target, reference=like, weight=weight, params=_SAME,
        categorical_feature=list(examples.categories),
    )  # fmt: skip


def _trained(data: Any, settings: dict[str, Any], rounds: int, tested: Any = None) -> Any:
    lightgbm = lightgbm_package()
    if tested is None:
        return lightgbm.train(settings, data, rounds)
    patience = lightgbm.early_stopping(PATIENCE, verbose=False)
    return lightgbm.train(settings, data, rounds, [tested], callbacks=[patience])


def lightgbm_package() -> ModuleType:
    """The package, imported only where drivers are declared: most plans forecast without it."""
    import lightgbm

    return lightgbm

"""Forecast quality on public data, one set after the other: `make bench-quality`.

With QUICK=1 only what ends within a minute on two quiet cores: the choice sets, one round of the
orange juice, and Yaz two weeks ahead. The last line is the headline; the exit code tells whether a
goal was missed. The data lie in ../shared/data beside the project, or where the argument says.
"""

import os
import sys
from pathlib import Path

from benchmarks import (
    forecast_quality_bakery,
    forecast_quality_choice,
    forecast_quality_orange_juice,
    forecast_quality_yaz,
)
from benchmarks.arguments import words
from benchmarks.quality_daily import AHEAD
from benchmarks.quality_daily import table as daily_table
from sitecast.demand.combined_volumes import CombinedVolumes

BESIDE = Path(__file__).parents[2] / "shared" / "data"
GOAL_MAPE = 0.3628
"""LightGBM of the public benchmark over its twelve rounds; the data here hold six of them."""
OURS, REFERENCE = "combination", "mean of 4 weeks"
"""One model for every set: only the drivers that a set declares differ."""


def orange_juice(folder: Path, rounds: tuple[int, ...]) -> tuple[str, bool]:
    series = forecast_quality_orange_juice.read(folder)
    told = forecast_quality_orange_juice.table(series, rounds, {OURS: CombinedVolumes()})
    print(told.to_string(index=False, float_format="{:.4f}".format))
    mape = told.set_index("method").loc[OURS, "mape, its point"]
    return f"orange juice MAPE {mape:.2%} (goal {GOAL_MAPE:.2%})", mape < GOAL_MAPE


def daily(name: str, folder: Path, leads: tuple[int, ...]) -> tuple[str, bool]:
    """By day and by week, at each lead, against the mean of four weeks."""
    module = {"yaz": forecast_quality_yaz, "bakery": forecast_quality_bakery}[name]
    starts = forecast_quality_bakery.starts(last=module.LAST)
    told = daily_table(module.read(folder), starts, [OURS], leads)
    print(told.to_string(index=False, float_format="{:.4f}".format))
    wape = told.pivot_table(["day wape", "week wape"], "ahead", "method")
    ours, mean = wape.xs(OURS, axis=1, level=1), wape.xs(REFERENCE, axis=1, level=1)
    return (f"{name} weekly WAPE {ours['week wape'].mean():.2%} (mean of 4 weeks "
            f"{mean['week wape'].mean():.2%})", bool((ours < mean).all(axis=None)))  # fmt: skip


def choice(folder: Path) -> tuple[str, bool]:
    worst = max(
        abs(data.fitted().log_likelihood - data.reference)
        for data in forecast_quality_choice.choice_sets(folder) if data.reference is not None
    )  # fmt: skip
    return f"choice sets within {worst:.1e} of the reference", (
        worst < forecast_quality_choice.WITHIN
    )


def main() -> None:
    given, quick = words(__doc__), bool(os.environ.get("QUICK"))
    data = Path(given[0]) if given else BESIDE
    if not data.is_dir():
        sys.exit(f"the evaluation data are not in {data}")
    rounds = forecast_quality_orange_juice.ROUNDS
    told = [
        choice(data / "choice"),
        orange_juice(data / "orange_juice", rounds[: 1 if quick else 6]),
    ]
    told.append(daily("yaz", data / "yaz", (2,) if quick else AHEAD))
    if not quick:
        told.append(daily("bakery", data / "bakery", AHEAD))
    print("; ".join(text for text, _ in told))
    sys.exit(0 if all(held for _, held in told) else 1)


if __name__ == "__main__":
    main()

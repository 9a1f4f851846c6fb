"""Coverage of 80 and 95 % intervals before and after `sitecast calibrate`, on weeks held out.

Invented companies of known truth, several seeds: `python -m benchmarks.dispersion [SEED ...]`.
Spreads are fitted on FITTED, coverage is counted on HELD_OUT; the plan file is the same but for
the fitted spreads. WAPE says that widening moved no mean.
"""

import tempfile
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd

from benchmarks.arguments import words
from benchmarks.dispersion_company import Truth, write_company
from sitecast.evaluate import backtest, calibrate_spreads
from sitecast.evaluate.compare import EVER
from sitecast.extract import ColumnMapping, FolderSource, Source
from sitecast.settings import PlanSettings, plan_settings

WEEKS, FITTED, HELD_OUT = 66, slice(13, 41), slice(46, 66)
LEADS = (8, 29)
SEEDS = (1, 2, 3)
SETTINGS = {"draws": 100, "seed": 5, "horizon_weeks": 1,
            "simulator": {"box_sizes": [2, 3, 4], "portions": [2]},
            "allocation": {"value_draws": 0}}  # fmt: skip
COVERAGE = ["coverage_80", "coverage_95"]


def before_and_after(
    source: Source, settings: PlanSettings, fitted: list[str], held_out: list[str],
    leads: tuple[int, ...],
) -> pd.DataFrame:  # fmt: skip
    """forecast_accuracy of the held-out weeks with the settings' own and with fitted spreads."""
    start = process_time()
    calibration = calibrate_spreads(source, settings, fitted, leads, EVER)
    print(calibration.to_yaml(), f"# fitted in {process_time() - start:.1f} CPU s", flush=True)
    simulator = settings.simulator.model_copy(update={"uncertainty": calibration.uncertainty})
    after = settings.model_copy(update={"simulator": simulator})
    parts = []
    for name, chosen in (("before", settings), ("after", after)):
        start = process_time()
        told = backtest(source, chosen, held_out, leads)
        print(f"# {name}: {len(held_out)} weeks, {process_time() - start:.0f} CPU s", flush=True)
        parts.append(told.table.assign(spreads=name))
    return pd.concat(parts)


def coverage_table(table: pd.DataFrame) -> pd.DataFrame:
    """Coverage, weeks alike, by level and lead, before and after."""
    ours = table[table["method"] == "sitecast"]
    means = ours.pivot_table(index=["level", "lead_day"], columns="spreads",
                             values=[*COVERAGE, "wape"], aggfunc="mean")  # fmt: skip
    return means.reindex(columns=["before", "after"], level=1)


def main() -> None:
    seeds = [int(seed) for seed in words(__doc__)] or list(SEEDS)
    parts = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            keys = write_company(Path(folder), WEEKS, seed, Truth())
            source = FolderSource(Path(folder), ColumnMapping())
            settings = plan_settings(SETTINGS)
            parts.append(before_and_after(source, settings, keys[FITTED], keys[HELD_OUT], LEADS))
        print(coverage_table(parts[-1]).to_string(float_format="{:.3f}".format), flush=True)
    if len(seeds) > 1:
        print("all seeds")
        print(coverage_table(pd.concat(parts)).to_string(float_format="{:.3f}".format))


if __name__ == "__main__":
    np.set_printoptions(precision=4)
    main()

"""Public choice sets: the log-likelihood that the project's conditional logit reaches.

ModeCanada (4 modes of travel, travellers who could take each), Heating (5 systems, 900 houses) and
Yogurt (4 brands, 2,412 purchases). Run with the folder of the data:
`python -m benchmarks.forecast_quality_choice FOLDER`.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.arguments import words
from sitecast.demand.conditional_logit import FittedLogit, fit_logit

WITHIN = 1e-3


@dataclass(frozen=True)
class ChoiceSet:
    """A set as rows of alternatives, and what others report for the same specification."""

    name: str
    x: pd.DataFrame
    counts: np.ndarray
    menu: np.ndarray
    reference: float | None

    def fitted(self) -> FittedLogit:
        return fit_logit(self.x.to_numpy(float), self.counts, self.menu)


def mode_canada(folder: Path) -> ChoiceSet:
    """Cost, freq, ovt shared; income and a constant against air; ivt by alternative."""
    rows = pd.read_csv(folder / "ModeCanada.csv.gz")
    rows = rows[rows["noalt"] == 4].sort_values(["case", "alt"], ignore_index=True)
    mode = pd.get_dummies(rows["alt"]).astype(float)
    x = pd.concat([
        rows[["cost", "freq", "ovt"]],
        mode.drop(columns="air").add_prefix("constant "),
        mode.drop(columns="air").mul(rows["income"], axis=0).add_prefix("income "),
        mode.mul(rows["ivt"], axis=0).add_prefix("ivt "),
    ], axis=1)  # fmt: skip
    return _long("ModeCanada", x, rows["choice"], rows["case"], -1874.343)


def heating(folder: Path) -> ChoiceSet:
    """Installation cost and operating cost, no constants."""
    wide = pd.read_csv(folder / "xlogit_heating_wide.csv")
    systems = [name.removeprefix("ic.") for name in wide if name.startswith("ic.")]
    long = pd.concat(
        pd.DataFrame({"house": wide["idcase"], "ic": wide[f"ic.{s}"], "oc": wide[f"oc.{s}"],
                      "chosen": wide["depvar"] == s})
        for s in systems
    ).sort_values("house", kind="stable", ignore_index=True)  # fmt: skip
    return _long("Heating", long[["ic", "oc"]], long["chosen"], long["house"], -1095.237)


def yogurt(folder: Path) -> ChoiceSet:
    """Price, feature and a constant against dannon; no reference came with the data."""
    rows = pd.read_csv(folder / "xlogit_yogurt_long.csv")
    brand = pd.get_dummies(rows["alt"]).astype(float).drop(columns="dannon")
    x = pd.concat([rows[["price", "feat"]], brand.add_prefix("constant ")], axis=1)
    return _long("Yogurt", x, rows["choice"], rows["chid"], None)


def _long(
    name: str, x: pd.DataFrame, chosen: pd.Series, case: pd.Series, reference: float | None
) -> ChoiceSet:
    menu = pd.factorize(case)[0].astype(np.int64)
    return ChoiceSet(name, x, chosen.to_numpy(np.float64), menu, reference)


def choice_sets(folder: Path) -> list[ChoiceSet]:
    return [mode_canada(folder), heating(folder), yogurt(folder)]


def main() -> None:
    missed = []
    for data in choice_sets(Path(words(__doc__, 1)[0])):
        reached = data.fitted().log_likelihood
        told = "" if data.reference is None else f"   reference {data.reference:.3f}"
        print(f"{data.name:<12} {data.menu.max() + 1:>6,} choices   {reached:.3f}{told}")
        if data.reference is not None and abs(reached - data.reference) > WITHIN:
            missed.append(data.name)
    if missed:
        sys.exit(f"not within {WITHIN} of the reference: {', '.join(missed)}")


if __name__ == "__main__":
    main()

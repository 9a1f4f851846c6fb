"""Complete Journey: food by store and ingredient group, from the import through the demand stage.

The tables are those of `sitecast import complete-journey`, each origin read with the plan's as_of;
what is measured is the expectation of the demand models (boxes × kits per box × share), before
draws. Weeks up to 36 were used to make the models (`--development`), 37 to 40 were looked at once:
`python -m benchmarks.forecast_quality_complete_journey`.
"""

import tempfile
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd

from benchmarks.arguments import words
from sitecast.demand import ShrunkShares, forecast_demand
from sitecast.demand.combined_volumes import CombinedVolumes
from sitecast.demand.fading_shares import FadingShares
from sitecast.demand.volumes import MovingMeanVolumes
from sitecast.extract import FolderSource, extract_week
from sitecast.extract.complete_journey import import_complete_journey
from sitecast.extract.complete_journey_tables import week_key
from sitecast.extract.mapping import ColumnMapping
from sitecast.records.plan import ForecastPlan
from sitecast.settings import load_plan_file

DEVELOPMENT, EVALUATED = (21, 25, 29, 33), (37,)
"""First of four planned weeks."""
WEEKS_BACK, LONG = 8, 26
METHODS = {
    "moving_mean + shrunk_shares": (MovingMeanVolumes, ShrunkShares, WEEKS_BACK),
    "combination + fading_shares": (CombinedVolumes, FadingShares, LONG),
}
OURS = "combination + fading_shares"


def expected(home: Path, menu_week: str, method: str, groups: "pd.Series[str]") -> pd.Series:
    """Units by store and group that the demand models expect of a week."""
    volumes, choice, history = METHODS[method]
    settings = load_plan_file(home / "plan.yaml").model_copy(update={"history_weeks": history})
    plan = ForecastPlan("", settings.as_of, (menu_week,), "", settings, {})
    week = extract_week(FolderSource(home / "input", ColumnMapping()), plan, menu_week)
    demand = forecast_demand(week, plan, volumes(), choice())
    sizes = demand.box_sizes
    kits = (sizes["n_kits"] * sizes["probability"]).groupby(sizes["segment"]).sum()
    units = demand.boxes.groupby("segment")["mean_boxes"].sum() * kits
    shares = demand.choices.shares
    of_item = shares["share"] * shares["segment"].map(units)
    return of_item.groupby([shares["segment"], shares["recipe_id"].map(groups)]).sum()


def sold(home: Path, week: int, groups: "pd.Series[str]") -> pd.Series:
    """Units by store and group that a week really had."""
    parts = [home / "input" / name / f"{week_key(week)}.parquet" for name in
             ("orders", "order_lines")]  # fmt: skip
    orders, lines = (pd.read_parquet(part) for part in parts)
    store = lines["order_id"].map(orders.set_index("order_id")["segment"])
    return lines["quantity"].groupby([store, lines["item_id"].map(groups)]).sum()


def errors(told: pd.Series, actual: pd.Series) -> dict[str, float]:
    """WAPE by store and group, WAPE of all stores by group, bias."""
    both = pd.concat({"told": told, "actual": actual}, axis=1).fillna(0.0)
    both.index.names = ["store", "group"]
    miss, total = both["told"] - both["actual"], both["actual"].sum()
    return {"wape_site": miss.abs().sum() / total,
            "wape_global": miss.groupby("group").sum().abs().sum() / total,
            "bias": miss.sum() / total}  # fmt: skip


def origin_errors(first: int, home: Path) -> list[dict[str, object]]:
    """Errors of four weeks planned at the start of the first."""
    import_complete_journey(home, last_week=first + 3)
    bom = pd.read_parquet(home / "input" / "recipe_bom.parquet")
    groups = bom.set_index("recipe_id")["sku_id"]
    known = [sold(home, week, groups) for week in range(first - WEEKS_BACK, first)]
    mean = pd.concat(known, axis=1).fillna(0.0).sum(axis=1) / WEEKS_BACK
    lines = []
    for ahead in range(1, 5):
        week = first + ahead - 1
        actual, where = sold(home, week, groups), {"first": first, "ahead": ahead}
        lines.append({**where, "method": f"mean of {WEEKS_BACK} weeks", **errors(mean, actual)})
        for method in METHODS:
            before = process_time()
            told = expected(home, week_key(week), method, groups)
            lines.append({**where, "method": method, **errors(told, actual),
                          "cpu s": process_time() - before})  # fmt: skip
    return lines


def main() -> None:
    lines = []
    for first in DEVELOPMENT if "--development" in words(__doc__) else EVALUATED:
        with tempfile.TemporaryDirectory() as folder:
            lines += origin_errors(first, Path(folder) / "home")
    told = pd.DataFrame(lines)
    means = told.groupby(["ahead", "method"], sort=False).mean().drop(columns="first")
    print(means.to_string(float_format="{:.4f}".format))
    better = told.pivot_table("wape_site", ["first", "ahead"], "method")
    ours = better[OURS] < better[f"mean of {WEEKS_BACK} weeks"]
    print(f"{OURS} better than the mean in {int(ours.sum())} of {len(ours)} weeks;",
          f"origins {np.unique(told['first']).tolist()}")  # fmt: skip


if __name__ == "__main__":
    main()

"""How long the demand models take to refit for a plan of four weeks, from a company's own tables.

The company's box forecast is left out, so that volumes come from the models. Run with a home that
`sitecast demo --size gousto --home HOME` made: `python -m benchmarks.quality_refit HOME`.
"""

from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time

import pandas as pd

from benchmarks.arguments import words
from sitecast.demand.installed import BUILT_IN
from sitecast.extract import FolderSource, extract_week
from sitecast.extract.mapping import ColumnMapping
from sitecast.records.plan import ForecastPlan
from sitecast.records.tables_read import TABLES_READ
from sitecast.records.week_record import WeekData
from sitecast.settings import load_plan_file


def main() -> None:
    home = Path(words(__doc__, 1)[0])
    settings = load_plan_file(home / "plan.yaml")
    source = FolderSource(home / "input", ColumnMapping())
    calendar = pd.read_parquet(home / "input" / "menu_weeks.parquet").sort_values("start_date")
    ahead = calendar.loc[calendar["menu_week"] >= settings.first_menu_week, "menu_week"]
    weeks = tuple(ahead.head(settings.horizon_weeks))
    plan = ForecastPlan("", settings.as_of, weeks, "", settings, {})
    lines = []
    for menu_week in plan.menu_weeks:
        data = extract_week(source, plan, menu_week)
        blank = {**data.tables, "box_forecast": TABLES_READ["box_forecast"].empty()}
        week = WeekData(data.provenance, blank)
        segments = sorted(set(week["history_boxes"]["segment"]))
        asked = {"volumes": ("boxes", (week, plan)), "choice": ("choices", (week, plan, segments))}
        for kind, (method, arguments) in asked.items():
            lines += [(name, *_timed(getattr(make(), method), *arguments))
                      for name, make in BUILT_IN[kind].items()]  # fmt: skip
    told = pd.DataFrame(lines, columns=["model", "cpu s", "wall s"])
    print(told.groupby("model", sort=False).sum().to_string(float_format="{:.2f}".format))


def _timed(ask: Callable[..., object], *arguments: object) -> tuple[float, float]:
    cpu, wall = process_time(), perf_counter()
    ask(*arguments)
    return process_time() - cpu, perf_counter() - wall


if __name__ == "__main__":
    main()

"""A week rehearsed: what is compiled, loaded or built on its first use is there afterwards.

What belongs here: the steps of a week on invented data, in memory and a temporary folder, whatever
the environment says. What does not: when that is worth it (a process whose forks run weeks).
"""

import tempfile
from dataclasses import replace
from pathlib import Path

import sitecast
from sitecast.configure import make_plan
from sitecast.demand import model_labels
from sitecast.extract import extract_week, open_source, read_calendar
from sitecast.extract.demo import write_demo_company
from sitecast.extract.demo.sizes import DEMO
from sitecast.pipeline import check_week, forecast_week, simulate_week
from sitecast.settings import load_plan_file
from sitecast.store.version_files import encode

_FEW = replace(DEMO, name="rehearsal", boxes_per_week=60, draws=4)


def rehearse_week() -> None:
    """Forecast one week of a company of 60 boxes; some 2 CPU seconds where kernels are compiled."""
    with tempfile.TemporaryDirectory(prefix="sitecast-rehearsal-") as folder:
        plan_file = write_demo_company(Path(folder), _FEW)
        settings = load_plan_file(plan_file)
        source = open_source(settings.source, plan_file.parent, None)
        as_of = settings.as_of
        assert as_of is not None  # the demo company's plan file names it
        plan = make_plan(settings, read_calendar(source, as_of), {}, as_of, sitecast.__version__,
                         model_labels(settings.models))  # fmt: skip
        week = extract_week(source, plan, plan.menu_weeks[0])
        simulated = simulate_week(week, plan)
        forecast = forecast_week(week, simulated, plan)
        check_week(week, simulated, forecast)
        for record in (week, simulated, forecast):
            encode(record)

"""A site of the demo company that may stay closed, from the plan file to the published tables."""

import datetime as dt

import pandas as pd
import pytest

from sitecast.deployment import Deployment
from sitecast.extract.demo import write_demo_company
from sitecast.installation import open_installation
from sitecast.pipeline import run_plan

NOW = dt.datetime(2026, 11, 20, 7, tzinfo=dt.UTC)


@pytest.mark.parametrize(("cost", "is_open"), [(1, True), (10**9, False)])
def test_a_site_opens_where_it_is_worth_its_cost(tmp_path, cost, is_open):
    plan_file = write_demo_company(tmp_path)
    site = pd.read_parquet(tmp_path / "input" / "sites.parquet")["site_id"].max()
    opening = f"allocation:\n  opening_costs: [{{site_id: {site}, cost_per_week: {cost}}}]"
    text = plan_file.read_text(encoding="utf-8").replace("allocation:", opening)
    text = text.replace("draws: 100", "draws: 3").replace("horizon_weeks: 4", "horizon_weeks: 1")
    plan_file.write_text(text, encoding="utf-8")
    installation = open_installation(Deployment(home=tmp_path))
    report = run_plan(installation, NOW, lambda week, step: None)
    assert report.failures == {}
    openings, load, left = (installation.ledger.current(name)
                            for name in ("site_openings", "site_load", "unallocated"))  # fmt: skip
    assert openings["site_id"].tolist() == [site]
    assert openings["is_open"].astype(bool).tolist() == [is_open]
    assert (openings["p_worth"] == float(is_open)).all()
    assert 0 <= openings["gap"].max() < 0.05
    at_site = load[load["site_id"] == site]
    assert (at_site["boxes_p90"].sum() > 0) == is_open
    closed = left["binding"].str.contains(f"at {site} (stays closed this week)", regex=False)
    assert closed.any() != is_open

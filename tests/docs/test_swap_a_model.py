"""docs/how-to/swap-a-model.md is followed to the letter, on the demo company with few draws."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import yaml
from click.testing import CliRunner
from installing import install

from sitecast.cli import main
from sitecast.demand import forecast_demand
from sitecast.deployment import Deployment
from sitecast.extract.demo import write_demo_company
from sitecast.installation import open_installation
from sitecast.pipeline import extract_plan_week

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "swap-a-model.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, flags=re.S)


def follow(place):
    """Do in this folder what the page says, block by block; what each sitecast command printed."""
    told = []
    for kind, text in BLOCKS:
        if kind == "yaml":
            edit(place / ".sitecast-models" / "plan.yaml", yaml.load(text, yaml.BaseLoader))
        for line in text.splitlines() if kind == "console" else []:
            words = shlex.split(line)
            if words[:3] == ["uv", "pip", "install"]:
                install(ROOT / words[-1], place)
            elif words[0] == "sitecast":
                ran = CliRunner().invoke(main, [*words[1:], "--json"])
                assert ran.exit_code == 0, ran.output
                told.append((words[1], json.loads(ran.stdout)))
            else:
                subprocess.run(words, cwd=place, check=True)
    return told


def edit(plan_file, changes):
    content = yaml.load(plan_file.read_text(encoding="utf-8"), yaml.BaseLoader)
    plan_file.write_text(yaml.safe_dump({**content, **changes}), encoding="utf-8")


def site_error(rows):
    return [r["wape"] for r in rows if (r["level"], r["method"]) == ("site_sku", "sitecast")]


def test_the_page_leads_to_a_forecast_by_the_example(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    edit(write_demo_company(tmp_path / ".sitecast"), {"draws": "16"})
    told = follow(tmp_path)
    assert [name for name, _ in told] == ["run", "compare", "plan", "run", "compare"]
    (before, error_before, plan, after, error_after) = [facts for _, facts in told]
    label = "multinomial_logit (sitecast-multinomial-logit 0.1.0)"
    assert before["models"]["choice"] == "fading_shares (built in)"
    assert plan["models"] == {"choice": label, "volumes": "combination (built in)"}
    assert after["models"] == plan["models"]
    assert after["plan_id"] == plan["plan_id"] != before["plan_id"]
    assert site_error(error_after) != site_error(error_before)
    assert max(site_error(error_after)) < 0.2

    installation = open_installation(Deployment(home=tmp_path / ".sitecast-models"))
    plans = [installation.ledger.plan(facts["plan_id"]) for facts in (before, after)]
    weeks = [extract_plan_week(installation, plan, "2026-W46") for plan in plans]
    one, two = (forecast_demand(*pair).choices for pair in zip(weeks, plans, strict=True))
    assert one.utilities["taste_class"].max() == 0
    assert two.utilities["taste_class"].max() == 1
    both = one.shares.merge(two.shares, on=["segment", "recipe_id"])
    assert len(both) == len(one.shares)
    assert (both["share_x"] - both["share_y"]).abs().max() > 0.005


def test_the_page_shows_the_example_as_it_is():
    example = ROOT / "examples" / "choice_model"
    (declared,) = [text for kind, text in BLOCKS if kind == "toml"]
    assert declared in (example / "pyproject.toml").read_text(encoding="utf-8")
    (shown,) = [text for kind, text in BLOCKS if kind == "python"]
    code = (example / "multinomial_logit.py").read_text(encoding="utf-8")
    for line in shown.partition("sold, menu")[0].split("\n\n"):
        assert line.strip() in code

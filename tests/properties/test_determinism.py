"""R7: what is published does not depend on hash seeds, workers, nor the order of rows and weeks.

Each hash seed is a real process: this file, run as a program. It forks a worker per week, or makes
the weeks one after the other, from input tables whose rows stand in different orders. By night
other Pythons run it, with the same locked packages.
"""

import datetime as dt
import hashlib
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from sitecast.deployment import Deployment
from sitecast.installation import Installation, open_installation
from sitecast.pipeline import configure_plan, publish_current, run_week
from sitecast.records.plan import ForecastPlan

NOW = dt.datetime(2026, 11, 20, 7, tzinfo=dt.UTC)
HASH_SEEDS, WORKERS, SHUFFLES = ("1", "2"), (1, 2), (0, 1, 2)
PYTHONS = ("3.11", "3.12", "3.13")
ROOT = Path(__file__).parents[2]


@pytest.mark.matrix("hash seeds, workers, order of rows and weeks", page="faults")
def test_r7_what_is_published_is_the_same_however_it_was_made(tmp_path: Path) -> None:
    from orchestration.conftest import Company  # not in the programs: it imports Dagster

    company = Company(tmp_path / "company")
    company.plan(horizon_weeks=2, draws=3)
    programs = [_program(company.home, tmp_path / seed, seed) for seed in HASH_SEEDS]
    _require_the_same(programs)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("uv") is None, reason="needs uv, and Pythons that it finds")
@pytest.mark.matrix("hash seeds, workers, order of rows and weeks, Python 3.11 to 3.13",
                    page="faults")  # fmt: skip
def test_r7_every_supported_python_publishes_the_same(tmp_path: Path) -> None:
    from orchestration.conftest import Company

    company = Company(tmp_path / "company")
    company.plan(horizon_weeks=2, draws=3)
    pythons = [_installed(version, tmp_path) for version in PYTHONS]
    programs = [_program(company.home, tmp_path / f"of-{version}", "1", python)
                for version, python in zip(PYTHONS, pythons, strict=True)]  # fmt: skip
    _require_the_same(programs)


def _installed(version: str, folder: Path) -> str:
    """A Python with the locked packages; the code itself is found by PYTHONPATH."""
    place = folder / f"python-{version}"
    python = str(place / "bin" / "python")
    subprocess.run(["uv", "venv", "-q", "--python", version, str(place)], check=True)
    subprocess.run(
        ["uv", "pip", "install", "-q", "--python", python, "--require-hashes",
         "-r", str(ROOT / "requirements.lock")], check=True,
    )  # fmt: skip
    return python


def _require_the_same(programs: Sequence[subprocess.Popen[bytes]]) -> None:
    told = [json.loads(program.communicate()[0]) for program in programs]
    assert [program.returncode for program in programs] == [0] * len(programs)
    made = [one for of_program in told for one in of_program]
    assert len(made) == len(programs) * len(WORKERS) * len(SHUFFLES)
    assert len({one["tables"] for one in made}) == 1
    # The plan names the hashes of its input files, and so do the page and the workbook.
    for shuffle in SHUFFLES:
        assert len({one["files"] for one in made if one["shuffle"] == shuffle}) == 1


def _program(
    company: Path, folder: Path, seed: str, python: str = sys.executable
) -> subprocess.Popen[bytes]:
    found = os.pathsep.join([str(ROOT / "tests"), str(ROOT)])
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": found}
    return subprocess.Popen(
        [python, __file__, str(company), str(folder)],
        env=environment, stdout=subprocess.PIPE, cwd=company,
    )  # fmt: skip


def main(company: Path, folder: Path) -> None:
    """Publish with each number of workers from each order of rows; print what came out."""
    made = []
    for shuffle, workers in itertools.product(SHUFFLES, WORKERS):
        home = folder / f"{shuffle}-{workers}" / "home"
        _copy_shuffled(company, home, shuffle)
        made.append({"shuffle": shuffle, **_published(home, workers, shuffle)})
    print(json.dumps(made))


def _copy_shuffled(company: Path, home: Path, shuffle: int) -> None:
    (home / "input").mkdir(parents=True)
    (home / "plan.yaml").write_bytes((company / "plan.yaml").read_bytes())
    for path in (company / "input").iterdir():
        rows = pd.read_parquet(path).sample(frac=1, random_state=shuffle)
        rows.to_parquet(home / "input" / path.name, index=False)


def _published(home: Path, workers: int, shuffle: int) -> dict[str, str]:
    """Hashes of all bytes that are published, and of the tables without the plan's name."""
    installation = open_installation(Deployment(home=home))
    plan = configure_plan(installation, installation.plan_settings(), NOW)
    weeks = plan.menu_weeks[:: -1 if shuffle % 2 else 1]
    if workers == 1:
        _run_weeks(installation, plan, weeks)
    else:
        _run_side_by_side(installation, plan, weeks)
    publication = publish_current(installation, plan, NOW).publication_id
    folder = home / "publications" / publication
    files = {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    assert len(files) > 20
    named = [(publication.encode(), b"THIS"), (plan.plan_id.encode(), b"THIS PLAN")]
    inputs = "forecast_plan.csv"  # lists the hashes of the input files
    tables = {n: data for n, data in files.items() if n.endswith(".csv") and n != inputs}
    for old, new in named:
        tables = {name: data.replace(old, new) for name, data in tables.items()}
    return {"files": _hash(files), "tables": _hash(tables)}


def _run_weeks(installation: Installation, plan: ForecastPlan, weeks: Sequence[str]) -> None:
    for week in weeks:
        run_week(installation, plan, week, lambda *_: None)


def _run_side_by_side(installation: Installation, plan: ForecastPlan, weeks: Sequence[str]) -> None:
    children = []
    for week in weeks:
        child = os.fork()
        if child == 0:
            _run_weeks(installation, plan, [week])
            os._exit(0)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * len(weeks)


def _hash(files: dict[str, bytes]) -> str:
    told = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

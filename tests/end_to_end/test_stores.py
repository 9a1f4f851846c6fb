"""The embedded stores without Dagster; PostgreSQL and S3 with it: the same bytes are published."""

import datetime as dt
import shutil
from pathlib import Path

import dagster as dg
import pytest
from orchestration.conftest import Company

from sitecast.pipeline import run_plan as run_plan_directly
from sitecast.publish.folder import POINTER
from sitecast.records.run_report import RunReport
from sitecast.store.places import Place
from sitecast_dagster.instance import dagster_home
from sitecast_dagster.local_runner import run_plan
from sitecast_dagster.resources import InstallationResource

NOW = dt.datetime(2026, 11, 20, 7, tzinfo=dt.UTC)


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Company:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(InstallationResource, "now", lambda _: NOW)
    made = Company(tmp_path / "embedded")
    made.plan(horizon_weeks=2)
    return made


def published(company: Company, report: RunReport) -> dict[str, bytes]:
    """Every byte that a run published, by name."""
    assert report.succeeded, report.failures
    folder: Place = company.open().publications
    assert report.publication_id in (folder / POINTER).read_text()
    return {
        path.name: path.read_bytes() for path in (folder / str(report.publication_id)).iterdir()
    }


def test_r7_another_store_changes_no_byte(
    company: Company, tmp_path: Path, s3: str, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = Company.__new__(Company)
    elsewhere.home = shutil.copytree(company.home, tmp_path / "elsewhere")
    embedded = published(company, run_plan_directly(company.open(), NOW, lambda *_: None))
    monkeypatch.setenv("SITECAST_WAREHOUSE_URL", postgres)
    monkeypatch.setenv("SITECAST_DAGSTER_URL", postgres)
    monkeypatch.setenv("SITECAST_STORE_URL", s3)
    report = run_plan(elsewhere.deployment, lambda *_: None)
    assert published(elsewhere, report) == embedded
    assert "site_forecast.parquet" in embedded
    left = {path.name for path in elsewhere.home.iterdir()}
    assert left == {"input", "plan.yaml", "dagster", "outbox"}
    assert not list((elsewhere.home / "dagster").rglob("*.db"))
    with dg.DagsterInstance.from_config(str(dagster_home(elsewhere.deployment))) as instance:
        runs = instance.get_runs()
    assert [run.status for run in runs] == [dg.DagsterRunStatus.SUCCESS] * 4

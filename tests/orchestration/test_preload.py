"""A week rehearsed before runs are forked: it leaves nothing, needs nothing, and may fail."""

import logging
import tempfile
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from sitecast.rehearsal import rehearse_week
from sitecast.simulate import kernel
from sitecast_dagster import preload
from sitecast_dagster.definitions import defs


def test_a_rehearsal_loads_the_kernels_and_neither_asks_the_deployment_nor_leaves_a_file(
    monkeypatch, tmp_path
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in ("WAREHOUSE", "STORE", "SOURCE", "DAGSTER"):
        monkeypatch.setenv(f"SITECAST_{name}_URL", "nowhere://")
    monkeypatch.setenv("SITECAST_HOME", str(tmp_path / "home"))
    rehearse_week()
    assert list(tmp_path.iterdir()) == []
    assert any(getattr(item, "signatures", None) for item in vars(kernel).values())


def test_a_rehearsal_says_nothing_to_whoever_runs_a_plan(monkeypatch, capfd):
    monkeypatch.setattr(preload, "rehearse_week", lambda: None)
    preload.rehearse()
    assert capfd.readouterr() == ("", "")


def test_a_rehearsal_that_fails_stops_no_run(monkeypatch, caplog):
    def full():
        raise OSError("no space left on device")

    monkeypatch.setattr(preload, "rehearse_week", full)
    with caplog.at_level(logging.WARNING):
        preload.rehearse()
    assert "no space left on device" in caplog.text


@pytest.mark.parametrize(("weeks", "misses", "times"), [(1, 0, 0), (1, 1, 1), (52, 0, 1)])
def test_few_weeks_have_one_rehearsed_only_where_nothing_is_compiled(
    monkeypatch, weeks, misses, times
):
    rehearsed = []
    called = Mock(stats=SimpleNamespace(cache_misses=misses))
    monkeypatch.setattr(preload, "number", called)
    monkeypatch.setattr(preload, "rehearse", lambda: rehearsed.append(1))
    monkeypatch.setattr(preload, "keep_connections", lambda: None)
    monkeypatch.setattr(preload, "gc", SimpleNamespace(collect=int, freeze=int))
    preload.preload(defs, weeks)
    assert len(rehearsed) == times

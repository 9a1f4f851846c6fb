"""Every line of the checklist names tests that are there; lines that are tested nowhere else."""

import ast
import importlib.util
import json
import os
import re
import sys
from pathlib import Path

import pytest
from security_checklist import CHECKLIST

from sitecast_dagster import ui

ROOT = Path(__file__).parents[2]


def names_in(path):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("line", CHECKLIST)
def test_each_line_names_tests_that_are_there(line):
    assert CHECKLIST[line]
    for test in CHECKLIST[line]:
        path, _, name = test.partition("::")
        assert name in names_in(path)


@pytest.mark.matrix("UI: listens on this machine only")
def test_the_ui_listens_on_this_machine_only(monkeypatch, tmp_path):
    started = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SITECAST_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(sys, "argv", ["ui"])
    monkeypatch.setattr(os, "execve", lambda _path, command, _env: started.extend(command))
    ui.main()
    assert started[started.index("-h") + 1] == "127.0.0.1"
    assert "sitecast_dagster.webserver" in started


@pytest.mark.matrix("UI: the docs say how others may reach it")
def test_the_docs_say_how_others_may_reach_it():
    text = (ROOT / "docs" / "how-to" / "run-in-dagster.md").read_text(encoding="utf-8")
    for word in ("no login", "127.0.0.1", "proxy with authentication", "--read-only",
                 "SITECAST_UI_URL"):  # fmt: skip
        assert word in text


@pytest.mark.matrix("Dependencies: locked with hashes, installed by them")
def test_every_dependency_is_locked_by_its_hash():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    packages = re.split(r"\n(?=[A-Za-z0-9])", lock.strip())
    assert len(packages) > 100
    assert [p.split()[0] for p in packages if "--hash=sha256:" not in p or "==" not in p] == []
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    installs = [line for line in makefile.splitlines() if "-r requirements.lock" in line]
    assert len(installs) == 2
    assert all("--require-hashes" in line for line in installs)


@pytest.mark.matrix("Dependencies: an audit in CI, which says when nobody can be asked")
@pytest.mark.parametrize(("packages", "code", "says"), [
    ([{"name": "a", "version": "1", "vulns": []}], 0, "1 of 1 packages looked up"),
    ([{"name": "a", "skip_reason": "not found"}], 0, "not reachable"),
    ([{"name": "a", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}], 1,
     "a 1: CVE-1, fixed in 2"),
    (None, 0, "not reachable"),
])  # fmt: skip
def test_the_audit_tells_a_flaw_from_silence(packages, code, says, capsys):
    loader = importlib.machinery.SourceFileLoader("audit", str(ROOT / ".ci" / "audit"))
    audit = importlib.util.module_from_spec(importlib.util.spec_from_loader("audit", loader))
    loader.exec_module(audit)
    answer = "" if packages is None else json.dumps({"dependencies": packages})
    assert audit.told(answer, "no network") == code
    assert says in capsys.readouterr().out
    assert ".ci/audit" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")

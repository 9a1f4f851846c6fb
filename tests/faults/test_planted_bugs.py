"""Bugs planted in a copy of the source: the fault tests see them."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from counts import Counted
from planted_bugs import BUGS, Bug

ROOT = Path(__file__).parents[2]
PACKAGES = ("sitecast", "sitecast_dagster")
ALL = {bug.what: bug for bugs in BUGS.values() for bug in bugs}
SAMPLE = ("a plan is due before its last week",)
FAILED, PATIENCE_SECONDS = 1, 900
"""What pytest says when tests fail, and no more than that; a bug may also make them hang."""


def planted(bug: Bug, folder: Path) -> Path:
    """A copy of the project with the bug in it, and all that is compiled already.

    A kernel is compiled into those that call it, whose files do not change: with a bug in one
    nothing that was compiled before may be used.
    """
    is_kernel = "numba" in (ROOT / bug.path).read_text()
    left = shutil.ignore_patterns("__pycache__") if is_kernel else None
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=left)
    for path in ROOT.iterdir():
        if path.name not in PACKAGES and not path.name.startswith("."):
            (folder / path.name).symlink_to(path)
    source = folder / bug.path
    source.write_text(source.read_text().replace(bug.old, bug.new))
    return folder


def is_seen(bug: Bug, folder: Path) -> bool:
    """Whether a test fails with the bug."""
    command = [sys.executable, "-m", "pytest", "-x", "-m", "not slow", "-p", "no:cacheprovider"]
    place = str(planted(bug, folder))
    path = os.pathsep.join([place, f"{place}/tests"])
    tests = subprocess.Popen(
        [*command, f"--rootdir={place}", *shlex.split(bug.tests)], cwd=place,
        env={**os.environ, "PYTHONPATH": path}, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        said = tests.communicate(timeout=PATIENCE_SECONDS)[0].decode()
    except subprocess.TimeoutExpired:
        os.killpg(tests.pid, 9)
        return True
    assert tests.returncode in (0, FAILED), said
    return tests.returncode == FAILED


@pytest.mark.parametrize("what", ALL)
def test_every_bug_can_be_planted(what: str) -> None:
    bug = ALL[what]
    assert (ROOT / bug.path).read_text().count(bug.old) == 1
    paths = [word for word in shlex.split(bug.tests) if word.startswith("tests/")]
    assert paths
    assert all((ROOT / path).exists() for path in paths)


@pytest.mark.parametrize("what", SAMPLE)
@pytest.mark.matrix("planted bugs: a sample")
def test_planted_bugs_are_seen(what: str, tmp_path: Path) -> None:
    assert is_seen(ALL[what], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("what", ALL)
@pytest.mark.matrix("planted bugs: all mechanisms")
def test_a_planted_bug_is_seen_unless_the_table_says_why_not(
    what: str, tmp_path: Path, counted: Counted
) -> None:
    seen = is_seen(ALL[what], tmp_path)
    counted("planted bug seen" if seen else "planted bug survived", 1)
    assert seen is not bool(ALL[what].survives)


def test_few_planted_bugs_may_survive() -> None:
    assert sum(bool(bug.survives) for bug in ALL.values()) <= 0.05 * len(ALL)

"""The generated matrices hold every row that is required, and enough of each kind."""

import ast
import importlib.util
import math
import sys
from pathlib import Path

import pytest
from bad_input_cases import CASES
from required_rows import REQUIRED
from security import test_guard

ROOT = Path(__file__).parents[2]
spec = importlib.util.spec_from_file_location("matrices", ROOT / "docs" / "matrices.py")
matrices = importlib.util.module_from_spec(spec)
sys.modules["matrices"] = matrices
spec.loader.exec_module(matrices)
ROWS = [*matrices.marked_rows(), *matrices._named_cases(), *matrices._checklist()]


@pytest.mark.parametrize("page", REQUIRED)
def test_no_required_row_has_vanished(page):
    there = {row.text for row in ROWS if row.page == page}
    wanted = {row for rows in REQUIRED[page].values() for row in rows}
    assert wanted - there == set()


def test_every_row_names_a_test_that_is_there():
    for row in ROWS:
        path, _, name = row.test.partition("::")
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert not name or name.partition("[")[0] in names, row


def test_there_are_enough_cases_of_bad_input_and_of_attack():
    assert len({case[0] for case in CASES}) == len(CASES) >= 80
    refused = (
        test_guard.test_another_servers_name_is_refused,
        test_guard.test_what_another_page_can_send_is_refused,
        test_guard.test_reporting_an_event_is_as_guarded_as_graphql,
    )
    assert sum(_cases(test) for test in refused) >= 40


def _cases(test):
    return math.prod(len(mark.args[1]) for mark in test.pytestmark if mark.name == "parametrize")

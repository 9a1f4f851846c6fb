"""What the tests promise, as tables: rows from `@pytest.mark.matrix("row")` in the test files.

A mark stands on a test, on a parameter (`pytest.param(..., marks=...)`) or in `pytestmark`. Its
page is the folder of the file (tests/faults, tests/security); a test elsewhere names it:
`@pytest.mark.matrix("row", page="faults")`. Named cases of bad input and the lines of the security
checklist that tests elsewhere hold are read from their own files. Nothing is imported or run.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
NAMED_CASES = ROOT / "tests" / "bad_input_cases.py"
CHECKLIST = ROOT / "tests" / "security_checklist.py"
CASES_RUN_BY = (
    "tests/properties/test_bad_input.py::test_r12_a_breach_names_table_column_key_value_and_remedy"
)
INTRODUCTIONS = {
    "faults": "# Faults\n\nWhat is broken on purpose, and the test that says what must hold then.",
    "security": "# Security\n\nEach line of the checklist, and the tests that hold it.",
    "bad-input": "# Bad input\n\nWhat is wrong with the input, and the test that says what "
    "follows: an error that names table, column, key, value and remedy; other weeks go on.",
}


@dataclass(frozen=True)
class Row:
    """One line of a matrix: what is tried, and the test that tries it."""

    page: str
    text: str
    test: str

    @property
    def outcome(self) -> str:
        """What the test asserts: its name, in words."""
        name = self.test.partition("::")[2].partition("[")[0]
        return name.removeprefix("test_").replace("_", " ")


def matrix_pages() -> dict[str, str]:
    """Page by file name; pages without a row are left out."""
    rows = [*_named_cases(), *_checklist(), *marked_rows()]
    pages = {}
    for page, introduction in INTRODUCTIONS.items():
        mine = sorted({row for row in rows if row.page == page}, key=lambda r: (r.text, r.test))
        if mine:
            pages[f"{page}.md"] = f"{introduction}\n\n{_table(mine)}"
    return pages


def marked_rows() -> list[Row]:
    """Every row of every page, as marked in the tests."""
    return [row for path in sorted((ROOT / "tests").rglob("test_*.py")) for row in _rows_of(path)]


def _rows_of(path: Path) -> Iterator[Row]:
    file = path.relative_to(ROOT)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        tests = [node] if isinstance(node, ast.FunctionDef) else []
        if isinstance(node, ast.ClassDef):  # hypothesis' state machines
            tests = [part for part in node.body if isinstance(part, ast.FunctionDef)] or tests
        for mark in _marks(node):
            text, page = _arguments(mark)
            owner = next((t.name for t in tests if mark in list(ast.walk(t))), "")
            yield Row(page or file.parts[1], text, f"{file}::{owner}" if owner else str(file))


def _marks(node: ast.AST) -> list[ast.Call]:
    calls = [part for part in ast.walk(node) if isinstance(part, ast.Call)]
    return [call for call in calls if ast.unparse(call.func) == "pytest.mark.matrix"]


def _arguments(mark: ast.Call) -> tuple[str, str]:
    page = [ast.literal_eval(word.value) for word in mark.keywords if word.arg == "page"]
    return str(ast.literal_eval(mark.args[0])), page[0] if page else ""


def _named_cases() -> list[Row]:
    """The first element of each of the named cases of bad input."""
    cases = [ast.literal_eval(case.elts[0]) for case in _assigned(NAMED_CASES, "CASES").elts]
    return [Row("bad-input", case, f"{CASES_RUN_BY}[{case}]") for case in cases]


def _checklist() -> list[Row]:
    lines = ast.literal_eval(_assigned(CHECKLIST, "CHECKLIST"))
    return [Row("security", line, test) for line, tests in lines.items() for test in tests]


def _assigned(path: Path, name: str) -> Any:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return node.value
    raise LookupError(name)


def _table(rows: list[Row]) -> str:
    lines = ["| row | what holds | test |", "|---|---|---|"]
    lines += [
        f"| {row.text.replace('|', chr(92) + '|')} | {row.outcome} | `{row.test}` |" for row in rows
    ]
    return "\n".join(lines) + "\n"

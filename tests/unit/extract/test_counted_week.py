"""Counts of past weeks are found again only where counting anew would give the same."""

import datetime as dt

import pandas as pd
import pytest
from unit.extract.test_history import LINES, ORDERS, order
from worlds import AS_OF, small_week

from sitecast.extract import ColumnMapping, FolderSource, counted_week
from sitecast.extract.history import history_tables
from sitecast.extract.mapping import TableMapping

WEEKS = ["2026-W46", "2026-W47"]
PLACED = [order("a"), order("b"), order("c", "2026-W47", day="2026-11-15")]
PICKED = [(name, 1, "recipe", "r1", 2, 1) for name in "abc"]
LINE_OF_D = ("d", 1, "recipe", "r1", 2, 1)


class Company:
    """Parts by week in a folder, and who reads which of them."""

    def __init__(self, folder):
        self.folder, self.notes, self.read = folder, folder / "notes", []
        self.write(PLACED, PICKED)
        menu = small_week()["menu"].assign(menu_week=WEEKS[0])
        menu.to_csv(folder / "menu.csv", index=False)

    def write(self, orders, lines):
        orders, lines = pd.DataFrame(orders, columns=ORDERS), pd.DataFrame(lines, columns=LINES)
        for week in WEEKS:
            rows = orders[orders["menu_week"] == week]
            self.part("orders", week, rows)
            self.part("order_lines", week, lines[lines["order_id"].isin(rows["order_id"])])

    def part(self, table, week, rows):
        (self.folder / table).mkdir(exist_ok=True)
        rows.to_csv(self.folder / table / f"{week}.csv", index=False)

    def counted(self, as_of=AS_OF, mapping=None, notes=True):
        """Boxes and items, and the weeks whose orders were read for them."""
        source = FolderSource(
            self.folder, mapping or ColumnMapping(), self.notes if notes else None
        )
        self.read, read = [], source.read

        def told(table, weeks=None):
            self.read += list(weeks or ()) if table == "orders" else []
            return read(table, weeks)

        source.read = told
        tables = history_tables(source, as_of, WEEKS)
        source.require_unchanged()
        return tables["history_boxes"], tables["history_items"]

    def require_right(self, read, **how):
        """As counted without notes; and only these weeks were read for it."""
        found, seen = self.counted(**how), self.read
        for one, other in zip(found, self.counted(notes=False, **how), strict=True):
            pd.testing.assert_frame_equal(one, other)
        assert seen == read


@pytest.fixture
def company(tmp_path):
    made = Company(tmp_path)
    made.require_right(WEEKS)
    made.require_right([])
    return made


def test_only_the_week_that_changed_is_counted_anew(company):
    company.write([*PLACED, order("d", "2026-W47", day="2026-11-15")],
                  [*PICKED, ("d", 1, "recipe", "r2", 2, 2)])  # fmt: skip
    company.require_right(["2026-W47"])
    company.require_right([])


def test_lines_that_changed_are_enough(company):
    company.write(PLACED, [*PICKED, ("a", 2, "recipe", "r2", 2, 1)])
    company.require_right(["2026-W46"])


def test_another_mapping_counts_otherwise(company):
    renamed = TableMapping(values={"segment": {"family": "families"}})
    company.require_right(WEEKS, mapping=ColumnMapping({"orders": renamed}))


def test_other_code_counts_anew(company, monkeypatch):
    monkeypatch.setattr(counted_week, "_code", lambda: "changed")
    company.require_right(WEEKS)


def test_a_note_serves_later_moments_and_none_before_all_rows_were_known(company):
    late = AS_OF - dt.timedelta(days=2)
    company.write([*PLACED, order("d", created=str(late))], [*PICKED, LINE_OF_D])
    company.require_right(["2026-W46"])
    company.require_right([], as_of=AS_OF + dt.timedelta(days=30))
    company.require_right([], as_of=late)
    company.require_right(["2026-W46"], as_of=late - dt.timedelta(seconds=1))
    company.require_right([])  # and what was known earlier was not noted


def test_rows_nobody_knows_yet_are_never_noted(company):
    future = str(AS_OF + dt.timedelta(days=1))
    company.write([*PLACED, order("d", created=future)], [*PICKED, LINE_OF_D])
    company.require_right(["2026-W46"])
    company.require_right(["2026-W46"])


@pytest.mark.parametrize("damage", [
    lambda data: data[:-1], lambda data: data[:40], lambda _: b"", lambda _: b"[]\n",
    lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:], lambda _: b"\xff\n",
])  # fmt: skip
def test_a_damaged_note_is_not_used(company, damage):
    for path in company.notes.iterdir():
        path.write_bytes(damage(path.read_bytes()))
    company.require_right(WEEKS)
    company.require_right([])


def test_notes_that_cannot_be_written_stop_nothing(company):
    for path in company.notes.iterdir():
        path.unlink()
    company.notes.rmdir()
    company.notes.write_text("a file where a folder should be")
    company.require_right(WEEKS)


def test_an_order_that_moved_counts_once_where_it_is_now(company):
    moved = [("m", "family", week, day, "a", 2, "delivered", "2026-11-01", False, since)
             for week, day, since in (("2026-W46", "2026-11-14", "2026-11-02"),
                                      ("2026-W47", "2026-11-15", "2026-11-03"))]  # fmt: skip
    for week in WEEKS:
        there = [(*row, "2026-11-01") for row in PLACED if row[2] == week]
        company.part("orders", week, pd.DataFrame(there + moved, columns=[*ORDERS, "as_of"]))
        lines = [row for row in PICKED if row[0] in {order[0] for order in there}]
        lines.append(("m", 1, "recipe", "r2", 2, 1))
        company.part("order_lines", week, pd.DataFrame(lines, columns=LINES))
    company.require_right(WEEKS)
    company.require_right([])
    boxes, items = company.counted()
    assert boxes.groupby("menu_week")["boxes"].sum().to_dict() == {"2026-W46": 2, "2026-W47": 2}
    assert items[items["item_id"] == "r2"]["menu_week"].tolist() == ["2026-W47"]

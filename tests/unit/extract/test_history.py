import pandas as pd
import pytest
from worlds import AS_OF, small_plan, small_week

from sitecast.extract import FolderSource
from sitecast.extract.calendar import past_weeks
from sitecast.extract.history import history_tables
from sitecast.extract.mapping import ColumnMapping

WEEKS = ["2026-W46", "2026-W47"]
ORDERS = ["order_id", "segment", "menu_week", "delivery_date", "region_id", "portions", "state",
          "created_at", "is_default"]  # fmt: skip
LINES = ["order_id", "line_no", "item_type", "item_id", "portions", "quantity"]


def order(
    key, week="2026-W46", state="delivered", day="2026-11-14", created="2026-11-01", default=False
):  # fmt: skip
    return (key, "family", week, day, "a", 2, state, created, default)


FIVE = [
    order("a"), order("b", default=True), order("c", "2026-W47", day="2026-11-15"),
    order("d", state="cancelled"), order("e", created="2026-11-20T07:00Z"), order("f", "2026-W40"),
]  # fmt: skip
LINES_OF_FIVE = [
    ("a", 1, "recipe", "r1", 2, 1), ("a", 2, "recipe", "r2", 2, 2), ("b", 1, "recipe", "r1", 2, 3),
    ("c", 1, "recipe", "r1", 2, 1), ("c", 2, "product", "cola", None, 5),
    ("d", 1, "recipe", "r3", 2, 9), ("e", 1, "recipe", "r3", 2, 9), ("f", 1, "recipe", "r3", 2, 9),
]  # fmt: skip


@pytest.fixture
def history(tmp_path):
    def make(orders, lines, by_week=False):
        orders, lines = pd.DataFrame(orders, columns=ORDERS), pd.DataFrame(lines, columns=LINES)
        week_of = lines["order_id"].map(orders.set_index("order_id")["menu_week"])
        weeks = {"orders": orders["menu_week"], "order_lines": week_of}
        for name, frame in (("orders", orders), ("order_lines", lines)):
            folder = tmp_path / name if by_week else tmp_path
            folder.mkdir(exist_ok=True)
            for part, rows in frame.groupby(weeks[name]) if by_week else [(name, frame)]:
                rows.to_csv(folder / f"{part}.csv", index=False)
        menu = small_week()["menu"].assign(menu_week=WEEKS[0])
        menu.assign(available=menu["recipe_id"] != "r6").to_csv(tmp_path / "menu.csv", index=False)
        return history_tables(FolderSource(tmp_path, ColumnMapping()), AS_OF, WEEKS)

    return make  # fmt: skip


@pytest.mark.parametrize("by_week", [False, True])
def test_boxes_and_items_are_counted_by_week(history, by_week):
    told = history(FIVE, LINES_OF_FIVE, by_week)
    boxes = told["history_boxes"][["menu_week", "n_kits", "boxes", "default_boxes"]]
    assert boxes.to_numpy().tolist() == [["2026-W46", 3, 2, 1], ["2026-W47", 1, 1, 0]]
    items = told["history_items"][["menu_week", "item_id", "pieces"]].to_numpy().tolist()
    assert items == [["2026-W46", "r1", 4], ["2026-W46", "r2", 2], ["2026-W47", "cola", 5],
                     ["2026-W47", "r1", 1]]  # fmt: skip
    assert told["history_menu"]["recipe_id"].tolist() == ["r1", "r2", "r3", "r4", "r5"]


def test_rows_that_cannot_be_read_are_left_out_of_the_history(history):
    told = history([order("a"), order("b", day="soon")],
                   [("a", 1, "recipe", "r1", 2, 1), ("a", 2, "recipe", "r1", 2, "two"),
                    ("b", 1, "recipe", "r1", 2, 1)])  # fmt: skip
    assert told["history_boxes"]["boxes"].tolist() == [1]
    assert told["history_items"]["pieces"].tolist() == [1]


def test_only_weeks_that_had_ended_before_as_of_are_past():
    calendar = pd.DataFrame({
        "menu_week": ["2026-W48", "2026-W45", "2026-W46", "2026-W47"],
        "start_date": pd.to_datetime(["2026-11-21", "2026-11-01", "2026-11-07", "2026-11-14"]),
        "end_date": pd.to_datetime(["2026-11-27", "2026-11-06", "2026-11-13", "2026-11-20"]),
    })  # fmt: skip
    assert small_plan().as_of == AS_OF
    assert past_weeks(calendar, AS_OF, 8)["menu_week"].tolist() == ["2026-W45", "2026-W46"]
    assert past_weeks(calendar, AS_OF, 1)["menu_week"].tolist() == ["2026-W46"]

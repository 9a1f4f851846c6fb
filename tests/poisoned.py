"""A valid small week as text tables, and ways to poison it."""

import copy

import pandas as pd
from worlds import small_week

NEXT = "2026-W49"


class MemorySource:
    """Tables as a CSV folder would give them: every cell is text."""

    name = "memory"

    def __init__(self, tables):
        self.tables = tables

    def read(self, table, menu_weeks=None):
        return self.tables.get(table)

    def counted_week(self, menu_week):
        return None

    def require_unchanged(self):
        pass

    def fingerprints(self):
        return {}


def as_text(frame):
    return pd.DataFrame({
        name: ["" if pd.isna(value) else str(value) for value in frame[name]] for name in frame
    }, dtype=object)  # fmt: skip


TABLES = {name: as_text(frame) for name, frame in small_week().tables.items() if len(frame)}


def changed(*changes):
    tables = copy.deepcopy(TABLES)
    for change in changes:
        change(tables)
    return MemorySource(tables)


def put(table, column, value, row=0):
    def change(tables):
        tables[table].loc[row, column] = value

    return change  # fmt: skip


def add(table, **cells):
    def change(tables):
        frame = tables.get(table)
        first = {} if frame is None else frame.iloc[0].to_dict()
        row = pd.DataFrame([{**first, **cells}], dtype=object)
        tables[table] = pd.concat([frame, row], ignore_index=True)

    return change  # fmt: skip


def again(table):
    return add(table)


def drop_rows(table, keep):
    def change(tables):
        tables[table] = tables[table][keep(tables[table])].reset_index(drop=True)

    return change  # fmt: skip


def without(table, column=None):
    def change(tables):
        if column is None:
            del tables[table]
        else:
            tables[table] = tables[table].drop(columns=column)

    return change  # fmt: skip


def everywhere(table, column, value):
    def change(tables):
        tables[table][column] = value

    return change  # fmt: skip

"""Write one table as a sheet: rows as they come, formats, filters, colours and print set-up."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import pandas as pd
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from sitecast.publish.csv_cells import looks_like_formula
from sitecast.publish.workbook_cells import numbers, serial_days, texts, widest
from sitecast.publish.workbook_columns import SheetColumn, TableSheet

TIGHT, LIKELY = 0.1, 0.5  # share of draws in which a cap binds: worth a look; more likely than not
_NARROWEST, _WIDEST = 9, 44
_HEADER_HEIGHT = 32  # two lines
_FORMS = {"text": "General", "date": "yyyy-mm-dd", "count": "#,##0", "boxes": "#,##0.0",
          "share": "0 %"}  # fmt: skip
_QUANTITIES = {"g": '#,##0.00" kg"', "ml": '#,##0.00" l"', "each": '#,##0" each"'}
_SCALE = {"g": 1000.0, "ml": 1000.0}  # as words.human_unit()


@dataclass(frozen=True)
class Styles:
    """The formats of a workbook: a spreadsheet keeps each just once."""

    header: Format
    header_right: Format
    forms: dict[str, Format]
    guarded: Format
    """Text that starts like a formula: stays text when somebody edits the cell."""
    quantities: dict[str, Format]
    bad: Format
    warning: Format

    @classmethod
    def of(cls, book: Workbook) -> "Styles":
        """Make them for a workbook."""
        header = {"bold": True, "font_color": "#FFFFFF", "bg_color": "#12352A",
                  "text_wrap": True, "valign": "vcenter"}  # fmt: skip
        return cls(
            header=book.add_format(header),
            header_right=book.add_format({**header, "align": "right"}),
            forms={form: book.add_format({"num_format": code}) for form, code in _FORMS.items()},
            guarded=book.add_format({"quote_prefix": True}),
            quantities={u: book.add_format({"num_format": c}) for u, c in _QUANTITIES.items()},
            bad=book.add_format({"bg_color": "#F9D0CC", "font_color": "#8C1D18"}),
            warning=book.add_format({"bg_color": "#FFE8B3", "font_color": "#6B4A00"}),
        )


def write_table(sheet: Worksheet, table: TableSheet, styles: Styles, as_of: pd.Timestamp) -> None:
    """Fill a sheet of a constant-memory workbook, row after row.

    Args:
        sheet: still empty.
        table: at most as many rows as a sheet holds, less the header.
        styles: of the same workbook.
        as_of: needs whose order_by lies before its day are late.
    """
    columns = [_cells(column, table.frame, sheet, styles) for column in table.columns]
    sheet.set_row(0, _HEADER_HEIGHT)
    for place, (column, (_, cells, _)) in enumerate(zip(table.columns, columns, strict=True)):
        sheet.set_column(place, place, _width(column, cells))
        look = styles.header if column.form == "text" else styles.header_right
        sheet.write_string(0, place, column.title, look)
    writers = [(place, *column) for place, column in enumerate(columns)]
    for row in range(1, len(table.frame) + 1):
        for place, write, cells, formats in writers:
            cell, look = cells[row - 1], next(formats)
            if cell is not None:
                write(row, place, cell, look)
    last = (len(table.frame), len(table.columns) - 1)
    sheet.autofilter(0, 0, *last)
    sheet.freeze_panes(1, 0)
    _colour(sheet, table, styles, as_of)


def set_up_print(sheet: Worksheet, footer: str, header_rows: bool = True) -> None:
    """A4 across, one page wide, as many long as needed; header rows on each."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.set_margins(0.4, 0.4, 0.5, 0.6)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer(f"&L{footer}&C&A&RPage &P of &N")
    if header_rows:
        sheet.repeat_rows(0)


Cells = tuple[Callable[..., int], list[Any], Iterator[Format]]


def _cells(column: SheetColumn, frame: pd.DataFrame, sheet: Worksheet, styles: Styles) -> Cells:
    """How to write a column's cells, the cells, and their formats."""
    values = frame[column.source]
    if column.form == "text":
        told = texts(values)
        risky = {text for text in set(told) if text and looks_like_formula(text)}
        plain, guarded = styles.forms["text"], styles.guarded
        return sheet.write_string, told, (guarded if t in risky else plain for t in told)
    if column.form == "date":
        return sheet.write_number, serial_days(values), repeat(styles.forms["date"])
    if column.form == "quantity":
        scaled = values / frame["uom"].map(_SCALE).astype("float64").fillna(1.0)
        other = styles.forms["boxes"]
        looks = (styles.quantities.get(uom, other) for uom in frame["uom"].tolist())
        return sheet.write_number, numbers(scaled), looks
    return sheet.write_number, numbers(values), repeat(styles.forms[column.form])


def _width(column: SheetColumn, cells: list[Any]) -> int:
    """Characters, so that the longest word of the title (and its filter button) and cell fit."""
    title = max(len(word) for word in column.title.split()) + 4
    if column.form == "text":
        longest = widest({cell for cell in cells if cell is not None})
    elif column.form == "date":
        longest = len("2026-12-31")
    else:
        shown = {"quantity": ",.2f", "boxes": ",.1f"}.get(column.form, ",.0f")
        largest = max((cell for cell in cells if cell is not None), default=0)
        longest = len(format(largest, shown)) + (len(" each") if column.form == "quantity" else 0)
    return min(max(title, longest + 1, _NARROWEST), _WIDEST)


def _colour(sheet: Worksheet, table: TableSheet, styles: Styles, as_of: pd.Timestamp) -> None:
    last = max(len(table.frame), 1)
    letters = {c.source: xl_col_to_name(place) for place, c in enumerate(table.columns)}
    for place, column in enumerate(table.columns):
        for rule in _rules(column, letters, styles, as_of):
            sheet.conditional_format(1, place, last, place, rule)


def _rules(
    column: SheetColumn, letters: dict[str, str], styles: Styles, as_of: pd.Timestamp
) -> list[dict[str, Any]]:
    if column.colour == "late":
        (today,) = serial_days(pd.Series([as_of.tz_localize(None).normalize()]))
        due, cases = f"${letters[column.source]}2", f"${letters['cases_to_buy']}2"
        late = f"=AND(ISNUMBER({due}),{due}<{today:.0f},{cases}>0)"
        return [{"type": "formula", "criteria": late, "format": styles.bad}]
    if column.colour == "scale":  # data bars need an extension that not every reader knows
        return [{"type": "2_color_scale", "min_type": "num", "max_type": "num", "min_value": 0,
                 "max_value": 1, "min_color": "#FFFFFF", "max_color": "#8FC7AA"}]  # fmt: skip
    limits = {"risk": ((">=", LIKELY), (">=", TIGHT)), "full": ((">", 1), (">=", 0.95))}
    looks = (styles.bad, styles.warning)
    return [
        {"type": "cell", "criteria": sign, "value": limit, "format": look, "stop_if_true": True}
        for (sign, limit), look in zip(limits.get(column.colour, ()), looks, strict=False)
    ]

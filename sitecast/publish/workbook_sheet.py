"""How a sheet of rows looks: header, widths, formats, filter, colours and print set-up."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from sitecast.publish.workbook_cells import cell_text, serial_days, widest
from sitecast.publish.workbook_columns import SheetColumn
from sitecast.publish.workbook_tables import TableSheet

SCALE = {"g": 1000.0, "ml": 1000.0}  # as words.human_unit()
TIGHT, LIKELY = 0.1, 0.5  # share of draws in which a cap binds: worth a look; more likely than not
_NARROWEST, _WIDEST = 9, 60
_HEADER_HEIGHT = 32  # two lines
_FORMS = {"text": "General", "date": "yyyy-mm-dd", "count": "#,##0", "boxes": "#,##0.0",
          "share": "0 %", "money": "#,##0"}  # fmt: skip
_QUANTITIES = {"g": '#,##0.00" kg"', "ml": '#,##0.00" l"', "each": '#,##0" each"'}
_WORDS = {"severity": ("high", "medium"), "now": ("", "now")}  # red, amber


@dataclass(frozen=True)
class Styles:
    """The formats of a workbook: a spreadsheet keeps each just once."""

    header: Format
    header_right: Format
    looks: dict[str, Format]
    """By form; those of quantities by `quantity <uom>`."""
    guarded: Format
    """Text that starts like a formula: stays text when somebody edits the cell."""
    bad: Format
    warning: Format

    @classmethod
    def of(cls, book: Workbook) -> "Styles":
        """Make them for a workbook."""
        header = {"bold": True, "font_color": "#FFFFFF", "bg_color": "#12352A",
                  "text_wrap": True, "valign": "vcenter"}  # fmt: skip
        text = {"num_format": _FORMS["text"], "indent": 1}  # numbers end where it begins
        codes = _FORMS | {f"quantity {uom}": code for uom, code in _QUANTITIES.items()}
        return cls(
            header=book.add_format({**header, "indent": 1}),
            header_right=book.add_format({**header, "align": "right"}),
            looks={
                look: book.add_format(text if look == "text" else {"num_format": code})
                for look, code in codes.items()
            },
            guarded=book.add_format({**text, "quote_prefix": True}),
            bad=book.add_format({"bg_color": "#F9D0CC", "font_color": "#8C1D18"}),
            warning=book.add_format({"bg_color": "#FFE8B3", "font_color": "#6B4A00"}),
        )


def set_up_table(sheet: Worksheet, table: TableSheet, styles: Styles, as_of: pd.Timestamp) -> None:
    """Everything of a sheet but its rows.

    Args:
        sheet: still empty.
        table: at most as many rows as a sheet holds, less the header.
        styles: of the same workbook.
        as_of: needs whose order_by lies before its day are late.
    """
    sheet.set_row(0, _HEADER_HEIGHT)
    for place, column in enumerate(table.columns):
        sheet.set_column(place, place, _width(column, table.frame))
        look = styles.header if column.form == "text" else styles.header_right
        sheet.write_string(0, place, column.title, look)
    sheet.autofilter(0, 0, len(table.frame), len(table.columns) - 1)
    sheet.freeze_panes(1, 0)
    last = max(len(table.frame), 1)
    letters = {c.source: xl_col_to_name(place) for place, c in enumerate(table.columns)}
    for place, column in enumerate(table.columns):
        for rule in _rules(column, letters, styles, as_of):
            sheet.conditional_format(1, place, last, place, rule)


def set_up_print(sheet: Worksheet, footer: str, header_rows: bool = True) -> None:
    """A4 across, one page wide, as many long as needed; header rows on each."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.set_margins(0.4, 0.4, 0.5, 0.6)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer(f"&L{footer}&C&A&RPage &P of &N")
    if header_rows:
        sheet.repeat_rows(0)


def _width(column: SheetColumn, frame: pd.DataFrame) -> int:
    """Characters, so that the longest word of the title (and its filter button) and cell fit."""
    title = max(len(word) for word in column.title.split()) + 4
    values = frame[column.source].dropna()
    if column.form == "text":
        longest = widest(cell_text(str(text)) for text in values.unique()) + 1
    elif column.form == "date":
        longest = len("2026-12-31")
    else:
        shown = {"quantity": ",.2f", "boxes": ",.1f"}.get(column.form, ",.0f")
        largest = float(np.abs(values.to_numpy(dtype="float64")).max()) if len(values) else 0.0
        longest = len(format(largest, shown)) + (len(" each") if column.form == "quantity" else 0)
    return min(max(title, longest + 1, _NARROWEST), _WIDEST)


def _rules(
    column: SheetColumn, letters: dict[str, str], styles: Styles, as_of: pd.Timestamp
) -> Iterator[dict[str, Any]]:
    if column.colour == "late":
        today = serial_days(pd.Series([as_of.tz_localize(None).normalize()])).iloc[0]
        due, cases = f"${letters[column.source]}2", f"${letters['cases']}2"
        late = f"=AND(ISNUMBER({due}),{due}<{today:.0f},{cases}>0)"
        yield {"type": "formula", "criteria": late, "format": styles.bad}
    if column.colour == "scale":  # data bars need an extension that not every reader knows
        yield {"type": "2_color_scale", "min_type": "num", "max_type": "num", "min_value": 0,
               "max_value": 1, "min_color": "#FFFFFF", "max_color": "#8FC7AA"}  # fmt: skip
    looks = (styles.bad, styles.warning)
    limits = {"risk": ((">=", LIKELY), (">=", TIGHT)), "full": ((">", 1), (">=", 0.95))}
    for (sign, limit), look in zip(limits.get(column.colour, ()), looks, strict=False):
        yield {"type": "cell", "criteria": sign, "value": limit, "format": look,
               "stop_if_true": True}  # fmt: skip
    for word, look in zip(_WORDS.get(column.colour, ()), looks, strict=False):
        if word:
            yield {"type": "cell", "criteria": "==", "value": f'"{word}"', "format": look}

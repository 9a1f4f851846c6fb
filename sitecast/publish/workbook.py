"""The workbook planners work in: one .xlsx of a publication, the same bytes for the same plan.

Rows go to the file a block at a time, so that memory does not grow with them. Nothing in it is a
formula made of data: text stays text. What belongs here: putting the sheets together. What does
not: what stands on them (workbook_tables.py) and how they look (workbook_sheet.py).
"""

import io
from dataclasses import replace

import pandas as pd
from xlsxwriter.workbook import Workbook

from sitecast.publish.contents import Contents
from sitecast.publish.words import span
from sitecast.publish.workbook_cells import cell_text, sheet_names
from sitecast.publish.workbook_readme import READ_ME, write_read_me
from sitecast.publish.workbook_rows import filled, write_samples
from sitecast.publish.workbook_sheet import Styles, set_up_print, set_up_table
from sitecast.publish.workbook_tables import TableSheet, table_sheets

MOST_ROWS = 2**20 - 1  # of a sheet, less its header; more go on in another one
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
            "strings_to_numbers": False}  # fmt: skip
_LONGEST_FOOTER = 80


def render_workbook(contents: Contents, ui_url: str) -> bytes:
    """The workbook as a file's bytes.

    Args:
        contents: what the publication says.
        ui_url: address of the Dagster UI; linked when it is http or https.
    """
    plan, buffer = contents.plan, io.BytesIO()
    book = Workbook(buffer, _OPTIONS)
    title = cell_text(f"{plan.settings.company}: site forecast {span(plan.menu_weeks)}")
    created = plan.as_of.replace(tzinfo=None)  # in UTC; the clock would make every file another
    book.set_properties({"title": title[:200], "created": created})
    named = _named([part for table in table_sheets(contents) for part in _parts(table)])
    footer = title[:_LONGEST_FOOTER].replace("&", "&&")
    first = book.add_worksheet(READ_ME)
    set_up_print(first, footer, header_rows=False)
    write_read_me(book, first, contents, named, ui_url)
    styles, as_of = Styles.of(book), pd.Timestamp(plan.as_of)
    rows = {}
    for number, (name, table) in enumerate(named.items(), start=2):
        sheet = book.add_worksheet(name)
        set_up_print(sheet, footer)
        set_up_table(sheet, table, styles, as_of)
        rows[f"xl/worksheets/sheet{number}.xml"] = write_samples(sheet, table, styles)
    book.close()
    return filled(buffer.getvalue(), rows)


def _named(tables: list[TableSheet]) -> dict[str, TableSheet]:
    """Sheets by the names they get: the sheets' own first, so that a site cannot take one."""
    own = sheet_names((table.name for table in tables if not table.is_site), [READ_ME])
    sites = sheet_names((table.name for table in tables if table.is_site), [READ_ME, *own])
    names = {True: iter(sites), False: iter(own)}
    return {next(names[table.is_site]): table for table in tables}


def _parts(table: TableSheet) -> list[TableSheet]:
    starts = range(0, max(len(table.frame), 1), MOST_ROWS)
    return [replace(table, frame=table.frame.iloc[s : s + MOST_ROWS]) for s in starts]

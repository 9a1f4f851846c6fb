"""The workbook's first sheet: which plan this is, its totals, and what every column means."""

from dataclasses import dataclass
from typing import Any

from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from sitecast.publish.contents import Contents
from sitecast.publish.words import span
from sitecast.publish.workbook_cells import cell_text
from sitecast.publish.workbook_tables import TableSheet

READ_ME = "Read me"
_WIDTHS = (24, 18, 16, 16, 16, 16, 16)
_LINE = sum(_WIDTHS)  # characters in a line across the sheet
_TOTALS = {
    "boxes": "Boxes (mean)",
    "boxes_committed": "Placed boxes",
    "kits": "Kits (mean)",
    "boxes_unallocated": "Without a site",
    "skus": "SKUs",
}
_EXPLAINED = (
    "How the quantiles come about: each menu week is simulated {draws} times. Every placed order "
    "stands unchanged in every draw; simulated boxes fill up the rest of the forecast. Each draw "
    "is allocated to sites within their caps and exploded to SKUs; quantities are added up within "
    "a draw, and quantiles are taken last, at the level asked for. p10, p50 and p90 are the "
    "quantities that one, five and nine draws in ten stay at or below.",
    "Means add up over days, sites and weeks; quantiles do not. The quantiles of a week are on "
    "the sheet Weekly need: do not add up those of its days.",
    "Required covers the need in {service_level} of the draws, or in the share that the costs of "
    "too much and too little of a SKU call for where they are given. Cases are whole cases that "
    "cover it, and at least the least order.",
    "Colours: Order by is red where its day had passed when the plan was made. Over cap is amber "
    "from 10 % of the draws and red from 50 %. Used is amber from 95 % of the cap and red above "
    "it. Share placed is the greener the more of it is ordered already.",
)


@dataclass
class _Page:
    """Writes down the sheet, line by line: a constant-memory sheet takes rows in order only."""

    sheet: Worksheet
    looks: dict[str, Format]
    row: int = 0

    def cells(self, *values: Any, look: str = "plain", first: str = "") -> None:
        """A row of texts and numbers; `first` is another look for its first cell."""
        for place, value in enumerate(values):
            if isinstance(value, str):
                shown = self.looks[look if place else first or look]
                self.sheet.write_string(self.row, place, cell_text(value), shown)
            elif value is not None:
                self.sheet.write_number(self.row, place, value, self.looks["number"])
        self.row += 1

    def heading(self, text: str) -> None:
        self.row += 1
        self.cells(text, look="heading")

    def link(self, label: str, url: str, shown: str) -> None:
        self.sheet.write_string(self.row, 0, label, self.looks["plain"])
        self.sheet.write_url(self.row, 1, url, self.looks["link"], cell_text(shown))
        self.row += 1

    def paragraph(self, text: str, start: int = 0) -> None:
        """A wrapped text over the rest of the sheet's width, from a column on."""
        text = cell_text(text)
        room = _LINE - sum(_WIDTHS[:start])
        self.sheet.set_row(self.row, 15 * (1 + len(text) // room))
        last = len(_WIDTHS) - 1
        self.sheet.merge_range(self.row, start, self.row, last, "", self.looks["wrapped"])
        self.sheet.write_string(self.row, start, text, self.looks["wrapped"])
        self.row += 1


def write_read_me(
    book: Workbook, sheet: Worksheet, contents: Contents, named: dict[str, TableSheet], ui_url: str
) -> None:
    """Fill the first sheet.

    Args:
        book: whose sheet.
        sheet: still empty.
        contents: what the publication says.
        named: the other sheets by their names.
        ui_url: address of the Dagster UI; linked when it is http or https.
    """
    page = _Page(sheet, _looks(book))
    for place, width in enumerate(_WIDTHS):
        sheet.set_column(place, place, width)
    company = contents.plan.settings.company
    page.cells(f"{company}: site forecast {span(contents.plan.menu_weeks)}", look="title")
    _facts(page, contents, ui_url)
    _totals(page, contents)
    _sheets(page, named)
    page.heading("How to read it")
    settings = contents.plan.settings
    for text in _EXPLAINED:
        page.paragraph(text.format(draws=contents.plan.draws,
                                   service_level=f"{settings.service_level:.0%}"))  # fmt: skip
    _definitions(page, named)


def _looks(book: Workbook) -> dict[str, Format]:
    top = {"valign": "top"}
    return {
        "plain": book.add_format(top),
        "number": book.add_format({**top, "num_format": "#,##0"}),
        "title": book.add_format({"bold": True, "font_size": 16}),
        "heading": book.add_format({"bold": True, "font_size": 12, "font_color": "#17694A"}),
        "header": book.add_format({"bold": True, "bottom": 1}),
        "right": book.add_format({"bold": True, "bottom": 1, "align": "right"}),
        "link": book.add_format({**top, "font_color": "#17694A", "underline": 1}),
        "wrapped": book.add_format({**top, "text_wrap": True}),
    }


def _facts(page: _Page, contents: Contents, ui_url: str) -> None:
    plan = contents.plan
    page.cells("Known until", f"{plan.as_of:%a %d %b %Y, %H:%M} UTC")
    page.cells("Horizon", f"{span(plan.menu_weeks)} ({len(plan.menu_weeks)} menu weeks)")
    page.cells("Plan", plan.plan_id)
    page.cells("Publication", contents.publication_id)
    page.cells("Version of sitecast", plan.code_version)
    page.cells("Draws per week", f"{plan.draws:,}")
    page.link("Page", "external:page.html", "page.html, beside this file where it was published")
    if ui_url.startswith(("http://", "https://")):
        page.link("Runs and lineage", ui_url, ui_url)


def _totals(page: _Page, contents: Contents) -> None:
    summary, bought = contents.summary, contents.tables["purchase_plan"]
    cases = bought.groupby("menu_week")["cases"].sum()
    page.heading("Totals")
    page.cells("Menu week", *_TOTALS.values(), "Cases to order", look="right", first="header")
    for week in summary["weeks"]:
        page.cells(week["menu_week"], *(week[name] for name in _TOTALS),
                   int(cases.get(week["menu_week"], 0)))  # fmt: skip
    page.cells("All weeks", *(summary["total"][name] for name in _TOTALS), int(cases.sum()))


def _sheets(page: _Page, named: dict[str, TableSheet]) -> None:
    page.heading("Sheets")
    for name, table in named.items():
        quoted = name.replace("'", "''")
        page.sheet.write_url(page.row, 0, f"internal:'{quoted}'!A1", page.looks["link"], name)
        page.paragraph(f"{table.about} {len(table.frame):,} rows.", start=1)


def _definitions(page: _Page, named: dict[str, TableSheet]) -> None:
    """Each set of columns once: the sites' sheets are alike."""
    page.heading("Columns")
    page.cells("Sheet", "Column", "Unit", "Meaning", look="header")
    shown = set()
    for name, table in named.items():
        if table.columns in shown:
            continue
        shown.add(table.columns)
        alike = [other for other, t in named.items() if t.columns == table.columns]
        for column in table.columns:
            page.sheet.write_string(page.row, 0, name if len(alike) == 1 else "each site",
                                    page.looks["plain"])  # fmt: skip
            page.sheet.write_string(page.row, 1, column.title, page.looks["plain"])
            page.sheet.write_string(page.row, 2, column.unit, page.looks["plain"])
            page.paragraph(column.meaning, start=3)

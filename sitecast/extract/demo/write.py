"""Write the demo company's tables and its plan file."""

import string
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from sitecast.extract.demo import calendar, cookbook, menus, network, order_book, pantry
from sitecast.extract.demo.company import Company, found_company
from sitecast.extract.demo.customers import segments
from sitecast.extract.demo.sizes import CompanySize, company_size
from sitecast.extract.demo.stockroom import stock_tables
from sitecast.extract.demo.usage import usage_of_week, usage_table
from sitecast.extract.demo.vocabulary import plan_template
from sitecast.extract.demo.volumes import box_forecast_of_week
from sitecast.records.tables_read import TABLES_READ
from sitecast.store.files import written_or_store_error

DEFAULT_SEED = 20261120


def write_demo_company(
    target: Path,
    size: str | CompanySize = "demo",
    seed: int = DEFAULT_SEED,
    progress: Callable[[str], None] | None = None,
) -> Path:
    """Invent a company, and write its input tables and plan file.

    Args:
        target: folder that gets `plan.yaml` and `input/`; made when missing.
        size: `demo` (3,000 boxes a week), `gousto` (200,000), or one of your own.
        seed: names the random streams; the same seed gives the same bytes.
        progress: told in words what is being written.
    Returns:
        The plan file.
    Raises:
        SettingsError: there is no such size.
    """
    tell = progress or (lambda _: None)
    profile = company_size(size) if isinstance(size, str) else size
    with written_or_store_error(target):  # it becomes the home of an installation: its owner's
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
    tell("inventing the company")
    company = found_company(profile, seed)
    folder = target / "input"
    weekly = [table for week in company.weeks for table in _write_week(company, week, folder, tell)]
    forecast = pd.concat([table for name, table in weekly if name == "box_forecast"])
    used = usage_table([table for name, table in weekly if name == "usage_actuals"])
    tables = {**_standing_tables(company), "box_forecast": forecast, "usage_actuals": used}
    for name, table in tables.items():
        _write(folder / f"{name}.parquet", _shaped(name, table))
    plan_file = target / "plan.yaml"
    plan_file.write_text(_plan_text(company), encoding="utf-8")
    return plan_file


def _standing_tables(company: Company) -> dict[str, pd.DataFrame]:
    size, weeks = company.size, company.weeks
    stock, open_pos = stock_tables(company)
    return {
        "menu_weeks": calendar.menu_weeks_table(weeks),
        "delivery_days": calendar.delivery_days_table(weeks, size.delivery_weights),
        "sites": network.sites_table(size),
        "site_caps": network.site_caps_table(size, weeks),
        "site_week_caps": network.site_week_caps_table(size, weeks),
        "regions": network.regions_table(company.regions),
        "region_sites": network.region_sites_table(company.regions, size),
        "recipes": cookbook.recipes_table(company.pool, menus.first_weeks(company.menus)),
        "menu": menus.menu_table(company.menus),
        "item_sites": menus.item_sites_table(
            company.menus, company.can_make, company.products["product_id"].tolist()
        ),
        "skus": company.skus,
        "recipe_bom": company.bom,
        "products": company.products,
        "product_bom": pantry.product_bom_table(size),
        "packaging_rules": pantry.packaging_rules_table(),
        "stock": stock,
        "open_pos": open_pos,
    }


def _write_week(
    company: Company, week: calendar.DemoWeek, folder: Path, tell: Callable[[str], None]
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Write the week's order book; give its forecast, or what was used once it is over."""
    if not week.booked:
        yield "box_forecast", box_forecast_of_week(company, week, None)
        return
    tell(f"orders of {week.key}")
    boxes = order_book.book_boxes(company, week)
    _write(folder / "orders" / f"{week.key}.parquet",
           order_book.orders_table(company, week, boxes))  # fmt: skip
    _write(folder / "order_lines" / f"{week.key}.parquet",
           order_book.order_lines_table(company, week, boxes))  # fmt: skip
    if week.booked < 1.0:
        placed = order_book.placed_boxes(company, boxes)
        yield "box_forecast", box_forecast_of_week(company, week, placed)
    else:
        yield "usage_actuals", usage_of_week(company, week, boxes)


def _shaped(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """The table by its contract; optional columns that the demo leaves out get their default."""
    absent = {column.name: column.default for column in TABLES_READ[name].columns
              if column.optional and column.name not in table}  # fmt: skip
    return TABLES_READ[name].shaped(table.assign(**absent))


def _write(path: Path, frame: pd.DataFrame) -> None:
    """Without pandas' own metadata: its version would make the bytes differ."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    pyarrow.parquet.write_table(table, path, compression="zstd")


def _plan_text(company: Company) -> str:
    size = company.size
    planned = [week for week in company.weeks if week.planned]
    site, day, cap = size.override
    packing = planned[1].start + pd.Timedelta(days=network.FIRST_PACKING_DAY + day)
    exclusions = [
        f"    - {{segment: {segment}, without_diet_tag: {traits['diet']}}}"
        for segment, traits in segments(size).items()
        if traits["diet"]
    ]
    return string.Template(plan_template()).substitute(
        first_menu_week=planned[0].key, as_of=calendar.AS_OF.isoformat().replace("+00:00", "Z"),
        seed=company.seed, draws=size.draws, history_weeks=calendar.HISTORY_WEEKS,
        exclusions="\n".join(exclusions), site=site, production_date=packing.isoformat(), cap=cap,
    )  # fmt: skip

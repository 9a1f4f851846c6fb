"""What the UI shows beside an asset: rows, schema with units, a preview, a small plot.

What belongs here: turning records into Dagster metadata. What does not: computing anything that
is not already in the record.
"""

from typing import Any

import dagster as dg
import pandas as pd

from sitecast.publish import summarise
from sitecast.records.contract import TableContract
from sitecast.records.plan import ForecastPlan
from sitecast.records.tables_history import TABLES_HISTORY
from sitecast.records.tables_read import TABLES_READ
from sitecast.records.tables_simulated import TABLES_SIMULATED
from sitecast.records.tables_written import FORECAST_PLAN, TABLES_WRITTEN
from sitecast.records.week_record import SiteForecast, WeekRecord
from sitecast_dagster.pictures import bars_png, inline_image

CONTRACTS: dict[str, dict[str, TableContract]] = {
    "extracted_data": {**TABLES_READ, **TABLES_HISTORY},
    "simulated_orders": TABLES_SIMULATED,
    "site_forecast": TABLES_WRITTEN,
    "forecast_changes": TABLES_WRITTEN,
}
MAIN_TABLE = {
    "extracted_data": "orders",
    "simulated_orders": "orders",
    "site_forecast": "site_forecast",
    "forecast_changes": "forecast_changes",
}
PREVIEW_ROWS, PREVIEW_COLUMNS, LONGEST_CELL = 8, 12, 60
NAMES_OF_KINDS = {"count": "int", "amount": "float", "day": "date", "instant": "timestamp",
                  "flag": "bool"}  # fmt: skip
UNIT_NOTE = "column descriptions name the unit; quantities are in each SKU's base unit (uom)"


def schema_of(contract: TableContract) -> dg.TableSchema:
    """A table's columns as declared: type, meaning, unit, whether they may be empty."""
    return dg.TableSchema(
        [
            dg.TableColumn(
                column.name,
                NAMES_OF_KINDS.get(column.kind, "string"),
                description=column.description + (f" [{column.unit}]" if column.unit else ""),
                constraints=dg.TableColumnConstraints(nullable=column.nullable),
            )
            for column in contract.columns
        ]
    )


def record_metadata(record: WeekRecord, attempt: int) -> dict[str, Any]:
    """Metadata of one version of a week's record."""
    name = MAIN_TABLE[record.asset]
    main, contract = record[name], CONTRACTS[record.asset][name]
    figures = _forecast_facts(record) if isinstance(record, SiteForecast) else {}
    return figures | {
        "dagster/row_count": len(main),
        "plan_id": record.provenance.plan_id,
        "version": record.version,
        "as_of": record.provenance.as_of,
        "attempt": attempt,
        "units": UNIT_NOTE,
        "preview": preview(main),
        "dagster/column_schema": schema_of(contract),
        "tables": _row_counts(record),
    }


def plan_metadata(plan: ForecastPlan) -> dict[str, Any]:
    """Metadata of a frozen plan."""
    return {
        "plan_id": plan.plan_id,
        "as_of": plan.as_of.isoformat(),
        "menu_weeks": list(plan.menu_weeks),
        "draws": plan.draws,
        "seed": plan.seed,
        "models": dg.MetadataValue.json(dict(plan.models)),
        "spreads fitted on": plan.settings.simulator.uncertainty.fitted_on or "nothing",
        **({"warning": plan.warning} if plan.warning else {}),
        "settings": dg.MetadataValue.json(plan.settings.model_dump(mode="json")),
        "input_hashes": dg.MetadataValue.json(dict(plan.input_hashes)),
        "dagster/column_schema": schema_of(FORECAST_PLAN),
    }


def preview(
    frame: pd.DataFrame, rows: int = PREVIEW_ROWS, longest: int = LONGEST_CELL
) -> dg.MetadataValue[Any]:
    """The first rows as a markdown table; texts are cut at `longest` characters.

    No customer is shown: the UI has no login, and what it shows stays in its history.
    """
    top = frame.drop(columns="customer_key", errors="ignore").iloc[:rows, :PREVIEW_COLUMNS]
    lines = [_line(top.columns, longest), _line(["---"] * len(top.columns), longest)]
    lines += [_line(row, longest) for row in top.itertuples(index=False)]
    return dg.MetadataValue.md("\n".join(lines))


def _forecast_facts(forecast: SiteForecast) -> dict[str, Any]:
    load = forecast["site_load"]
    limits = [None if pd.isna(cap) else float(cap) for cap in load["cap_boxes"]]
    picture = bars_png(load["boxes_p50"].tolist(), limits, (load["p_over_cap"] > 0).tolist())
    return {
        "site load": dg.MetadataValue.md(inline_image(picture, "boxes per site and day")),
        "boxes (mean)": round(float(load["boxes_mean"].sum()), 1),
        "unallocated boxes (mean)": round(float(forecast["unallocated"]["boxes_mean"].sum()), 1),
        "site-days at their cap": int((load["p_over_cap"] > 0).sum()),
        **_gap(forecast),
        **_limits(forecast),
    }


def _limits(forecast: SiteForecast) -> dict[str, Any]:
    """Change since the last published forecast, floors and caps missed, what other caps do."""
    facts = summarise(forecast.tables)
    change = facts["churn"] or {}
    named = {"churn (wape_site)": "wape_site",
             "churn that no allocation avoids (wape_global)": "wape_global"}  # fmt: skip
    above = sum(row["over_cap_frozen"] for row in facts["over_cap"] if row["production_date"])
    return {
        **{label: change[name] for label, name in named.items() if change},
        "site-days below their floor": sum(
            1 for row in facts["below_floor"] if row["production_date"]
        ),
        "final boxes above a cap": above,
        "busiest site-days (money in minor units)": preview(
            pd.DataFrame(facts["busiest"]).drop(columns="menu_week", errors="ignore")
        ),
    }


def _gap(forecast: SiteForecast) -> dict[str, float]:
    """How far draws may be from the cheapest sites, where items have caps of their own."""
    gap = forecast["allocation_gap"]["gap"]
    if gap.empty:
        return {}
    return {"optimality gap (worst draw)": float(gap.max()),
            "optimality gap (median draw)": float(gap.median())}  # fmt: skip


def _row_counts(record: WeekRecord) -> dg.MetadataValue[Any]:
    meanings = {name: table.description for name, table in CONTRACTS[record.asset].items()}
    rows = [
        dg.TableRecord({"table": name, "rows": len(table), "meaning": meanings.get(name, "")})
        for name, table in record.tables.items()
    ]
    columns = {"table": "string", "rows": "int", "meaning": "string"}
    return dg.MetadataValue.table(
        rows, dg.TableSchema([dg.TableColumn(name, kind) for name, kind in columns.items()])
    )


def _line(cells: Any, longest: int) -> str:
    return "| " + " | ".join(_cell(cell, longest) for cell in cells) + " |"


def _cell(value: Any, longest: int) -> str:
    if pd.isna(value):
        return ""
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, pd.Timestamp):
        return value.isoformat() if value.tzinfo else value.date().isoformat()
    # The text comes from input data: keep it from being read as markdown or HTML.
    escaped = str(value)[:longest].replace("&", "&amp;").replace("<", "&lt;").replace("|", "&#124;")
    return escaped.replace("[", "&#91;").replace("`", "&#96;").replace("\n", " ")

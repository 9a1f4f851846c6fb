"""What the UI shows beside a publication: its exceptions, load against cap, what changed.

What belongs here: turning published tables into Dagster metadata and log lines. What does not:
pixels (pictures.py), and finding anything that the tables do not say.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pandas as pd

from sitecast.installation import Installation
from sitecast.publish.published import published_table
from sitecast.publish.words import money
from sitecast.records.plan import ForecastPlan
from sitecast.records.publication import Publication
from sitecast.records.tables_changes import CAUSES
from sitecast.records.week_record import WeekData
from sitecast_dagster.metadata import preview
from sitecast_dagster.pictures import bars_png, inline_image, steps_png

SHOWN = 10
"""Exceptions in the metadata and in the log: an event is kept for good, and loaded whole."""
INLINE = 1_000
"""Characters of markdown that the UI shows in place; what is longer waits behind a link."""


def publication_facts(
    publication: Publication, plan: ForecastPlan, installation: Installation
) -> dict[str, Any]:
    """Metadata of a publication, first of all what needs attention."""
    currency = plan.settings.currency
    return {
        **_attention(published_table(publication, "exceptions"), currency),
        "site load": _load(published_table(publication, "site_load")),
        **_changes(publication, installation, currency),
        "plan_id": publication.plan_id,
        "publication_id": publication.publication_id,
        "page": dg.MetadataValue.path(str(publication.page)),
        "folder": dg.MetadataValue.path(str(publication.folder)),
        "supersedes": publication.supersedes or "nothing",
        "versions": dg.MetadataValue.json(
            {week: dict(versions) for week, versions in publication.versions.items()}
        ),
    }


def attention_lines(publication: Publication, currency: str) -> Iterator[str]:
    """The first exceptions in words, for the log of the run."""
    for row in published_table(publication, "exceptions").head(SHOWN).itertuples():
        yield f"{row.rank}. {row.severity}, {money(row.value_at_risk, currency)}: {row.message}"


def _attention(exceptions: pd.DataFrame, currency: str) -> dict[str, Any]:
    shown = pd.DataFrame({
        "severity": exceptions["severity"],
        "at risk": [money(value, currency) for value in exceptions["value_at_risk"]],
        "order by": exceptions["order_by"], "what": exceptions["message"],
    }).head(SHOWN)  # fmt: skip
    tables = [preview(shown, rows, longest=200) for rows in range(len(shown), 0, -1)]
    fitting = [table for table in tables if len(table.value) <= INLINE]
    high = int((exceptions["severity"] == "high").sum())
    return {"exceptions": len(exceptions), "exceptions of high severity": high,
            "needs attention": (fitting or tables[-1:] or [preview(shown)])[0]}  # fmt: skip


def _load(site_load: pd.DataFrame) -> dg.MetadataValue[Any]:
    """Boxes of the sites with a cap by production date: means, which add up over sites."""
    capped = site_load[site_load["cap_boxes"].notna()]
    days = capped.groupby("production_date").agg(
        boxes=("boxes_mean", "sum"), cap=("cap_boxes", "sum"), over=("p_over_cap", "max")
    )
    caps = [float(cap) for cap in days["cap"]]
    picture = bars_png(days["boxes"].tolist(), caps, (days["over"] > 0).tolist())
    return dg.MetadataValue.md(inline_image(picture, "boxes against caps by day"))


def _changes(publication: Publication, installation: Installation, currency: str) -> dict[str, Any]:
    changes = published_table(publication, "forecast_changes")
    if changes.empty:
        return {}
    cost: dict[str, float] = {}
    for week, versions in publication.versions.items():
        data = installation.weeks.read(
            WeekData, publication.plan_id, week, versions[WeekData.asset]
        )
        cost |= dict(zip(data["skus"]["sku_id"], data["skus"]["unit_cost"], strict=True))
    value = changes["delta"] * changes["sku_id"].map(cost).fillna(0.0)
    summed = value.groupby(changes["cause"]).sum()
    by_cause = summed.reindex([cause for cause in CAUSES if cause in summed.index])
    told = [money(value, currency) for value in by_cause]
    table = pd.DataFrame({"cause": list(by_cause.index), "change": told})
    picture = steps_png(by_cause.tolist())
    return {
        "what changed": dg.MetadataValue.md(inline_image(picture, "change in money by cause")),
        "what changed by cause": preview(table, len(table)),
        f"change ({currency})": round(float(by_cause.sum()) / 100, 2),
    }

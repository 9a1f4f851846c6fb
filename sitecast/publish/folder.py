"""The immutable folder of a publication, and the pointer beside it (R9).

<folder>/<publication_id>/   <table>.parquet, <table>.csv, page.html, workbook.xlsx,
summary.json, manifest.json (contract version, versions, rows and a sha256 per file)
/current.json        {"publication_id": …}, replaced in one step; null when all were recalled
/current             a link to the same folder, for people (not in an object store)
"""

import datetime as dt
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sitecast.errors import Corrupt
from sitecast.publish.contents import Contents
from sitecast.publish.contract import CONTRACT_VERSION
from sitecast.publish.csv_cells import to_csv
from sitecast.publish.manifest import PlanManifest
from sitecast.publish.page import render_page
from sitecast.publish.workbook import render_workbook
from sitecast.records.feed import TableFacts
from sitecast.store.files import replace_link, sha256_of
from sitecast.store.parquet import to_parquet
from sitecast.store.places import Place, put_folder, replace_file

MANIFEST, PAGE, WORKBOOK = "manifest.json", "page.html", "workbook.xlsx"
POINTER, LINK = "current.json", "current"


def write_publication(
    contents: Contents, manifest: PlanManifest, folder: Place, ui_url: str, now: dt.datetime
) -> Place:
    """Write the publication's folder, unless an earlier attempt finished it.

    Raises:
        StoreError: the disk refuses; nothing is left half-written.
        Corrupt: what an earlier attempt wrote is damaged.
    """
    place = folder / contents.publication_id
    if place.exists() if isinstance(place, Path) else (place / MANIFEST).exists():
        _check_files(place)
        return place
    files = _files(contents, manifest, ui_url, now)
    if isinstance(folder, Path):
        for left in folder.glob(".new-*"):  # of attempts that were killed: publishers take turns
            shutil.rmtree(left, ignore_errors=True)
    put_folder(place, files, beside=".new")
    return place


def point_to(folder: Place, publication_id: str | None) -> None:
    """Make a publication the folder's current one; None: there is none."""
    page = None if publication_id is None else f"{publication_id}/{PAGE}"
    content = json.dumps({"publication_id": publication_id, "page": page})
    replace_file(folder / POINTER, content.encode())
    if not isinstance(folder, Path):
        return
    if publication_id is None:
        (folder / LINK).unlink(missing_ok=True)
    else:
        replace_link(folder / LINK, publication_id)


def table_facts(place: Place) -> tuple[str, TableFacts]:
    """What a publication's manifest says of its tables: contract version, rows and sums."""
    manifest = json.loads((place / MANIFEST).read_bytes())
    sums = manifest["sha256"]
    facts = {
        name: {"rows": rows, "sha256": sums[f"{name}.parquet"]}
        for name, rows in manifest["rows"].items()
    }
    return manifest.get("contract_version", ""), facts


def _files(
    contents: Contents, manifest: PlanManifest, ui_url: str, now: dt.datetime
) -> dict[str, bytes]:
    plan = contents.plan
    tables = {**contents.tables, "forecast_plan": plan.as_table()}
    files: dict[str, bytes] = {}
    for name, frame in tables.items():
        files[f"{name}.parquet"], files[f"{name}.csv"] = to_parquet(frame), to_csv(frame)
    files[PAGE] = render_page(contents, ui_url).encode()
    files[WORKBOOK] = render_workbook(contents, ui_url)
    files["summary.json"] = _json(contents.summary)
    files[MANIFEST] = _json({
        "publication_id": contents.publication_id,
        "contract_version": CONTRACT_VERSION,
        "plan_id": plan.plan_id,
        "as_of": plan.as_of.isoformat(),
        "created": now.isoformat(),
        "code_version": plan.code_version,
        "weeks": manifest.weeks,
        "rows": {name: len(frame) for name, frame in tables.items()},
        "sha256": {name: sha256_of(data) for name, data in files.items()},
    })  # fmt: skip
    return files


def _check_files(place: Place) -> None:
    try:
        sums: Mapping[str, str] = json.loads((place / MANIFEST).read_bytes())["sha256"]
        wrong = [name for name in sums if sha256_of((place / name).read_bytes()) != sums[name]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        wrong = [str(error)]
    if wrong:
        raise Corrupt(f"a publication's files are damaged: {', '.join(wrong)}",
                      {"path": str(place)}, "move the folder away and publish again")  # fmt: skip


def _json(content: Any) -> bytes:
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False).encode()

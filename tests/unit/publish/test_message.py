"""What the email says, and that both its parts say it without anything remote."""

import email
import email.policy
import re
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from publish_world import NOW, POISON, WEEKS, World

from sitecast.publish import publish_plan
from sitecast.publish.message_facts import MOST_EXCEPTIONS
from sitecast.records.tables_changes import CHANGE_NOTES, FORECAST_CHANGES
from sitecast.records.week_record import ForecastChanges, Provenance, SiteForecast
from sitecast.store.outbox import Outbox

CHANGES = (("orders", "north", 4_000.0), ("orders", "south", -1_000.0), ("volume", "south", 500.0))


def told(folder: Path, changes: tuple[tuple[str, str, float], ...] = CHANGES,
         **settings: Any) -> EmailMessage:  # fmt: skip
    publication = {"recipients": ["ana@example.com"], **settings.pop("publication", {})}
    world = World(folder, publication=publication, currency="GBP", **settings)
    skus = world._inputs["skus"]
    world._inputs["skus"] = skus.assign(unit_cost=100.0, name=skus["name"] + POISON)
    for week in WEEKS:
        world.store_week(week)
        if changes:
            store_changes(world, week, changes)
    publish_plan(world.plan, world.weeks, world.ledger, world.folder, "http://ui", NOW)
    (row,) = Outbox(world.ledger.database).rows("pending")
    message = email.message_from_bytes(row.message, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def store_changes(world: World, week: str, changes: tuple[tuple[str, str, float], ...]) -> None:
    plan = world.plan
    forecast = world.weeks.read(SiteForecast, plan.plan_id, week)
    inputs = {**forecast.provenance.inputs, SiteForecast.asset: forecast.version}
    made = Provenance(plan.plan_id, week, plan.as_of.isoformat(), 7, "test", inputs)
    frame = pd.DataFrame(changes, columns=["cause", "site_id", "delta"]).assign(
        plan_from="20261119T0600-aaaaaaaaaaaa", plan_to=plan.plan_id, menu_week=week,
        sku_id="sku-rice", need_date=pd.Timestamp("2026-11-26"),
    )  # fmt: skip
    tables = {FORECAST_CHANGES.name: FORECAST_CHANGES.shaped(frame),
              CHANGE_NOTES.name: CHANGE_NOTES.empty()}  # fmt: skip
    record = ForecastChanges(made, tables)
    world.weeks.commit(record, world.weeks.begin(plan.plan_id, week, record.asset))


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_first_lines_say_what_changed_and_why(tmp_path: Path) -> None:
    lines = part(told(tmp_path), "plain").splitlines()
    # two weeks: (4,000 − 1,000) g by orders and 500 g by volume, each g at 1 pound
    assert lines[3:6] == [
        "Since the last plan: +GBP 7,000 of goods needed (mean)",
        f"- orders placed and cancelled: +GBP 6,000, most at North (rice{POISON})",
        f"- how many boxes: +GBP 1,000, most at South (rice{POISON})",
    ]


def test_a_plan_without_a_predecessor_says_nothing_of_changes(tmp_path: Path) -> None:
    message = told(tmp_path, changes=())
    for kind in ("plain", "html"):
        assert "Since the last plan" not in part(message, kind)
    names = [p.get_filename() for p in message.walk() if p.get_content_type() == "image/png"]
    assert names == ["load.png"]


def test_sites_to_open_are_told_in_one_line(tmp_path: Path) -> None:
    message = told(tmp_path)
    line = "South opens in 2026-W48, 2026-W49 for GBP 9,000, which saves GBP 12,200"
    assert f"Sites to open: {line}" in part(message, "plain").splitlines()
    assert f"<b>Sites to open:</b> {line}</p>" in part(message, "html")


def test_both_parts_tell_the_same_exceptions_at_most_twenty(tmp_path: Path) -> None:
    thresholds = {"p_over_cap": 0.0, "over_need": 1.0, "spoiling_share": 0.0}
    message = told(tmp_path, exceptions=thresholds)
    plain, html = part(message, "plain"), part(message, "html")
    listed = re.findall(r"^\d+\. \[(?:high|medium|low)\] (.*?\.)(?: At risk.*)?$", plain, re.M)
    assert 5 <= len(listed) <= MOST_EXCEPTIONS
    shown = " ".join(html.split())
    for sentence in listed:
        assert sentence.replace("<", "&lt;").replace(">", "&gt;") in shown


def test_orders_are_those_of_the_purchase_plan(tmp_path: Path) -> None:
    message = told(tmp_path)
    # rice: 13,574 g on each of 6 days at 2 sites, in cases of 1,000 g; what is over serves the
    # next day of its 365: 82 cases a site. Cola: 34.1 a day in cases of 24: 9 a site.
    for kind in ("plain", "html"):
        text = re.sub(r"<[^>]+>", "", part(message, kind))
        assert "net of stock and open purchase orders" in text
        assert "until Fri 27 Nov: 182 cases on 24 lines" in text
        assert "24 of these lines are past their last day to order" in text
        assert "later, may still change: 0 cases, GBP 0" in text


def test_every_picture_is_inside_and_nothing_remote_is_loaded(tmp_path: Path) -> None:
    message = told(tmp_path)
    html = part(message, "html")
    inside = {p["Content-ID"].strip("<>") for p in message.walk() if p["Content-ID"]}
    assert inside == {"load@sitecast", "changes@sitecast"}
    assert {*re.findall(r'src="cid:([^"]+)"', html)} == inside
    assert len(re.findall(r"<img", html)) == 2
    assert f">Load against cap of North in {WEEKS[0]}</p>" in html
    assert not re.findall(r"""(?:src|background)=["'](?!cid:)|url\(|<link|<script|@import""", html)
    assert POISON not in html


@pytest.mark.parametrize(("limit", "kinds"), [(10.0, 1), (0.4, 0)])
def test_the_whole_message_stays_below_the_limit(tmp_path: Path, limit: float, kinds: int) -> None:
    message = told(tmp_path, publication={"largest_email_mb": limit})
    assert len(list(message.iter_attachments())) == kinds
    assert len(message.as_bytes()) <= limit * 1e6

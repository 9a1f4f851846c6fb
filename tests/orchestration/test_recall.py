"""recall_publication on a real temporary instance: pointer, notices, and what sensors do after."""

import base64
import json

import pytest
from http_receiver import receiving

from sitecast.store.outbox import Outbox
from sitecast_dagster.sensors import deliver, publish

SECRET = "whsec_" + base64.b64encode(b"canary-4711-canary-4711-canary").decode()


def publications(stage):
    return stage.company.open().ledger.publications()


@pytest.fixture
def published(stage, monkeypatch):
    """A published plan; the webhook is told 200 about it, then 503, then 200."""
    with receiving(200, 503, 200) as receiver:
        monkeypatch.setenv("SITECAST_WEBHOOK_URL", receiver.url())
        monkeypatch.setenv("SITECAST_WEBHOOK_SECRET", SECRET)
        stage.company.plan(horizon_weeks=1)
        assert stage.run("plan_weeks").success
        plan = stage.company.open().current_plan()
        stage.forecast(plan.menu_weeks)
        assert stage.launch("publish_forecast", stage.tick(publish))[0].success
        yield receiver, publications(stage)["publication_id"].item()


def recall(stage, publication_id, why="wrong caps"):
    config = {"publication_id": publication_id, "why": why}
    return stage.definitions.resolve_job_def("recall_publication").execute_in_process(
        instance=stage.instance, raise_on_error=False,
        run_config={"ops": {"recall_one_publication": {"config": config}}},
    )  # fmt: skip


def test_a_recall_is_told_by_email_and_webhook_and_tried_again(stage, published):
    receiver, publication_id = published
    assert recall(stage, publication_id).success
    assert publications(stage)["status"].tolist() == ["recalled"]
    outbox = stage.company.home / "outbox"
    notices = [path for path in outbox.glob("*.eml") if b"Subject: Recalled: " in path.read_bytes()]
    assert len(notices) == 1
    calls = Outbox(stage.company.open().ledger.database, "webhook")
    (waiting,) = calls.rows("pending")
    assert "answers 503" in waiting.last_error
    assert stage.tick(deliver) == [], "its next try has not come yet"
    calls.mark(waiting, "pending", next_try_at=stage.company.resource.now())
    (request,) = stage.tick(deliver)
    assert stage.launch("deliver_messages", [request])[0].success
    told = [json.loads(body)["type"] for _, _, body in receiver.calls]
    assert told == ["publication.published", *["publication.recalled"] * 2]
    assert stage.tick(deliver) == []
    hits = [p for p in stage.company.home.rglob("*") if p.is_file() and (
        SECRET.encode() in p.read_bytes() or b"t0ken" in p.read_bytes())]  # fmt: skip
    assert hits == []


def test_what_was_recalled_is_not_asked_for_again(stage, published):
    _, publication_id = published
    assert recall(stage, publication_id).success
    assert stage.tick(publish) == []
    failed = stage.run("publish_forecast")
    (step,) = [event for event in failed.all_events if event.is_step_failure]
    assert "just these forecasts were recalled: wrong caps" in str(step.event_specific_data)
    again = recall(stage, publication_id)
    assert again.success
    assert not recall(stage, "never-published").success
    assert len(stage.company.open().ledger.feed()) == 2

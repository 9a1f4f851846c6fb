"""R9: recalls and publications, one after the other, at once, or killed: one state, told once."""

import json
import os
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from killing import count_operations, kill_at
from publish_world import NOW, UI_URL, WEEKS, World

from sitecast.errors import SitecastError
from sitecast.publish import publish_plan, recall_publication
from sitecast.publish.manifest import plan_manifest
from sitecast.records.publication import Publication
from sitecast.store.outbox import OutboxRow
from sitecast.store.publications import current_publication_id, record_publication
from sitecast.store.recalls import record_recall


def publish(world: World, scale: float) -> str:
    for week in WEEKS:
        world.store_week(week, scale=scale)
    return publish_plan(world.plan, world.weeks, world.ledger, world.folder, UI_URL,
                        NOW).publication_id  # fmt: skip


def recall(world: World, publication_id: str) -> None:
    recall_publication(world.ledger, world.folder, publication_id, "wrong", NOW)


def small_world(folder: Path) -> World:
    """No recipients: what is published and recalled here is not about emails."""
    world = World(folder, publication={"recipients": []})
    for week in WEEKS:
        world.store_week(week, without=("churn",))
    return world


def require_one_state(world: World) -> None:
    """The pointers agree, the feed has no gap and ends where readers are, all marks are there."""
    table = world.ledger.publications().set_index("publication_id")
    feed, current = world.ledger.feed(), current_publication_id(world.ledger)
    assert [event.seq for event in feed] == list(range(1, len(feed) + 1))
    assert feed[-1].current_publication_id == current
    wrong = [event.publication_id for event in feed if event.event == "recalled"]
    assert sorted(table.index[table["status"] == "recalled"]) == sorted(wrong)
    assert len(set(wrong)) == len(wrong)
    assert table.index[table["status"] == "current"].tolist() == ([current] if current else [])
    pointer = json.loads((world.folder / "current.json").read_text())
    assert pointer["publication_id"] == current
    marked = [path.parent.name for path in world.folder.glob("*/recalled.json")]
    assert sorted(marked) == sorted(wrong)
    good = [event.publication_id for event in feed if event.event == "published"
            and event.publication_id not in wrong]  # fmt: skip
    assert current == (good[-1] if good else None)


STEPS = st.lists(st.one_of(st.just("publish"), st.integers(0, 5)), min_size=1, max_size=14)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_r9_the_newest_publication_that_was_not_recalled_is_current(
    tmp_path_factory: object, steps: list[str | int]
) -> None:
    """The store alone, against a list kept by hand."""
    world = World(tmp_path_factory.mktemp("recall"))  # type: ignore[attr-defined]
    made: list[str] = []
    wrong: list[str] = []
    for step in steps:
        if step == "publish":
            made.append(f"{world.plan.plan_id}-{len(made):012d}")
            _record(world, made[-1])
        elif isinstance(step, int) and step < len(made):
            done = record_recall(world.ledger, made[step], "wrong", NOW, _nothing, lambda _: None)
            assert (done.found == "recalled") == (made[step] in wrong)
            wrong = [*wrong, made[step]] if made[step] not in wrong else wrong
        good = [publication for publication in made if publication not in wrong]
        assert current_publication_id(world.ledger) == (good[-1] if good else None)
    feed = world.ledger.feed()
    assert [event.seq for event in feed] == list(range(1, len(feed) + 1))
    assert [e.publication_id for e in feed if e.event == "published"] == made
    assert [e.publication_id for e in feed if e.event == "recalled"] == wrong


def _nothing(*_: object) -> list[OutboxRow]:
    return []


def _record(world: World, publication_id: str) -> None:
    place = world.folder / publication_id
    publication = Publication(publication_id, world.plan.plan_id, place, place / "page.html",
                              current_publication_id(world.ledger), {}, NOW)  # fmt: skip
    tables = {name: world.ledger.current(name).iloc[:0] for name in _names()}
    record_publication(world.ledger, publication, tables, ("1.0", {}), _nothing, lambda: None)


def _names() -> list[str]:
    from sitecast.store.schema import PUBLISHED

    return list(PUBLISHED)


def test_r9_a_recall_and_a_publication_at_once_leave_one_state(tmp_path: Path) -> None:
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        world = small_world(folder)
        first = publish(world, 1.0)
        for week in WEEKS:
            world.store_week(week, scale=2.0)
        manifest, _ = plan_manifest(world.plan, world.weeks)
        actions = [lambda w=world, p=first: recall(w, p), lambda w=world: _publish_again(w)]
        order = actions if number % 2 else actions[::-1]
        children = [_fork(action) for action in order]
        assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
        require_one_state(world)
        statuses = world.ledger.publications().set_index("publication_id")["status"].to_dict()
        assert statuses == {first: "recalled", manifest.publication_id: "current"}


def _publish_again(world: World) -> None:
    publish_plan(world.plan, world.weeks, world.ledger, world.folder, UI_URL, NOW)


def _fork(action: object) -> int:
    child = os.fork()
    if child == 0:
        try:
            action()  # type: ignore[operator]
        except SitecastError:
            os._exit(1)
        os._exit(0)
    return child


def test_r9_a_recall_killed_anywhere_is_done_or_to_be_done_again(tmp_path: Path) -> None:
    (tmp_path / "spare").mkdir()
    spare = small_world(tmp_path / "spare")
    publish(spare, 1.0)
    wrong = publish(spare, 2.0)
    points = count_operations(tmp_path, lambda: recall(spare, wrong))
    (tmp_path / "world").mkdir()
    world = small_world(tmp_path / "world")
    publish(world, 1.0)
    second = publish(world, 2.0)
    kills, seen = 0, set()
    for k in range(0, points):
        kills += kill_at(tmp_path, lambda: recall(world, second), k)
        state = world.ledger.publications().set_index("publication_id")["status"][second]
        seen.add(state)
        if state == "recalled":
            break
    recall(world, second)
    require_one_state(world)
    assert kills >= 10
    assert seen == {"current", "recalled"}

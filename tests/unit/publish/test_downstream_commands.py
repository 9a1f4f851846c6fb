"""The commands feed and recall, as a script calls them."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from publish_world import NOW, UI_URL, WEEKS, World

from sitecast.cli import main
from sitecast.publish import publish_plan


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with one publication."""
    monkeypatch.chdir(tmp_path)
    world = World(tmp_path, publication={"recipients": []})
    for week in WEEKS:
        world.store_week(week)
    publish_plan(world.plan, world.weeks, world.ledger, world.folder, UI_URL, NOW)
    shutil.move(tmp_path / "ledger.db", tmp_path / "sitecast.db")
    return tmp_path


def run(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--home", str(home)])


def test_a_recall_and_what_the_feed_says(home: Path) -> None:
    (event,) = json.loads(run(home, "feed", "--json").output)
    name = event["publication_id"]
    assert (event["seq"], event["event"], event["at"]) == (1, "published", NOW.isoformat())
    assert run(home, "recall", name).exit_code == 2, "a reason must be given"
    done = json.loads(run(home, "recall", name, "--why", "wrong caps", "--json").output)
    assert (done["found"], done["current_publication_id"]) == ("current", None)
    (told,) = json.loads(run(home, "feed", "--since", "1", "--json").output)
    assert (told["event"], told["why"], told["at"]) == ("recalled", "wrong caps", done["at"])
    again = run(home, "recall", name, "--why", "once more")
    assert again.exit_code == 0
    assert "was recalled before" in again.output
    assert json.loads(run(home, "feed", "--since", "2", "--json").output) == []
    assert f"recalled   {name}: wrong caps  (current: none)" in run(home, "feed").output


def test_what_is_unknown_is_said_without_a_traceback(home: Path) -> None:
    result = run(home, "recall", "nothing", "--why", "x")
    assert result.exit_code == 2
    assert "no such publication (publication_id 'nothing')" in result.output

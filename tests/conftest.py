"""Servers that tests ask for by name, each started once by a worker; folders, and counts."""

import gc
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import fsspec
import pytest
from counts import Counted, memory_folder
from servers import BUCKET, INITDB, REDIS, S3_KEYS, Postgres, S3Server, redis
from upath import UPath


def pytest_collection_finish() -> None:
    """What was imported stays: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A server that tests may stop, if they start it again."""
    if INITDB is None:
        pytest.skip("needs Debian's postgresql; .ci/run installs it")
    server = Postgres()
    yield server
    server.remove()


@pytest.fixture
def postgres(postgres_server: Postgres) -> str:
    """The URL of an empty database."""
    return postgres_server.new_database()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """An S3 server with an empty bucket."""
    server = S3Server()
    yield server
    server.stop()


@pytest.fixture
def s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of an empty place on the server; the environment leads there."""
    for name, value in {**S3_KEYS, "AWS_ENDPOINT_URL": s3_server.url}.items():
        monkeypatch.setenv(name, value)
    s3_server.undisturbed()
    fsspec.get_filesystem_class("s3").clear_instance_cache()  # an earlier test's led elsewhere
    place = UPath(f"s3://{BUCKET}")
    if not place.exists():
        place.fs.mkdir(BUCKET)
    s3_server.undisturbed()
    yield f"s3://{BUCKET}/{uuid4().hex}"
    s3_server.undisturbed()


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an empty Redis server."""
    if REDIS is None:
        pytest.skip("needs Debian's redis-server; .ci/run installs it")
    with redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    return str(request.getfixturevalue("postgres"))


@pytest.fixture
def fast_path() -> Iterator[Path]:
    """An empty folder in memory, for many trials that fsync."""
    folder = memory_folder()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def counted(record_property: Callable[[str, object], None]) -> Counted:
    """Notes how many trials of a kind there were; the end of the test run shows it."""
    return lambda what, number: record_property("counted", f"{number:,} {what}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what was counted."""
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, [])]
    lines = [f"{value}  ({report.nodeid})" for report in reports if report.when == "call"
             for name, value in report.user_properties if name == "counted"]  # fmt: skip
    if lines:
        terminalreporter.section("counted")
        for line in lines:
            terminalreporter.write_line(line)

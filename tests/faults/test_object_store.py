"""The store of versions on S3, where neither rename nor locks exist: killed, torn, refused."""

import os
import signal
from collections.abc import Callable
from typing import Any

import boto3
import pandas as pd
import pytest
from killing import count_operations, kill_at
from servers import BUCKET, S3Server
from worlds import WEEK, small_plan, small_provenance

from sitecast.deployment import Deployment
from sitecast.doctor.stores import reachable
from sitecast.errors import Overtaken, StoreError, StoreUnavailable
from sitecast.records.week_record import SimulatedOrders
from sitecast.store import Ledger, WeekStore, object_versions
from sitecast.store.places import open_place

PLAN = small_plan()
ID = PLAN.plan_id
ASSET = SimulatedOrders.asset


@pytest.fixture
def store(s3: str, postgres: str) -> WeekStore:
    made = WeekStore(open_place(s3), Ledger(postgres))
    made._ledger.create()
    return made


def record(number: int, rows: int = 50) -> SimulatedOrders:
    numbers = pd.DataFrame({"value": range(number, number + rows)})
    return SimulatedOrders(small_provenance(PLAN), {"a": numbers, "b": numbers * 2})


def put(store: WeekStore, made: SimulatedOrders) -> str:
    return store.commit(made, store.begin(ID, WEEK, ASSET))


def seen(store: WeekStore) -> str:
    """The version that a reader gets, recomputed from the values; or what it trips over."""
    try:
        found = store.read(SimulatedOrders, ID, WEEK)
    except StoreError as error:
        return type(error).__name__
    return SimulatedOrders(found.provenance, found.tables).version


def attempts(store: WeekStore) -> int:
    """How many attempts' objects lie there."""
    return len(list((store.root / ID / WEEK / ASSET).iterdir()))


def killed_at_request(
    server: S3Server, number: int, answered: bool, action: Callable[[], object]
) -> bool:
    """Run in a fork that is killed when the server gets its request, or has answered it."""
    child = os.fork()
    if child == 0:
        server._server.socket.close()
        action()
        os._exit(0)

    def strike(n: int, *_: object) -> None:
        if n == number:
            os.kill(child, signal.SIGKILL)

    server.undisturbed()
    setattr(server, "after_request" if answered else "on_request", strike)
    _, status = os.waitpid(child, 0)
    server.undisturbed()
    return os.WIFSIGNALED(status)


def sweep(store: WeekStore, server: S3Server, root: Any) -> tuple[int, list[str]]:
    """Kill a commit at every request and every SQL statement; kills, and broken promises."""
    put(store, record(0))
    server.undisturbed()
    put(store, record(1))
    requests = server.requests
    statements = count_operations(root, lambda: put(store, record(2)))
    old = record(2).version
    ways: list[tuple[str, Callable[[Callable[[], object]], bool]]] = [
        *((f"request {n}, answered {answered}",
           lambda action, n=n, answered=answered: killed_at_request(server, n, answered, action))
          for n in range(requests) for answered in (False, True)),
        *((f"statement {n}", lambda action, n=n: kill_at(root, action, n))
          for n in range(statements)),
    ]  # fmt: skip
    kills, broken = 0, []
    for number, (point, kill) in enumerate(ways):
        new = record(1_000 * (number + 1))
        if not kill(lambda new=new: put(store, new)):
            broken.append(f"{point}: the commit ended by itself")
        kills += 1
        found = seen(store)
        if found not in (old, new.version):
            broken.append(f"{point}: a reader finds {found}")
        put(store, new)
        if seen(store) != new.version:
            broken.append(f"{point}: success was reported, but nothing is there")
        old = new.version
    if attempts(store) != len(ways) + 3:
        broken.append(f"{attempts(store)} attempts are left of {len(ways) + 3} versions")
    return kills, broken


@pytest.mark.matrix("commit to S3 killed at any request or statement")
def test_r9_a_commit_killed_anywhere_leaves_the_old_version_or_the_new_one(
    store: WeekStore, s3_server: S3Server, tmp_path: Any
) -> None:
    kills, broken = sweep(store, s3_server, tmp_path)
    assert broken == []
    assert kills >= 15


def _named_first(self: Any, key: Any, version: str, files: Any, token: int) -> None:
    with self._database.writing() as connection:
        head = object_versions.Head(version, token)
        object_versions.week_rows.move_head(connection, key, head)
        object_versions.week_rows.put_place(connection, key, version, token, None)
    self._write(key, token, files)
    self._clear_older_attempts(key, token)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "bug"),
    [("commit", _named_first), ("_clear_older_attempts", lambda *_: None)],
    ids=["pointer first", "nothing cleared"],
)
def test_the_sweep_finds_planted_bugs(
    store: WeekStore, s3_server: S3Server, tmp_path: Any, monkeypatch: pytest.MonkeyPatch,
    name: str, bug: object,
) -> None:  # fmt: skip
    monkeypatch.setattr(object_versions.ObjectVersions, name, bug)
    assert sweep(store, s3_server, tmp_path)[1] != []


@pytest.mark.matrix("many writers and readers of one week on S3")
def test_g3_many_writers_and_readers_never_see_anything_torn_or_old(store: WeekStore) -> None:
    put(store, record(0))
    children = [os.fork() or _write_many(store, writer) for writer in range(2)]
    known = {record(writer * 100 + turn).version for writer in range(2) for turn in range(6)}
    known.add(record(0).version)
    alive = set(children)
    codes = []
    while alive:
        assert seen(store) in known
        ended = {child: os.waitpid(child, os.WNOHANG) for child in alive}
        codes += [os.waitstatus_to_exitcode(status) for pid, status in ended.values() if pid]
        alive -= {child for child, (pid, _) in ended.items() if pid}
    assert codes == [0, 0]
    assert seen(store) in known


def _write_many(store: WeekStore, writer: int) -> int:
    code = 0
    for turn in range(6):
        token = store.begin(ID, WEEK, ASSET)
        try:
            store.commit(record(writer * 100 + turn), token)
        except Overtaken:
            continue
        except BaseException:
            code = 1
    os._exit(code)


@pytest.mark.matrix("the same version written by two attempts at once on S3")
def test_g4_two_attempts_at_the_same_version_leave_one_that_readers_keep(store: WeekStore) -> None:
    first, second = (store.begin(ID, WEEK, ASSET) for _ in range(2))
    made, write = record(5), object_versions.ObjectVersions._write
    between: list[str] = []

    def interrupted(self: Any, key: Any, token: int, files: Any) -> None:
        write(self, key, token, files)
        if token == second:  # both have written, none has committed
            between.append(store.commit(made, first))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(object_versions.ObjectVersions, "_write", interrupted)
        assert store.commit(made, second) == made.version == between[0]
    assert seen(store) == made.version
    assert attempts(store) == 1


@pytest.mark.matrix("S3 answers 503 for a while")
def test_an_overloaded_server_is_asked_again(store: WeekStore, s3_server: S3Server) -> None:
    put(store, record(0))
    refused: list[int] = []

    def every_other(number: int, environ: dict[str, Any]) -> int | None:
        if environ["REQUEST_METHOD"] in ("PUT", "GET") and len(refused) < 4 and number % 2 == 0:
            refused.append(number)
            return 503
        return None

    s3_server.on_request = every_other
    assert put(store, record(1)) == seen(store)
    assert len(refused) == 4


@pytest.mark.parametrize("method", ["PUT", "GET"])
@pytest.mark.matrix("S3 answers 503 for good")
def test_r9_a_server_that_refuses_is_a_transient_error_and_changes_nothing(
    store: WeekStore, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setattr("s3fs.core.S3FileSystem.retries", 1)
    old = put(store, record(0))
    s3_server.on_request = lambda _, environ: 503 if environ["REQUEST_METHOD"] == method else None
    with pytest.raises(StoreUnavailable, match="does not answer") as caught:
        put(store, record(1)) if method == "PUT" else store.read(SimulatedOrders, ID, WEEK)
    assert caught.value.transient
    s3_server.undisturbed()
    assert seen(store) == old
    assert put(store, record(1)) == seen(store)


@pytest.mark.matrix("upload to S3 torn: some objects, and parts of one that was never completed")
def test_r9_a_torn_upload_is_never_read_and_cleared_away(
    store: WeekStore, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3fs.core.S3FileSystem.retries", 1)
    old = put(store, record(0))
    client = boto3.client("s3")
    torn = store.begin(ID, WEEK, ASSET)
    key = f"{store.root.path.partition('/')[2]}/{ID}/{WEEK}/{ASSET}/{torn}/a.parquet"
    upload = client.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
    client.upload_part(Bucket=BUCKET, Key=key, UploadId=upload, PartNumber=1, Body=b"PAR1")
    puts: list[int] = []

    def second_put(number: int, environ: dict[str, Any]) -> int | None:
        if environ["REQUEST_METHOD"] != "PUT":
            return None
        puts.append(number)
        return 503 if len(puts) > 1 else None

    s3_server.on_request = second_put
    with pytest.raises(StoreUnavailable, match="does not answer"):
        store.commit(record(1), torn)
    s3_server.undisturbed()
    assert (seen(store), attempts(store)) == (old, 2)
    assert put(store, record(1)) == seen(store)
    assert attempts(store) == 2
    client.abort_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload)


def test_a_bucket_that_does_not_exist_is_told_and_not_tried_again(s3: str, postgres: str) -> None:
    store = WeekStore(open_place("s3://no-such-bucket/weeks"), Ledger(postgres))
    store._ledger.create()
    with pytest.raises(StoreError, match=r"refuses.*check that the bucket exists") as caught:
        put(store, record(0))
    assert not caught.value.transient


@pytest.mark.matrix("S3 without the bucket: what `sitecast doctor` says")
def test_the_doctor_tells_of_a_bucket_that_is_not_there(s3: str) -> None:
    def told(url: str) -> list[str]:
        return [str(finding) for finding in reachable(Deployment(store_url=url))]

    assert told(s3) == []
    (missing,) = told("s3://no-such-bucket/sitecast")
    assert "there is no bucket no-such-bucket" in missing
    (malformed,) = told("bucket/sitecast")
    assert "write it like s3://bucket/folder" in malformed

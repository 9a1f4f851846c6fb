"""Bugs that people write, each as an edit of the source, and the tests that must fail with it.

What belongs here: the table. What does not: planting them (faults/test_planted_bugs.py). A bug that
no test can see says why, and counts as survived.
"""

from typing import NamedTuple


class Bug(NamedTuple):
    """One edit: `old`, which stands once in `path`, becomes `new`; `tests` are pytest arguments."""

    what: str
    path: str
    old: str
    new: str
    tests: str
    survives: str = ""


STORE = "tests/properties/test_store.py"
WEEKS = "tests/unit/store/test_week_store.py"
POWER = "tests/faults/test_power_loss.py"
FILES, FOLDERS = "sitecast/store/files.py", "sitecast/store/folder_versions.py"
OUTBOX, DELIVER = "sitecast/store/outbox.py", "sitecast/publish/deliver.py"
KILLED_DELIVERY = "tests/properties/test_outbox_killed.py"
PUBLICATION = "tests/properties/test_publication.py"
PUBLISHING = "tests/unit/publish/test_publish_plan.py"
CHAIN, LAUNCHER = "tests/orchestration/test_chain.py", "tests/faults/test_run_launcher.py"
AT_ONCE, BAD = "tests/faults/test_at_once.py", "tests/properties/test_bad_input.py"
DISK = "tests/faults/test_disk.py"

BUGS: dict[str, tuple[Bug, ...]] = {
    "store": (
        Bug("a file is replaced in place", FILES, "beside.replace(path)", "path.write_bytes(data)",
            f"{STORE} -k killed_anywhere"),
        Bug("a folder gets its name file by file", FILES, "beside.rename(target)",
            "shutil.copytree(beside, target)", POWER),
        Bug("files are not fsynced", FILES, "os.fsync(file.fileno())", "pass",
            POWER),
        Bug("names are not fsynced", FILES, "    beside.rename(target)\n    fsync_folder(target.parent)",
            "    beside.rename(target)", POWER),
        Bug("the pointer is not fsynced", FILES,
            "beside.unlink(missing_ok=True)\n    fsync_folder(path.parent)",
            "beside.unlink(missing_ok=True)", POWER),
        Bug("what killed attempts left stays for ever", FOLDERS,
            '_clear_older_attempts(folder / "tmp", token)', "pass", f"{STORE} -k killed_anywhere"),
        Bug("what younger attempts still write is cleared", FOLDERS, "<= token:", "> 0:",
            f"{STORE} -k younger"),
        Bug("sums are not looked at", "sitecast/store/version_files.py", "if wrong:", "if False:",
            WEEKS),
        Bug("a damaged version is taken for done", FOLDERS,
            "    try:\n        read_files(place)\n    except Corrupt:\n        return False\n", "",
            WEEKS),
        Bug("a manifest of another week is believed", "sitecast/store/week_store.py",
            "!= (wanted, plan_id, menu_week)", "== ()", WEEKS),
        Bug("a deleted week stays", FOLDERS, "self._move_head(folder, Head(None, token))", "pass",
            WEEKS),
        Bug("a symbolic link is followed", FOLDERS, "if folder.resolve() != folder:", "if False:",
            f"{WEEKS} tests/security"),
    ),
    "fencing": (
        Bug("an overtaken attempt moves the pointer back", "sitecast/store/week_key.py",
            "if head.token > token:", "if False:", f"{STORE} -k pointer"),
        Bug("fencing looks at the pointer before it holds the lock only", FOLDERS,
            'with locked(folder / ".lock"):\n            refuse_overtaken(key, self.head(key), token)',
            'with locked(folder / ".lock"):', f"{STORE} -k overtaken"),
        Bug("every overtaken commit is called done", "sitecast/store/week_store.py",
            "if self._versions.head(key).version != record.version:\n                raise", "pass",
            f"{STORE} -k pointer"),
        Bug("the pointer moves without a lock", FILES, "fcntl.flock(handle, fcntl.LOCK_EX)", "pass",
            f"{STORE} {AT_ONCE} -k 'many_writers or publishers'"),
        Bug("a token is taken when an attempt ends", "sitecast_dagster/io_manager.py",
            "self.installation.open().weeks.commit(obj, int(_token(context)))",
            "weeks = self.installation.open().weeks; made = obj.provenance; "
            "weeks.commit(obj, weeks.begin(made.plan_id, made.menu_week, obj.asset))",
            f"{CHAIN} -k began_first"),
        Bug("tokens repeat", "sitecast/store/ledger.py",
            "return int(connection.execute(given, row).scalar_one())",
            "return connection.execute(given, row).scalar_one() and 1", f"{STORE} -k pointer"),
    ),
    "disk": (
        Bug("a full disk is a traceback", FILES, "except OSError as error:\n        if error.errno",
            "except ZeroDivisionError as error:\n        if error.errno", f"{DISK} -k failing_disk"),
        Bug("a failed write is called a success", FILES,
            "        file.write(data)\n        file.flush()\n        os.fsync(file.fileno())",
            "        try:\n            file.write(data)\n            file.flush()\n"
            "            os.fsync(file.fileno())\n        except OSError:\n            pass",
            POWER),
        Bug("what a failed write left stays in the publications", "sitecast/publish/folder.py",
            'folder.glob(".new-*")', 'folder.glob(".none-*")', f"{PUBLICATION} -k killed_anywhere"),
        Bug("a file may grow through a symbolic link", FILES,
            "os.O_EXCL | os.O_NOFOLLOW", "os.O_TRUNC", f"tests/unit/store {WEEKS} tests/security"),
        Bug("memory that runs out is a full disk", FILES, "if error.errno == errno.ENOMEM:",
            "if False:", POWER),
    ),
    "outbox": (
        Bug("a message counts as sent before it is handed over", DELIVER,
            "    try:\n        hand_over(row)",
            '    outbox.mark(row, "sent", last_error="", sent_at=now)\n    try:\n        hand_over(row)',
            f"{KILLED_DELIVERY} -k killed_deliveries"),
        Bug("nobody sees that a message is being sent", OUTBOX, 'values(status="sending", ',
            'values(status="pending", ', PUBLICATION),
        Bug("doubt is resolved by a silent second mail", DELIVER,
            '"held" if rule == "hold" else "pending"', '"pending"', PUBLICATION),
        Bug("doubt counts as sent", DELIVER, '"held" if rule == "hold" else "pending"', '"sent"',
            f"{KILLED_DELIVERY} -k killed_deliveries"),
        Bug("who is refused is tried again for ever", DELIVER,
            'outbox.mark(row, "refused", last_error=str(error))\n        return "refused"',
            'outbox.mark(row, "pending", last_error=str(error))\n        return "pending"', PUBLICATION),
        Bug("the first trouble gives a message up", DELIVER,
            '"dead" if attempts >= MAX_ATTEMPTS', '"dead" if attempts >= 1', PUBLICATION),
        Bug("two deliver at once", OUTBOX,
            'return self._database.exclusive("outbox" if self._medium == "email" else "webhooks")',
            "import contextlib; return contextlib.nullcontext()",
            "tests/unit/publish/test_deliver.py -k meanwhile"),
        Bug("a waiting message is tried at every look", DELIVER, 'outbox.rows("pending", due=now)',
            'outbox.rows("pending")', f"{PUBLICATION} tests/faults/test_smtp.py tests/unit/publish"),
        Bug("a message left in the middle is forgotten", DELIVER,
            'for row in outbox.rows("sending"):', "for row in ():",
            f"{KILLED_DELIVERY} -k killed_deliveries"),
        Bug("a message is not queued with its publication", "sitecast/store/publications.py",
            "queue(connection, messages(event), publication.created)", "messages(event)", PUBLICATION),
        Bug("pauses do not grow", DELIVER, "FIRST_PAUSE * 2 ** min(attempts - 1, 20)", "FIRST_PAUSE",
            f"{PUBLICATION} tests/unit/publish"),
    ),
    "sensors and run keys": (
        Bug("a failed publication keeps its run key", "sitecast/publish/due.py",
            'return f"{version.fingerprint}:{attempts}"', "return version.fingerprint", CHAIN),
        Bug("a run that published a newer version keeps its run key",
            "sitecast_dagster/sensors/publish.py", "run_key(version, len(ended))",
            "run_key(version, len(failures))", f"{CHAIN} -k made_again"),
        Bug("a plan is due before its last week", "sitecast/publish/due.py",
            "len(versions) == len(weeks)", "versions", f"{PUBLICATION} -k interleaving"),
        Bug("a published plan is due again", "sitecast/publish/due.py",
            "version.fingerprint not in done", "True", f"{PUBLICATION} -k interleaving"),
        Bug("the publication waits for no week", "sitecast_dagster/sensors/publish.py",
            "if running := weeks_under_way(context.instance, plan.plan_id):",
            "if running := set():", CHAIN),
        Bug("a publication is tried for ever", "sitecast_dagster/sensors/publish.py",
            "if len(failures) >= MAX_ATTEMPTS:", "if False:", f"{CHAIN} -k keeps_failing"),
        Bug("a failed publication is tried at once", "sitecast_dagster/sensors/publish.py",
            "if now.timestamp() < last_end + wait_after(len(failures)).total_seconds():",
            "if False:", f"{CHAIN} -k failed_publication"),
        Bug("a failed week is asked for again and again", "sitecast_dagster/sensors/new_weeks.py",
            "and week not in tried]", "]", f"{CHAIN} -k 'failing_week or tried_again'"),
        Bug("a new order does not try a failed week again", "sitecast_dagster/week_status.py",
            "    return latest.run_id", "    return plan.plan_id", f"{CHAIN} -k failing_week"),
        Bug("a crashed week counts as given up", "sitecast_dagster/week_status.py",
            "return working | _weeks_crashed(instance, tags)", "return working", CHAIN),
        Bug("a promise to try again is waited for for ever", "sitecast_dagster/week_status.py",
            'if (r.end_time or 0.0) >= recent.timestamp()]', "]", f"{CHAIN} -k promise"),
        Bug("a week that lacks a record is done", "sitecast_dagster/week_status.py",
            "return all(weeks.head", "return any(weeks.head",
            "tests/faults/test_pipeline_killed.py -k lacks"),
        Bug("a run forgets its plan", "sitecast_dagster/runs.py",
            "if PLAN_ID_TAG in run.tags:", "if False:", f"{CHAIN} -k keeps_its_plan"),
        Bug("weeks have run keys that any order shares", "sitecast_dagster/sensors/new_weeks.py",
            'f"{plan.plan_id}:{week}:{order}"', 'f"{week}"', CHAIN),
    ),
    "lost processes": (
        Bug("one look in vain makes a run a dead one", "sitecast_dagster/run_launcher.py",
            "MISSES = 3", "MISSES = 1", LAUNCHER),
        Bug("misses need not be in a row", "sitecast_dagster/run_launcher.py",
            "self._missed.pop(run.run_id, None)", "pass", LAUNCHER),
        Bug("a run's process always lives", "sitecast_dagster/run_process.py",
            "    finally:\n        os.close(handle)\n    return False",
            "    finally:\n        os.close(handle)\n    return True", LAUNCHER),
        Bug("a run's lock is not looked at", "sitecast_dagster/run_process.py",
            "    except BlockingIOError:\n        return True",
            "    except BlockingIOError:\n        return False", LAUNCHER),
        Bug("orphans work on", "sitecast_dagster/run_process.py",
            "    if multiprocessing.parent_process() is not None:\n        die_with_parent()", "",
            LAUNCHER),
        Bug("runs that were starting are lost in a crash", "sitecast_dagster/instance.py",
            "under_way = [dg.DagsterRunStatus.STARTING, dg", "under_way = [dg", LAUNCHER),
        Bug("a new start closes runs that work", "sitecast_dagster/instance.py",
            "in run.tags and not lives(instance, run)", "in run.tags", LAUNCHER),
        Bug("a run whose launch took too long is launched again", "sitecast_dagster/run_launcher.py",
            "if not _came_too_late(error):", "if True:", "tests/faults/test_slow_launch.py"),
        Bug("crashed runs are looked at while no server answers", "sitecast_dagster/daemon.py",
            "if not silent:", "if True:", "tests/faults/test_code_server.py"),
        Bug("what failed before the first look is forgotten", "sitecast_dagster/daemon.py",
            "    remember_where_failures_begin(instance)\n", "", "tests/faults/test_code_server.py"),
        Bug("an outage ends a code server's care for its runs", "sitecast_dagster/code_server.py",
            "        except Exception:\n", "        except ZeroDivisionError:\n",
            "-m slow tests/faults/test_database_outage.py"),
        Bug("a dead code server is left dead", "sitecast_dagster/daemon.py",
            "context.reload_code_location(name)", "pass", "tests/faults/test_code_server.py"),
    ),
    "publication flip": (
        Bug("the folder's pointer moves before anything is recorded",
            "sitecast/publish/publish_plan.py", "    folder, publication_id = publication.folder",
            "    point_to(publication.folder.parent, publication.publication_id)\n"
            "    folder, publication_id = publication.folder", f"{PUBLISHING} -k pointer"),
        Bug("the folder's pointer does not move", "sitecast/publish/publish_plan.py",
            "before_commit=lambda: point_to(folder, publication_id)", "before_commit=lambda: None",
            PUBLICATION),
        Bug("publishers do not take turns", "sitecast/publish/publish_plan.py",
            "with alone(folder, ledger.database):", "if True:", f"{AT_ONCE} -k publishers"),
        Bug("an older plan replaces a newer one", "sitecast/publish/publish_plan.py",
            "or plan.as_of >= current.as_of:", "or True:", "tests/unit/publish tests/properties"
            " -k 'older or knows_more or later'"),
        Bug("the same plan is published once more", "sitecast/publish/publish_plan.py",
            "if known is not None:", "if False:", f"{PUBLISHING} tests/unit/publish/test_recall.py"),
        Bug("rows become visible without their publication", "sitecast/store/publications.py",
            'point(connection, "publication", publication.publication_id)', "pass", PUBLICATION),
        Bug("a transaction commits in the middle", "sitecast/store/publications.py",
            "        connection.execute(sa.insert(PUBLICATIONS), row)\n",
            "        connection.execute(sa.insert(PUBLICATIONS), row)\n"
            '        connection.exec_driver_sql("COMMIT"); connection.exec_driver_sql("BEGIN IMMEDIATE")\n',
            PUBLICATION),
        Bug("what was recalled is published again", "sitecast/publish/publish_plan.py",
            "if recall is not None:", "if False:",
            "tests/properties/test_recall.py tests/unit/publish/test_recall.py"),
    ),
    "bad input": (
        Bug("negative counts are taken", "sitecast/records/contract.py",
            'Column(name, "count", description, unit, **{"minimum": 0, ',
            'Column(name, "count", description, unit, **{', BAD),
        Bug("infinite quantities are taken", "sitecast/records/contract.py",
            "checks = [finite, *checks]", "pass", BAD),
        Bug("a key may stand twice", "sitecast/records/contract.py", "for row in again.tolist()",
            "for row in ()", BAD),
        Bug("unknown ids are dropped silently", "sitecast/extract/checks_references.py",
            "unknown = frame[column].notna() & ~", "unknown = frame[column].isna() & ~", BAD),
        Bug("the future is known", "sitecast/extract/reader.py",
            'frame = frame[~(frame["created_at"] > moment)]', "pass", BAD),
        Bug("a corrected row counts beside its correction", "sitecast/extract/reader.py",
            'frame = frame[since == since.groupby(keys, dropna=False).transform("max")]', "pass", BAD),
        Bug("an empty key is told as nan", "sitecast/records/contract.py",
            '    if pd.isna(value):\n        return "empty"\n', "", BAD),
        Bug("no conservation rule is looked at", "sitecast/forecast/check_conservation.py",
            "return ConservationCheck(name, rule, not found,", "return ConservationCheck(name, rule, True,",
            "tests/properties/test_site_forecast.py -k damaged"),
        Bug("a broken rule does not stop the commit", "sitecast_dagster/assets/site_forecast.py",
            "require_conservation(checks)", "pass", f"{CHAIN} -k conservation"),
    ),
}  # fmt: skip

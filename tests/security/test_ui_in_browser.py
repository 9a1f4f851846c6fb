"""A real webserver behind the guard, and a real browser with a page from elsewhere open in it."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import dagster as dg
import pytest

from sitecast.deployment import Deployment
from sitecast_dagster.instance import init_instance

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium; .ci/run installs it"),
]
DELETE = 'mutation { deletePipelineRun(runId: "%s") { __typename } }'
ATTACKS = {
    "picture": "(url, query) => { new Image().src = `${url}?query=${encodeURIComponent(query)}`; }",
    "fetch": """(url, query) => fetch(`${url}?query=${encodeURIComponent(query)}`,
        {mode: "no-cors"}).catch(() => 0)""",
    "fetch of JSON": """(url, query) => fetch(url, {method: "POST", body: JSON.stringify({query}),
        headers: {"content-type": "application/json"}}).catch(() => 0)""",
    "text that is JSON": """(url, query) => fetch(url, {method: "POST", mode: "no-cors",
        body: JSON.stringify({query})}).catch(() => 0)""",
    "beacon": """(url, query) => navigator.sendBeacon(
        `${url}?query=${encodeURIComponent(query)}`, "x")""",
    "frame": """(url, query) => { const frame = document.createElement("iframe");
        frame.src = `${url}?query=${encodeURIComponent(query)}`; document.body.append(frame); }""",
    "form": """(url, query) => { const form = document.createElement("form");
        form.method = "POST"; form.action = `${url}?query=${encodeURIComponent(query)}`;
        document.body.append(form); form.submit(); }""",
    "link": "(url, query) => { location.href = `${url}?query=${encodeURIComponent(query)}`; }",
    "websocket": """(url, query) => new Promise((done) => {
        const socket = new WebSocket(url.replace("http", "ws"), "graphql-ws");
        socket.onopen = () => { socket.send(JSON.stringify({type: "connection_init"}));
          socket.send(JSON.stringify({type: "start", id: "1", payload: {query}})); };
        socket.onerror = socket.onclose = socket.onmessage = () => done(0); })""",
}


@pytest.fixture(scope="module")
def instance(tmp_path_factory):
    home = tmp_path_factory.mktemp("guarded") / "home"
    with dg.DagsterInstance.from_config(str(init_instance(Deployment(home=home)))) as opened:
        yield opened


@pytest.fixture(scope="module")
def servers(instance, tmp_path_factory):
    """Addresses of two webservers on one instance: guarded, and as Dagster ships it."""
    folder = tmp_path_factory.mktemp("servers")
    modules = {"guarded": "sitecast_dagster.webserver", "stock": "dagster_webserver"}
    running = [_serve(module, instance, folder / name) for name, module in modules.items()]
    try:
        for _, address in running:
            _wait(partial(_answers, address))
        yield dict(zip(modules, [address for _, address in running], strict=True))
    finally:
        for process, _ in running:
            process.send_signal(signal.SIGINT)
            process.wait(60)


@pytest.fixture(scope="module")
def elsewhere():
    """Address of a page on another origin."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>recipes</title><body>nice recipes</body>")

        def log_request(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}"  # another site than 127.0.0.1
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    names = "--host-resolver-rules=MAP rebound.example 127.0.0.1"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage", names]
        )
        yield chromium
        chromium.close()


def a_run(instance):
    """Id of a run that lies in the instance."""
    job = dg.JobDefinition(name="nothing", graph_def=dg.GraphDefinition(name="nothing"))
    return instance.create_run_for_job(job).run_id


def attack(browser, script, page_address, url, query):
    """Run a script in a page, and wait for what it asked to be answered or refused."""
    page, answers = browser.new_page(), []
    for event in ("response", "requestfailed"):
        page.on(event, lambda seen: answers.append(seen.url))
    page.on("websocket", lambda seen: seen.on("close", lambda _: answers.append(url)))
    try:
        page.goto(page_address)
        page.evaluate(f"([url, query]) => {{ ({script})(url, query); }}", [url, query])
        _wait(lambda: page.wait_for_timeout(50) or any(seen.startswith(url) for seen in answers))
    finally:
        page.close()


@pytest.mark.matrix("UI: a page elsewhere cannot start or delete runs")
@pytest.mark.parametrize("way", ATTACKS)
def test_a_page_from_elsewhere_deletes_nothing(way, browser, servers, elsewhere, instance):
    run = a_run(instance)
    attack(browser, ATTACKS[way], elsewhere, f"{servers['guarded']}/graphql", DELETE % run)
    assert instance.get_run_by_id(run) is not None


@pytest.mark.matrix("UI: a page elsewhere cannot start or delete runs")
@pytest.mark.parametrize("way", ["picture", "form"])
def test_the_attack_is_real_where_there_is_no_guard(way, browser, servers, elsewhere, instance):
    run = a_run(instance)
    attack(browser, ATTACKS[way], elsewhere, f"{servers['stock']}/graphql", DELETE % run)
    assert instance.get_run_by_id(run) is None


@pytest.mark.matrix("UI: a foreign Host (DNS rebinding) is refused")
@pytest.mark.parametrize(("server", "stands"), [("guarded", True), ("stock", False)])
def test_a_name_that_leads_here_does_not_let_a_page_in(server, stands, browser, servers, instance):
    run = a_run(instance)
    rebound = servers[server].replace("127.0.0.1", "rebound.example")
    script = ATTACKS["fetch of JSON"]
    attack(browser, script, f"{rebound}/server_info", f"{rebound}/graphql", DELETE % run)
    assert (instance.get_run_by_id(run) is not None) is stands


@pytest.mark.slow
@pytest.mark.parametrize("file", ["runs.db", "runs/index.db"])
@pytest.mark.matrix("another process locks Dagster's SQLite database for 8 s while the UI writes",
                    page="faults")  # fmt: skip
def test_the_ui_waits_for_the_lock_and_shows_no_error(file, servers, instance):
    run = a_run(instance)
    asked = urllib.request.Request(
        f"{servers['guarded']}/graphql", json.dumps({"query": DELETE % run}).encode(),
        {"content-type": "application/json"},
    )  # fmt: skip
    path = f"{instance.root_directory}/history/{file}"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    release = threading.Timer(8, other.rollback)  # longer than the driver's own five seconds
    release.start()
    with urllib.request.urlopen(asked, timeout=60) as answer:
        said = json.loads(answer.read())
    assert not release.is_alive(), "it did not need the database"
    other.close()
    assert said == {"data": {"deletePipelineRun": {"__typename": "DeletePipelineRunSuccess"}}}
    assert instance.get_run_by_id(run) is None


@pytest.mark.matrix("UI: works behind the guard, subscriptions included")
def test_the_ui_shows_runs_and_deletes_one_when_its_user_asks(browser, servers, instance):
    run = a_run(instance)
    page = browser.new_page(base_url=servers["guarded"], viewport={"width": 1800, "height": 700})
    sockets = []
    page.on("websocket", lambda seen: seen.on("framereceived", lambda _: sockets.append(seen)))
    page.goto(f"/runs/{run}")
    page.get_by_text(run[:8]).first.wait_for(timeout=60_000)
    _wait(lambda: page.wait_for_timeout(200) or sockets)
    deleted = page.evaluate(
        """(query) => fetch("/graphql", {method: "POST", body: JSON.stringify({query}),
           headers: {"content-type": "application/json"}}).then((answer) => answer.status)""",
        DELETE % run,
    )
    assert deleted == 200
    assert instance.get_run_by_id(run) is None
    page.close()


@pytest.mark.matrix("UI: logs and debug files cannot lead out of their folder")
@pytest.mark.parametrize("path", [
    "/logs/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/logs/..%2f..%2f..%2fsitecast.db",
    "/logs//etc/passwd", "/..%2f..%2fetc%2fpasswd", "/vendor/..%2f..%2f..%2fapp.py",
])  # fmt: skip
def test_no_path_leads_out_of_the_folder(path, servers):
    try:
        with urllib.request.urlopen(servers["guarded"] + path, timeout=20) as answer:
            body = answer.read()
    except urllib.error.HTTPError as error:
        body = error.read()
    assert b"root:" not in body
    assert b"SQLite format" not in body
    assert b"import" not in body.partition(b"<html")[0]


@pytest.mark.slow
@pytest.mark.matrix("UI: viewers can be given a read-only one")
def test_the_read_only_option_refuses_mutations(instance, tmp_path):
    run = a_run(instance)
    module = "sitecast_dagster.webserver"
    process, address = _serve(module, instance, tmp_path / "log", "--read-only")
    try:
        _wait(partial(_answers, address))
        asked = urllib.request.Request(
            f"{address}/graphql", json.dumps({"query": DELETE % run}).encode(),
            {"content-type": "application/json"},
        )  # fmt: skip
        with urllib.request.urlopen(asked, timeout=20) as answer:
            assert b"Unauthorized" in answer.read()
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(f"{address}/graphql?query={quote(DELETE % run)}", timeout=20)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
    assert instance.get_run_by_id(run) is not None


def _serve(module, instance, log, *options):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "DAGSTER_HOME": instance.root_directory}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module, "--empty-workspace", "-p", str(port), *options],
            env=environment, stdout=output, stderr=output, cwd=instance.root_directory,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )  # fmt: skip
    return process, f"http://127.0.0.1:{port}"


def _answers(address):
    try:
        with urllib.request.urlopen(f"{address}/server_info", timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _wait(condition):
    until = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.2)

"""Throw-away servers on free ports: PostgreSQL, an S3 server whose requests can be broken, Redis.

PostgreSQL and Redis are Debian's (.ci/run installs them); the S3 server is moto's, in this process.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import psycopg2

_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
INITDB = shutil.which("initdb") or (str(_BINARIES[-1]) if _BINARIES else None)
REDIS = shutil.which("redis-server")
S3_KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
           "AWS_DEFAULT_REGION": "us-east-1"}  # fmt: skip
BUCKET = "sitecast"


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on now."""
    with socket.socket() as plug:
        plug.bind((host, 0))
        return int(plug.getsockname()[1])


class Postgres:
    """A PostgreSQL server of its own; runs as the user `postgres` where we are root."""

    def __init__(self, host: str = "127.0.0.1", durable: bool = False) -> None:
        assert INITDB is not None
        self._durable = durable
        # Not in a folder of pytest's: those are closed to other users.
        self._folder = Path(tempfile.mkdtemp(prefix="sitecast-postgres-"))
        self._bin, self._data = Path(INITDB).parent, self._folder / "data"
        self.host, self.port = host, free_port(host)
        self._user = {"user": "postgres"} if os.geteuid() == 0 else {}
        if self._user:
            shutil.chown(self._folder, "postgres")
        self._run("initdb", "-D", str(self._data), "-U", "sitecast", "-A", "trust", "-N",
                  "--locale=C", "-E", "UTF8")  # fmt: skip
        with (self._data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 0.0.0.0/0 trust\n")
        self.start()

    def start(self) -> None:
        """Start, and wait until it answers. Tests need no fsync: the machine will not crash."""
        options = f"-c listen_addresses='{self.host}' -p {self.port} -k {self._data}"
        options += "" if self._durable else " -F"
        self._run("pg_ctl", "-D", str(self._data), "-l", str(self._data / "log"), "-w",
                  "-o", options, "start")  # fmt: skip

    def stop(self, mode: str = "immediate") -> None:
        """Stop: `immediate` as a crash, `fast` as a restart."""
        self._run("pg_ctl", "-D", str(self._data), "-m", mode, "-w", "stop")

    def remove(self) -> None:
        """Stop, and leave nothing."""
        self.stop()
        shutil.rmtree(self._folder)

    def new_database(self) -> str:
        """The URL of a new and empty database."""
        name = f"t{uuid4().hex}"
        self.execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg2://sitecast@{self.host}:{self.port}/{name}"

    def execute(self, statement: str) -> None:
        """Run a statement as the administrator."""
        connection = psycopg2.connect(host=self.host, port=self.port, user="sitecast",
                                      dbname="postgres")  # fmt: skip
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
        connection.close()

    def cut_connections(self, database: str, having: str = "") -> None:
        """End the connections to a database (by URL), whatever they are doing."""
        name = database.rpartition("/")[2]
        self.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                     f"datname = '{name}' AND query LIKE '%{having}%'")  # fmt: skip

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run([str(self._bin / program), *arguments], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, cwd="/", check=False, **self._user)  # type: ignore[call-overload]  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()


class S3Server:
    """moto's S3 server; `on_request` sees each request before it is answered, and may break it.

    It gets the number of the request and its WSGI environment, and returns None to let it pass, or
    the code of an error that is answered instead.
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        from moto.server import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import WSGIRequestHandler, make_server

        class Quiet(WSGIRequestHandler):
            def log(self, *_: Any, **__: Any) -> None:
                return

        self.on_request: Callable[[int, dict[str, Any]], int | None] = lambda *_: None
        self.after_request: Callable[[int], object] = lambda _: None
        self.requests = 0
        self._app = DomainDispatcherApplication(create_backend_app)
        self._server = make_server(host, 0, self._answer, threaded=True, request_handler=Quiet)
        self.url = f"http://{host}:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def undisturbed(self) -> None:
        """Break nothing (any more), and count from 0."""
        self.on_request, self.after_request, self.requests = lambda *_: None, lambda _: None, 0

    def stop(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        number, self.requests = self.requests, self.requests + 1
        code = self.on_request(number, environ)
        if code is not None:
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start_response(f"{code} broken", [("Content-Type", "application/xml")])
            return [b"<Error><Code>SlowDown</Code><Message>Reduce your rate</Message></Error>"]
        answer = self._app(environ, start_response)
        self.after_request(number)
        return answer


@contextmanager
def redis(folder: Path, host: str = "127.0.0.1") -> Iterator[str]:
    """A Redis server; its URL."""
    assert REDIS is not None
    port = free_port(host)
    server = subprocess.Popen(
        [REDIS, "--bind", host, "--port", str(port), "--save", "", "--protected-mode", "no",
         "--dir", str(folder)], stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for(host, port)
        yield f"redis://{host}:{port}/0"
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def _wait_for(host: str, port: int) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            socket.create_connection((host, port), 1).close()
        except OSError:
            assert time.monotonic() < until, f"nothing listens on {host}:{port}"
            time.sleep(0.05)
        else:
            return

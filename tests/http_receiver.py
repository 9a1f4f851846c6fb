"""A real HTTP server on this machine that answers as it is told."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Receiver:
    """What came, and what is answered: a status each, the last one for ever."""

    answers: list[int | str] = field(default_factory=lambda: [200])
    """A status; `drop`: hang up; `hang`: say nothing; `drip`: never get to the point."""
    calls: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/hooks?token=t0ken") -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@contextmanager
def receiving(*answers: int | str) -> Iterator[Receiver]:
    receiver = Receiver(list(answers) or [200])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.calls.append((self.path, headers, body))
            turn = min(len(receiver.calls), len(receiver.answers)) - 1
            _answer(self, receiver, receiver.answers[turn])

        def do_GET(self) -> None:
            receiver.calls.append((f"GET {self.path}", {}, b""))
            _answer(self, receiver, 200)

        def log_request(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _answer(handler: BaseHTTPRequestHandler, receiver: Receiver, answer: int | str) -> None:
    if answer == "drop":
        handler.connection.close()
    elif answer == "hang":
        receiver.over.wait(30)
    elif answer == "drip":
        _drip(handler, receiver)
    else:
        handler.send_response(int(answer))
        handler.send_header("location", receiver.url("/elsewhere"))
        handler.send_header("content-length", "0")
        handler.end_headers()


def _drip(handler: BaseHTTPRequestHandler, receiver: Receiver) -> None:
    try:
        while not receiver.over.is_set():
            handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            time.sleep(0.02)
    except OSError:
        handler.close_connection = True

"""One HTTP POST that follows no redirect, asks no proxy, and ends in time.

The standard library's client, as for SMTP: it does just this, reads no environment, and whatever
the receiver sends after its status is not read at all.
"""

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from sitecast.errors import DeliveryError

TIMEOUT_S = 10.0
"""For the connection, and again for the whole answer."""


def post(url: str, body: bytes, headers: Mapping[str, str], timeout_s: float = TIMEOUT_S) -> int:
    """The status of the answer.

    Raises:
        DeliveryError: no answer came; the receiver may have read the message all the same.
    """
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = _connection(parts.scheme, str(parts.hostname), parts.port, timeout_s)
    where = {"host": str(parts.hostname)}
    try:
        connection.connect()
        with _ending_after(connection.sock, timeout_s):
            connection.request("POST", target, body, dict(headers))
            return connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        problem = str(error) or type(error).__name__
        raise DeliveryError(f"no answer from the receiver: {problem}", where,
                            "the message waits and is tried again") from error  # fmt: skip
    finally:
        connection.close()


def _connection(
    scheme: str, host: str, port: int | None, timeout_s: float
) -> http.client.HTTPConnection:
    if scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, port, timeout=timeout_s, context=context)
    return http.client.HTTPConnection(host, port, timeout=timeout_s)


@contextlib.contextmanager
def _ending_after(sock: socket.socket, seconds: float) -> Iterator[None]:
    """Break the connection after a while: a receiver that drips would never run into a timeout."""

    def end() -> None:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()

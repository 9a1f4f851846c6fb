"""Handing a message to a real SMTP server: plain, STARTTLS, TLS, and with a login."""

import contextlib
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from pydantic import SecretStr

from sitecast.errors import DeliveryError
from sitecast.publish.mailers import Refused, SmtpMailer

MESSAGE = (
    b"Subject: forecast\r\n\r\nNeeds.\r\n.\r\nA line that begins with a dot follows:\r\n.x\r\n"
)
USER, PASSWORD = "planner@example.com", "hunter2-canary"


class Keeping(Sink):
    """Keeps what it accepts, and whether it came encrypted and logged in."""

    def __init__(self) -> None:
        self.seen: list[tuple[bytes | str | None, bool, bool]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        encrypted = session.ssl is not None or server.transport.get_extra_info("sslcontext")  # type: ignore[union-attr]
        self.seen.append((envelope.content, bool(encrypted), bool(session.authenticated)))
        return "250 accepted"


def login(*args: Any) -> AuthResult:
    data = args[-1]
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (
        USER.encode(), PASSWORD.encode()
    )  # fmt: skip
    return AuthResult(success=good, handled=False)  # the server answers


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost that signs itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    files = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost", "-out", str(files[0]), "-keyout", str(files[1])],
        check=True, capture_output=True,
    )  # fmt: skip
    return files


def server_side(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@contextlib.contextmanager
def serving(handler: Keeping, **options: Any) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    controller = Controller(handler, hostname="localhost", port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def send(port: int, mode: str, user: str = "", password: str = "") -> None:
    mailer = SmtpMailer("localhost", port, mode, user, SecretStr(password))  # type: ignore[arg-type]
    mailer.send(MESSAGE, "sitecast@example.com", USER)


def test_plain_server_gets_the_bytes_unchanged() -> None:
    handler = Keeping()
    with serving(handler) as port:
        send(port, "none")
    assert handler.seen == [(MESSAGE, False, False)]


@pytest.mark.parametrize("mode", ["starttls", "tls"])
def test_encrypted_with_login(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))  # whom this machine trusts
    handler, context = Keeping(), server_side(certificate)
    options = {"tls_context": context} if mode == "starttls" else {"ssl_context": context}
    needs_tls = mode == "starttls"  # of TLS from the start the server's protocol knows nothing
    asks = {"authenticator": login, "auth_required": needs_tls, "auth_require_tls": needs_tls}
    with serving(handler, **options, **asks) as port:
        send(port, mode, USER, PASSWORD)
        with pytest.raises(DeliveryError, match="the server refuses: 535") as wrong:
            send(port, mode, USER, "not it")
        if needs_tls:
            with pytest.raises(DeliveryError, match="530") as nobody:
                send(port, mode)
            assert not isinstance(nobody.value, Refused)  # it waits until there is a login
    assert handler.seen == [(MESSAGE, True, True)]
    assert wrong.value.transient  # the password can be set right: the message waits
    assert not isinstance(wrong.value, Refused)
    assert "not it" not in str(wrong.value)


def test_a_relay_may_ask_for_encryption_without_a_login(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    handler, context = Keeping(), server_side(certificate)
    with serving(handler, tls_context=context, require_starttls=True) as port:
        send(port, "starttls")
    assert handler.seen == [(MESSAGE, True, False)]


@pytest.mark.parametrize("mode", ["starttls", "tls"])
def test_nothing_is_sent_to_a_server_nobody_vouches_for(
    certificate: tuple[Path, Path], mode: str
) -> None:
    handler, context = Keeping(), server_side(certificate)
    options = {"tls_context": context} if mode == "starttls" else {"ssl_context": context}
    with serving(handler, **options) as port, pytest.raises(DeliveryError, match="certificate"):
        send(port, mode, USER, PASSWORD)
    assert handler.seen == []


def test_a_server_without_starttls_never_gets_password_or_message() -> None:
    handler = Keeping()
    options = {"authenticator": login, "auth_require_tls": False}
    with serving(handler, **options) as port, pytest.raises(DeliveryError, match="STARTTLS"):
        send(port, "starttls", USER, PASSWORD)
    assert handler.seen == []

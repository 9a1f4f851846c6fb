"""Hand one message to one recipient: into a folder, or to an SMTP server.

What belongs here: a single try, and what its outcome was. What does not: trying again, and rules
for doubtful outcomes (deliver.py).
"""

import email
import hashlib
import re
import smtplib
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from sitecast.errors import DeliveryError, SettingsError
from sitecast.store.files import make_folder, replace_file

_SAFE_NAME = re.compile(r"<([A-Za-z0-9][A-Za-z0-9.@_-]{0,200})>")
_TIMEOUT_S = 30.0
_LOGIN_NEEDED = 530


class Refused(DeliveryError):
    """The server refuses this message or recipient for good."""

    transient = False


class Doubtful(DeliveryError):
    """The connection broke when the message may have been accepted already."""


class Mailer(Protocol):
    """Sends one message to one recipient."""

    def send(self, message: bytes, sender: str, recipient: str) -> None:
        """Return once the message is accepted.

        Raises:
            DeliveryError: not accepted; trying again may help.
            Refused: not accepted, for good.
            Doubtful: it may have been accepted.
        """


@dataclass(frozen=True)
class FileMailer:
    """Writes each message as an .eml file named by its Message-ID: twice is once."""

    folder: Path

    def __str__(self) -> str:
        return str(self.folder)

    def send(self, message: bytes, sender: str, recipient: str) -> None:
        """Write the file in one step."""
        named = _SAFE_NAME.fullmatch(str(email.message_from_bytes(message)["Message-ID"] or ""))
        name = named[1] if named else hashlib.sha256(message).hexdigest()
        try:
            make_folder(self.folder)
            replace_file(self.folder / f"{name}.eml", message)
        except OSError as error:
            where = {"folder": str(self.folder), "recipient": recipient}
            raise DeliveryError(f"cannot write the message: {error.strerror}", where) from error


@dataclass(frozen=True)
class LimitedMailer:
    """Hands over only what goes to one of the allowed domains."""

    mailer: Mailer
    domains: frozenset[str]

    def __str__(self) -> str:
        return str(self.mailer)

    def send(self, message: bytes, sender: str, recipient: str) -> None:
        """Refuse any other recipient before a server hears of it."""
        domain = recipient.rpartition("@")[2].lower()
        if domain not in self.domains:
            raise Refused(
                "emails may not go to this domain", {"recipient": recipient, "domain": domain},
                "correct the address in the plan file, or SITECAST_MAIL_DOMAINS",
            )  # fmt: skip
        self.mailer.send(message, sender, recipient)


@dataclass(frozen=True)
class SmtpMailer:
    """Hands messages to an SMTP server, the certificate verified wherever TLS is used."""

    host: str
    port: int
    tls: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: SecretStr | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @classmethod
    def from_url(cls, url: str) -> "SmtpMailer":
        """From smtp://user:password@host:587 (STARTTLS), smtps:// (TLS) or smtp+plain:// (none).

        Raises:
            SettingsError: not such a URL; its text is not shown, since it may hold a password.
        """
        modes: dict[str, tuple[Literal["starttls", "tls", "none"], int]] = {
            "smtp": ("starttls", 587), "smtps": ("tls", 465), "smtp+plain": ("none", 25),
        }  # fmt: skip
        remedy = "write it like smtp://user:password@mail.example.com:587"
        try:
            parts = urlsplit(url)
            mode, port = modes[parts.scheme]
            host, port = parts.hostname or "", parts.port or port
            host.encode("idna")  # as a connection would: a label may be empty or too long
        except (ValueError, KeyError):
            raise SettingsError("not an SMTP URL", {}, remedy) from None
        if not host:
            raise SettingsError("the SMTP URL names no host", {}, remedy)
        username, password = unquote(parts.username or ""), unquote(parts.password or "")
        if not (username + password).isascii():
            raise SettingsError("user or password of the SMTP URL is not ASCII", {},
                                "Python's SMTP client sends no other: choose another")  # fmt: skip
        return cls(host, port, mode, username, SecretStr(password))

    def send(self, message: bytes, sender: str, recipient: str) -> None:
        """One connection, one message, one recipient."""
        where = {"server": f"{self.host}:{self.port}", "recipient": recipient}
        server = self._opened(where, _TIMEOUT_S)
        try:
            _hand_over(server, message, sender, recipient, where)
        finally:
            server.close()

    def check(self, timeout_s: float = _TIMEOUT_S) -> None:
        """Connect, greet, encrypt and log in as for a message, and send none.

        Raises:
            DeliveryError: what a message would run into.
        """
        self._opened({"server": f"{self.host}:{self.port}"}, timeout_s).close()

    def _opened(self, where: dict[str, str], timeout_s: float) -> smtplib.SMTP:
        try:
            return self._connect(timeout_s)
        except smtplib.SMTPResponseException as error:
            raise DeliveryError(f"the server refuses: {error.smtp_code} {_said(error.smtp_error)}",
                                where, "check user, password and TLS mode") from error  # fmt: skip
        except (OSError, smtplib.SMTPException) as error:
            raise DeliveryError(f"cannot reach the mail server: {error}", where,
                                "the message waits and is tried again") from error  # fmt: skip

    def _connect(self, timeout_s: float) -> smtplib.SMTP:
        if self.tls == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=timeout_s, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=timeout_s)
        try:
            server.ehlo_or_helo_if_needed()
            if self.tls == "starttls":
                server.starttls(context=ssl.create_default_context())
                server.ehlo_or_helo_if_needed()  # the server has forgotten the first greeting
            if self.username:
                secret = "" if self.password is None else self.password.get_secret_value()
                server.login(self.username, secret)
        except BaseException:
            server.close()
            raise
        return server


def _hand_over(
    server: smtplib.SMTP, message: bytes, sender: str, recipient: str, where: dict[str, str]
) -> None:
    try:
        _accepted(*server.mail(sender), where)
        _accepted(*server.rcpt(recipient), where)
    except (OSError, smtplib.SMTPServerDisconnected) as error:
        if isinstance(error, DeliveryError):
            raise
        raise DeliveryError(f"the connection broke: {error}", where) from error
    try:
        reply = server.data(message)
    except smtplib.SMTPDataError as error:
        reply = (error.smtp_code, error.smtp_error if isinstance(error.smtp_error, bytes) else b"")
    except (OSError, smtplib.SMTPException) as error:
        raise Doubtful(f"no answer after the message was sent: {error}", where,
                       "see on_ambiguous in the plan file") from error  # fmt: skip
    _accepted(*reply, where)


def _accepted(code: int, answer: bytes, where: dict[str, str]) -> None:
    if 200 <= code < 300:
        return
    problem = f"the server answers {code} {_said(answer)}"
    if code == _LOGIN_NEEDED:
        raise DeliveryError(problem, where, "give user and password in SITECAST_SMTP_URL")
    if code >= 500:
        raise Refused(problem, where, "correct the address in the plan file")
    raise DeliveryError(problem, where, "the message waits and is tried again")


def _said(answer: bytes | str) -> str:
    return (answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer)[:200]

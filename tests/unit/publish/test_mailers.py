import ssl

import pytest

from sitecast.errors import DeliveryError, SettingsError
from sitecast.publish.mailers import SmtpMailer

SECRET = "hunter2-canary"


@pytest.mark.parametrize(
    ("url", "tls", "port"),
    [
        ("smtp://mail.example.com", "starttls", 587),
        ("smtps://mail.example.com", "tls", 465),
        ("smtp+plain://mail.example.com", "none", 25),
        ("smtp://mail.example.com:2525", "starttls", 2525),
    ],
)
def test_url_says_port_and_encryption(url: str, tls: str, port: int) -> None:
    mailer = SmtpMailer.from_url(url)
    assert (mailer.host, mailer.tls, mailer.port) == ("mail.example.com", tls, port)


def test_password_is_decoded_and_never_shown() -> None:
    mailer = SmtpMailer.from_url(f"smtp://me%40x:{SECRET}%21@mail.example.com")
    assert mailer.password is not None
    assert (mailer.username, mailer.password.get_secret_value()) == ("me@x", f"{SECRET}!")
    assert SECRET not in f"{mailer!r} {mailer}"


@pytest.mark.parametrize(
    "url",
    ["http://x", "smtp://", f"smtp://u:{SECRET}@host:port", "", "smtp",
     f"smtp://u:{SECRET}@mail..example.com", f"smtp://u:{SECRET}%C3%A4@host",
     f"smtp://%C3%A4:{SECRET}@host"],
)  # fmt: skip
def test_wrong_url_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(SettingsError, match="SMTP URL") as caught:
        SmtpMailer.from_url(url)
    assert SECRET not in str(caught.value)


def test_certificates_are_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    contexts: list[ssl.SSLContext] = []

    def refuse(*_: object, context: ssl.SSLContext, **__: object) -> None:
        contexts.append(context)
        raise ssl.SSLCertVerificationError("self-signed certificate")

    monkeypatch.setattr("smtplib.SMTP_SSL", refuse)
    with pytest.raises(DeliveryError, match="self-signed"):
        SmtpMailer("mail.example.com", 465, "tls").send(b"x", "a@b", "c@d")
    assert contexts[0].verify_mode is ssl.CERT_REQUIRED
    assert contexts[0].check_hostname

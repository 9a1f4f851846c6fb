"""Secrets are planted in the environment; a good run and a bad one must leave no trace of them."""

import base64
import email
import io
import zipfile
from urllib.parse import quote

import pandas as pd
import pytest

from sitecast.deployment import Deployment
from sitecast_dagster.local_runner import run_plan

PASSWORD = "c4nary-p@ss/word"
TOKEN = "c4nary-token-in-the-address"
KEY = base64.b64encode(b"c4nary-key-that-signs-every-webhook").decode()
CUSTOMER = "c4nary-customer"
MADE_BY_THE_USER = {"input", "plan.yaml"}
SECRETS = {
    "SITECAST_SMTP_URL": f"smtp+plain://planner:{quote(PASSWORD, safe='')}@127.0.0.1:1",
    "SITECAST_WEBHOOK_URL": f"http://127.0.0.1:1/hooks/{TOKEN}",
    "SITECAST_WEBHOOK_SECRET": f"whsec_{KEY}",
    "SITECAST_SOURCE_URL": f"sqlite:////no/such/c4nary.db?password={quote(PASSWORD, safe='')}",
}
SEARCHED = [
    PASSWORD.encode(), quote(PASSWORD, safe="").encode(), TOKEN.encode(), KEY.encode(),
    base64.b64decode(KEY), base64.b64encode(PASSWORD.encode()),
    base64.b64encode(f"\0planner\0{PASSWORD}".encode()),
]  # fmt: skip


def everything_in(path):
    """All that a file says, whatever it is packed in."""
    data = path.read_bytes()
    if path.suffix == ".parquet":
        return data + pd.read_parquet(path).to_csv().encode()
    if path.suffix == ".xlsx":
        return _unzipped(data)
    if path.suffix == ".eml":
        parts = [
            part.get_payload(decode=True) or b"" for part in email.message_from_bytes(data).walk()
        ]
        return data + b"".join(parts) + b"".join(_unzipped(p) for p in parts if p[:2] == b"PK")
    return data


def name_customers(company):
    """Give every order a customer's key that can be found again."""
    path = company.home / "input" / "orders.parquet"
    orders = pd.read_parquet(path)
    orders["customer_key"] = [f"{CUSTOMER}-{n}" for n in range(len(orders))]
    orders.to_parquet(path)


def _unzipped(data):
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        return b"".join(packed.read(name) for name in packed.namelist())


@pytest.mark.matrix("Secrets: none in logs, events, metadata, files or output", page="security")
@pytest.mark.matrix("Files: nobody else may read what was written, whatever the home allows",
                    page="security")  # fmt: skip
@pytest.mark.matrix("No customer in what is published, nor in Dagster", page="security")
def test_no_secret_is_left_anywhere(company, monkeypatch, capfd):
    name_customers(company)
    company.plan(horizon_weeks=1, draws=2)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    good = run_plan(Deployment(home=company.home), lambda *_: None)
    assert good.succeeded, good.failures
    waiting = company.open().ledger  # both messages could not be delivered
    with waiting.database.reading() as connection:
        errors = connection.exec_driver_sql("SELECT last_error FROM outbox").scalars().all()
    assert len(errors) == 2
    assert all(errors)
    company.plan(source="database", horizon_weeks=1, as_of="2026-11-21T00:00:00Z")
    bad = run_plan(Deployment(home=company.home), lambda *_: None)
    assert not bad.succeeded
    assert "database" in str(bad.failures)
    output = "".join(capfd.readouterr()).encode() + repr((good, bad, errors)).encode()
    files = [path for path in company.home.rglob("*") if path.is_file()]
    assert {".db", ".html", ".parquet", ".json", ".log", ".xlsx"} <= {p.suffix for p in files}
    said = {path: everything_in(path) for path in files}
    for secret in SEARCHED:
        assert secret not in output
        assert [path for path in files if secret in said[path]] == []
    # The home is as its user made it, open to all: what we wrote there is not.
    assert company.home.stat().st_mode & 0o005
    assert {p.name for p in company.home.iterdir() if p.stat().st_mode & 0o077} == MADE_BY_THE_USER
    stores = (company.home / "input", company.home / "weeks")
    shown = [path for path in files if CUSTOMER.encode() in said[path]]
    assert shown
    assert [path for path in shown if not any(path.is_relative_to(s) for s in stores)] == []


@pytest.mark.matrix("Secrets: not shown when they are malformed", page="security")
@pytest.mark.parametrize(("name", "value"), [
    ("SITECAST_SMTP_URL", f"ftp://planner:{TOKEN}@mail"), ("SITECAST_SMTP_URL", f"smtp://:{TOKEN}"),
    ("SITECAST_SMTP_URL", f"smtp://planner:{TOKEN}@mail:99999999"),
    ("SITECAST_SOURCE_URL", f"no-such://user:{TOKEN}@host/db"), ("SITECAST_SOURCE_URL", TOKEN),
    ("SITECAST_SOURCE_URL", f"postgresql+nothing://user:{TOKEN}@host/db"),
    ("SITECAST_WAREHOUSE_URL", f"postgresql://user:{TOKEN}@127.0.0.1:1/db"),
    ("SITECAST_WAREHOUSE_URL", f"mysql://user:{TOKEN}@host/db"), ("SITECAST_WAREHOUSE_URL", TOKEN),
    ("SITECAST_WEBHOOK_URL", f"https://user:{TOKEN}@hooks"), ("SITECAST_WEBHOOK_SECRET", TOKEN),
    ("SITECAST_MAX_CONCURRENT_WEEKS", TOKEN),
])  # fmt: skip
def test_a_wrong_setting_is_told_without_its_value(name, value, company, monkeypatch):
    from click.testing import CliRunner

    from sitecast.cli import main

    company.plan(source="database")
    monkeypatch.setenv(name, value)
    for command in (["doctor", "--json"], ["check-data"]):
        told = CliRunner().invoke(main, [*command, "--home", str(company.home)])
        assert told.exit_code in (1, 2), told.output
        assert isinstance(told.exception, SystemExit), told.exception
        assert TOKEN not in told.output

"""A known problem becomes a Failure with its facts; only transient ones are tried again.

What belongs here: the translation of SitecastError. What does not: the errors themselves
(sitecast.errors), and retries after a crash (dagster.yaml: run_retries).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import dagster as dg

from sitecast.errors import MAX_SHOWN, Breach, DataError, SitecastError, memory_told

MAX_RETRIES = 3
FIRST_WAIT_SECONDS = 2.0


@contextmanager
def known_problems_as_failures(retry_number: int = MAX_RETRIES) -> Iterator[None]:
    """Turn a SitecastError into a Failure with its facts as metadata.

    Args:
        retry_number: how often the step was retried already; transient errors are retried
            MAX_RETRIES times, each wait double the one before.
    """
    try:
        with memory_told():
            yield
    except SitecastError as error:
        if error.transient and retry_number < MAX_RETRIES:
            wait = FIRST_WAIT_SECONDS * 2**retry_number
            raise dg.RetryRequested(MAX_RETRIES, seconds_to_wait=wait) from error
        raise dg.Failure(str(error), metadata=facts_of(error), allow_retries=False) from error


def cause_of(event: dg.DagsterEvent) -> str:
    """Why a step failed, for a person: a known problem's text, else the error's first line."""
    failure = event.step_failure_data
    if failure.user_failure_data is not None and failure.user_failure_data.description:
        return failure.user_failure_data.description
    error = failure.error
    while error is not None and error.cause is not None:
        error = error.cause
    problem = error.message.strip().splitlines()[0] if error else "it does not say why"
    return f"{event.step_key}: {problem}"


def facts_of(error: SitecastError) -> dict[str, Any]:
    """What is wrong, where, and what to do next, as Dagster metadata."""
    facts: dict[str, Any] = {"problem": error.problem, "kind": type(error).__name__}
    facts |= {f"where {name}": str(value) for name, value in error.where.items()}
    if error.remedy:
        facts["remedy"] = error.remedy
    if isinstance(error, DataError) and error.breaches:
        facts["breaches"] = len(error.breaches)
        facts["first breaches"] = _breach_table(error.breaches[:MAX_SHOWN])
    return facts


def warning_facts(warnings: Sequence[Breach]) -> dict[str, Any]:
    """What looks wrong in a week's input, as Dagster metadata; nothing where nothing does."""
    if not warnings:
        return {}
    return {"warnings": len(warnings), "first warnings": _breach_table(warnings[:MAX_SHOWN])}


def _breach_table(breaches: Sequence[Breach]) -> dg.MetadataValue[Any]:
    columns = ["table", "column", "key", "value", "rule", "remedy"]
    return dg.MetadataValue.table(
        records=[dg.TableRecord({name: getattr(breach, name) for name in columns})
                 for breach in breaches],
        schema=dg.TableSchema([dg.TableColumn(name, "string") for name in columns]),
    )  # fmt: skip

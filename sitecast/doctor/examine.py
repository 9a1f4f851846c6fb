"""Every check of an installation, one after the other; one that breaks stops none of the others."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence

from sitecast.deployment import Deployment
from sitecast.doctor import inputs, ledger, leftovers, machine, messages, stores
from sitecast.doctor.findings import Finding, Findings

Doctor = Callable[[Deployment, dt.datetime], Iterable[Finding]]
"""A check from elsewhere: the orchestration layer hands one in."""
_ORDER = ("error", "warning", "note")


def examine(
    deployment: Deployment,
    now: dt.datetime,
    variables: Iterable[str] = (),
    doctors: Sequence[Doctor] = (),
) -> list[Finding]:
    """Look at everything, and change nothing.

    Args:
        deployment: which installation.
        now: decides what is late, and which temporary files are old.
        variables: names of the environment's variables.
        doctors: further checks.
    Returns:
        What was found, the most urgent first; nothing, where all is well.
    """
    home = deployment.home
    checks: list[Callable[[], Iterable[Finding]]] = [
        machine.software, lambda: machine.variables(variables), lambda: machine.home(home),
        lambda: machine.locks(home), lambda: _ledger(deployment, now),
        lambda: inputs.inputs(deployment, now),
        lambda: leftovers.leftovers(home, now), lambda: messages.mail(deployment),
        lambda: messages.webhook(deployment),
        *(lambda doctor=doctor: doctor(deployment, now) for doctor in doctors),
    ]  # fmt: skip
    found = [finding for check in checks for finding in _run(check)]
    return sorted(found, key=lambda finding: _ORDER.index(finding.severity))


def _ledger(deployment: Deployment, now: dt.datetime) -> Findings:
    """The ledger; what it tells of is looked at only where it answers and is whole."""
    broken, unreachable = list(ledger.ledger(deployment)), list(stores.reachable(deployment))
    yield from (*broken, *unreachable)
    if not (broken or unreachable):
        yield from stores.stores(deployment)
    if not broken:
        yield from messages.outbox(deployment, now)


def _run(check: Callable[[], Iterable[Finding]]) -> list[Finding]:
    found: list[Finding] = []
    try:
        found.extend(check())
    except Exception as error:  # a doctor that dies of the disease tells nothing
        problem = f"a check could not be made: {type(error).__name__}: {error}"
        found.append(Finding("check-failed", "error", problem, "see the section of the runbook"))
    return found

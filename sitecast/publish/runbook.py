"""Which section of the runbook an alert points to.

What belongs here: one entry per alert that the code can raise. What does not: findings of the
doctor, which have a section of their own name (doctor/findings.py).
"""

RUNBOOK = "docs/how-to/runbook.md"
SECTIONS = {
    "email-alert": "a-run-failed",
    "email-late": "the-forecast-is-late",
    "email-recalled": "a-publication-is-wrong",
    "email-undelivered": "a-message-did-not-go-out",
    "publish": "publishing-was-given-up",
}
"""Channel of an email, or name of the sensor that says it, and the anchor of its section."""


def what_to_do(alert: str) -> str:
    """One line that leads to the section."""
    return f"What to do: {RUNBOOK}#{SECTIONS[alert]}"

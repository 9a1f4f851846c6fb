"""What changed since the last published forecast, and why: inputs swapped one group at a time."""

from sitecast.changes.explain_changes import explain_changes, no_changes, unexplained_changes
from sitecast.changes.summary import summarise_changes
from sitecast.changes.worlds import World

__all__ = ["World", "explain_changes", "no_changes", "summarise_changes", "unexplained_changes"]

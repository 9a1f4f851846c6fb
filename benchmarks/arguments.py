"""The words after a benchmark's name; its docstring is its help."""

import sys


def words(doc: str | None, needed: int = 0) -> list[str]:
    """What was given, at least so many words; prints `doc` and ends for --help, or for fewer."""
    given = sys.argv[1:]
    if "-h" in given or "--help" in given:
        print(doc)
        sys.exit(0)
    if len(given) < needed:
        sys.exit(doc)
    return given

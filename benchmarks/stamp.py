"""Where and of what a measurement was taken."""

import subprocess
from pathlib import Path

_ROOT = Path(__file__).parents[1]


def commit() -> str:
    """The commit of the code measured; a + says that the library differs from it."""
    changed = _git("status", "--porcelain", "--", "sitecast")
    return _git("rev-parse", "--short", "HEAD") + ("+" if changed else "")


def machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    facts = dict(line.split("\t: ", 1) for line in lines if "\t: " in line)
    facts = {name.strip(): value for name, value in facts.items()}
    cores = sum(line.startswith("processor") for line in lines)
    name = facts.get("model name", "unknown processor")
    return f"{name} (family {facts.get('cpu family')}, model {facts.get('model')}), {cores} cores"


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(_ROOT), *arguments], capture_output=True, text=True)
    return done.stdout.strip() or ("unknown" if done.returncode else "")

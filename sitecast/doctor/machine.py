"""The machine: Python, packages, disk, rights, locks that are held."""

import difflib
import errno
import fcntl
import os
import re
import shutil
import stat
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from sitecast.deployment import Deployment
from sitecast.doctor.findings import Finding, Findings

SUPPORTED = ((3, 11), (3, 14))
LEAST_FREE, COMFORTABLE_FREE = 500_000_000, 5_000_000_000
LOCKS = ("sitecast.create", "sitecast.outbox", "sitecast.webhooks", "publications/.lock",
         "dagster/.init", "dagster/.local-runner")  # fmt: skip
_REQUIREMENT = re.compile(r"([A-Za-z0-9_.-]+)(?:\[[^]]*\])?\s*(==\s*[^;,\s]+)?")


def software() -> Findings:
    """Python's version, and every package that sitecast needs."""
    if not SUPPORTED[0] <= sys.version_info[:2] < SUPPORTED[1]:
        here = ".".join(map(str, sys.version_info[:3]))
        yield Finding("python-version", "error", f"Python {here} is not supported",
                      "install sitecast under Python 3.11, 3.12 or 3.13")  # fmt: skip
    for wanted in requires("sitecast") or ():
        found = _REQUIREMENT.match(wanted)
        if found is None or "extra ==" in wanted:
            continue
        name, pin = found[1], (found[2] or "").removeprefix("==").strip()
        if problem := _package_problem(name, pin):
            yield Finding("package-missing", "error", problem, "run `make setup` again")


def _package_problem(name: str, pin: str) -> str:
    try:
        installed = version(name)
    except PackageNotFoundError:
        return f"the package {name} is not installed"
    return f"{name} is {installed}, not {pin}" if pin and installed != pin else ""


def variables(names: Iterable[str]) -> Findings:
    """Names of environment variables that look like settings, but are none."""
    known = [f"SITECAST_{name.upper()}" for name in Deployment.model_fields]
    for name in sorted(names):
        if name.upper().startswith("SITECAST_") and name.upper() not in known:
            near = difflib.get_close_matches(name.upper(), known, n=1, cutoff=0.0)[0]
            yield Finding("unknown-variable", "warning", f"the variable {name} is no setting",
                          f"the nearest is {near}")  # fmt: skip


def home(folder: Path) -> Findings:
    """The folder of everything sitecast writes: there, writable, private, and with space left."""
    if not folder.is_dir():
        yield Finding("home-missing", "error", f"the folder {folder} does not exist",
                      "run `sitecast init`, or correct SITECAST_HOME")  # fmt: skip
        return
    free = shutil.disk_usage(folder).free
    if free < COMFORTABLE_FREE:
        severe = free < LEAST_FREE
        yield Finding(
            "disk-space",
            "error" if severe else "warning",
            f"{free / 1e9:.1f} GB are free on the disk of {folder}",
            "free some space; publications may be moved away, the oldest first",
        )
    yield from _rights(folder)


def _rights(folder: Path) -> Findings:
    for place in (folder, *(folder / name for name in ("weeks", "publications", "dagster"))):
        if place.is_dir() and not os.access(place, os.R_OK | os.W_OK | os.X_OK):
            yield Finding(
                "home-rights",
                "error",
                f"{place} cannot be written",
                f"give it back to the user who runs sitecast: chown -R … {place}",
            )
    if stat.S_IMODE(folder.stat().st_mode) & 0o077:
        yield Finding("home-rights", "warning", f"others on this machine may look into {folder}",
                      f"chmod 700 {folder}")  # fmt: skip


def locks(folder: Path) -> Findings:
    """Locks that a process holds now: something is under way. The system drops a dead one's."""
    for name in LOCKS:
        path = folder / name
        if path.is_file() and _is_held(path):
            yield Finding(
                "lock-held",
                "note",
                f"a process holds {path}: something is under way",
                "wait for it, or see which process it is: ps -ef | grep sitecast",
            )


def _is_held(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in (errno.EAGAIN, errno.EACCES)
    finally:
        os.close(handle)
    return False

"""A virtual environment per peer that does not fit the project's own, made on demand."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = ROOT / "benchmarks" / ".cache"
_REQUIREMENTS = Path(__file__).parent / "requirements"
_PIP_ONLY = ("torch",)
"""Wheels that pip finds in its configured links and uv does not."""


def cache() -> Path:
    """The folder of environments and problem files; git ignores it by a file inside it."""
    CACHE.mkdir(exist_ok=True)
    (CACHE / ".gitignore").write_text("*\n")
    return CACHE


def python_of(environment: str | None) -> Path:
    """Its interpreter, installed now if it is not there or its versions have changed."""
    if environment is None:
        return Path(sys.executable)
    wanted = _REQUIREMENTS / f"{environment}.txt"
    digest = hashlib.sha256(wanted.read_bytes()).hexdigest()[:12]
    place = cache() / f"{environment}-{digest}"
    python, ready = place / "bin" / "python", place / ".ready"
    if not ready.exists():
        print(f"installing {environment}", file=sys.stderr)
        _install(environment, place, python, wanted)
        ready.touch()
    return python


def _install(environment: str, place: Path, python: Path, wanted: Path) -> None:
    uv = None if environment in _PIP_ONLY else shutil.which("uv")
    if uv:
        _run(uv, "venv", "-q", "--allow-existing", "-p", sys.executable, str(place))
        _run(uv, "pip", "install", "-q", "--python", str(python), "-r", str(wanted))
    else:
        _run(sys.executable, "-m", "venv", str(place))
        _run(str(python), "-m", "pip", "install", "-q", "-r", str(wanted))


def _run(*command: str) -> None:
    subprocess.run(command, check=True)

"""A first run: from a fresh clone to the first published forecast, with nothing cached.

Run `python -m benchmarks.first_run`: clones this repository's last commit into a temporary folder,
downloads what requirements.lock installs here (for the bytes alone), then runs `make setup` with an
empty cache of packages and `make demo`. Wall times depend on the network, the disk and the load,
which is told. The last line is the headline.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.arguments import words
from benchmarks.peers.environments import ROOT
from benchmarks.stamp import commit, machine

MIB = 2**20


def timed(command, folder, environment):
    """Wall and CPU seconds of a command and its processes, which must succeed."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def mib(folder):
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return sum(path.stat().st_size for path in files) / MIB


def download(clone, folder):
    """MiB and number of the archives that requirements.lock names for this machine."""
    wheels, pip = folder / "wheels", folder / "pip" / "bin" / "pip"  # uv makes environments without
    subprocess.run([sys.executable, "-m", "venv", folder / "pip"], check=True)
    subprocess.run(
        [pip, "download", "-q", "--no-cache-dir", "--no-deps", "--require-hashes",
         "-r", "requirements.lock", "-d", wheels], cwd=clone, check=True,
    )  # fmt: skip
    return mib(wheels), len(list(wheels.iterdir()))


def main():
    words(__doc__)
    print(f"{machine()}, commit {commit()}, load averages {os.getloadavg()}")
    with tempfile.TemporaryDirectory(prefix="sitecast-first-run-") as name:
        folder = Path(name)
        clone = folder / "clone"
        environment = {**os.environ, "UV_CACHE_DIR": str(folder / "uv"), "PIP_NO_CACHE_DIR": "1"}
        cloned, _ = timed(["git", "clone", "-q", ROOT, clone], folder, environment)
        size, packages = download(clone, folder)
        print(f"clone: {mib(clone):.1f} MiB, {cloned:.1f} s; {packages} packages of {size:.0f} MiB")
        setup, setup_cpu = timed(["make", "setup"], clone, environment)
        installed = mib(clone / ".venv")
        print(f"make setup: {setup:.0f} s, {setup_cpu:.0f} CPU s; .venv {installed:.0f} MiB")
        demo, demo_cpu = timed(["make", "demo"], clone, environment)
        pointer = clone / ".sitecast" / "publications" / "current.json"
        again, again_cpu = timed(["make", "demo"], clone, environment)
        print(f"make demo: {demo:.0f} s, {demo_cpu:.0f} CPU s; again {again:.0f} s, "
              f"{again_cpu:.0f} CPU s; published: {pointer.read_text().strip()}")  # fmt: skip
    print(f"first run: {size:.0f} MiB, {cloned + setup + demo:.0f} s from clone to publication, "
          f"{setup:.0f} of them to install; load average {os.getloadavg()[1]:.1f}")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`python -m sitecast_dagster.ui`: Dagster's UI and daemon on this machine's own instance.

What belongs here: starting `dagster dev`, guarded, with the right folders. What does not: serving
others: the UI has no login, so it only listens on 127.0.0.1.
"""

import argparse
import os
import sys

from sitecast_dagster.instance import init_instance
from sitecast_dagster.resources import InstallationResource
from sitecast_dagster.stored_runs import MODULE

WEBSERVER = "sitecast_dagster.webserver"


def main() -> None:
    """Start the UI in place of this process; Ctrl-C stops it."""
    parser = argparse.ArgumentParser(prog="python -m sitecast_dagster.ui", description=__doc__)
    parser.add_argument("--port", type=int, default=3000, help="port on 127.0.0.1")
    port = parser.parse_args().port
    deployment = InstallationResource().deployment()
    folders = {
        "DAGSTER_HOME": str(init_instance(deployment)),
        "SITECAST_HOME": str(deployment.home.resolve()),
        "SITECAST_PLAN_FILE": str(deployment.plan_path.resolve()),
    }
    command = [sys.executable, "-m", WEBSERVER, "dev", "-m", MODULE, "-h", "127.0.0.1"]
    os.execve(sys.executable, [*command, "-p", str(port)], {**os.environ, **folders})  # noqa: S606


if __name__ == "__main__":
    main()

"""Importing this makes a process whose forks are warm runs: a fork server takes names of modules.

What belongs here: nothing else (preload.py, kept_connections.py).
"""

from sitecast_dagster.definitions import defs
from sitecast_dagster.kept_connections import keep_connections
from sitecast_dagster.preload import preload

preload(defs)
keep_connections()

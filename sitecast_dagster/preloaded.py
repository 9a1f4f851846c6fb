"""Importing this makes a process whose forks are warm runs: a fork server takes names of modules.

What belongs here: nothing else (preload.py).
"""

from sitecast_dagster.definitions import defs
from sitecast_dagster.preload import preload

preload(defs)

"""Everything Dagster loads.

What belongs here: putting the parts together. What does not: the parts.
"""

import dagster as dg

from sitecast_dagster.assets import ASSETS
from sitecast_dagster.code_server import look_after_runs_through_outages
from sitecast_dagster.io_manager import WeekRecordIOManager
from sitecast_dagster.jobs import JOBS
from sitecast_dagster.resources import InstallationResource
from sitecast_dagster.schedules import SCHEDULES
from sitecast_dagster.sensors import SENSORS
from sitecast_dagster.warm_runs import fork_runs_of_this_code_server


def build_definitions(installation: InstallationResource) -> dg.Definitions:
    """The code location for one installation.

    A run is one process: its steps are short, and the default executor would import everything
    anew for each of them.
    """
    return dg.Definitions(
        assets=ASSETS,
        jobs=JOBS,
        schedules=SCHEDULES,
        sensors=SENSORS,
        resources={
            "installation": installation,
            "week_store": WeekRecordIOManager(installation=installation),
        },
        executor=dg.in_process_executor,
    )


defs = build_definitions(InstallationResource())
look_after_runs_through_outages()
fork_runs_of_this_code_server()

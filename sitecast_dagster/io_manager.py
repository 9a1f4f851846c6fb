"""Moves week records between assets and the versioned store, never through pickle.

What belongs here: naming the record (plan, week, type). What does not: how it is stored safely
(sitecast.store).
"""

from typing import Any

import dagster as dg

from sitecast.records.week_record import WEEK_RECORDS, WeekRecord
from sitecast.weeks import checked_menu_week
from sitecast_dagster.failures import known_problems_as_failures
from sitecast_dagster.resources import InstallationResource
from sitecast_dagster.runs import plan_of_run

RECORD_TYPES = {record_type.asset: record_type for record_type in WEEK_RECORDS}
ATTEMPT = "attempt"
"""Metadata entry that carries the step's fencing token from its start to the commit."""

_made: dict[str, tuple[str, WeekRecord]] = {}
"""What this process committed last of each asset, and in which run: later steps of the run get it
as it is, as the library's own run_week passes it on, while the store still has that version."""


class WeekRecordIOManager(dg.ConfigurableIOManager):
    """Commits what an asset made; loads what the run's plan has for the week."""

    installation: InstallationResource

    def handle_output(self, context: dg.OutputContext, obj: WeekRecord) -> None:
        """Commit a record under the token its step took when it started."""
        checked_menu_week(context.partition_key)
        with known_problems_as_failures():
            self.installation.open().weeks.commit(obj, int(_token(context)))
        _made[obj.asset] = (context.run_id, obj)

    def load_input(self, context: dg.InputContext) -> WeekRecord:
        """The current version of an upstream record, for the plan that the run works for."""
        menu_week = checked_menu_week(context.partition_key)
        record_type = RECORD_TYPES[context.asset_key.path[-1]]
        with known_problems_as_failures():
            installation = self.installation.open()
            run_id = context.step_context.run_id
            plan = plan_of_run(context.instance, run_id, installation)
            weeks = installation.weeks
            if (made := _made.get(record_type.asset)) is not None:
                made_in, record = made
                stored = weeks.head(plan.plan_id, menu_week, record_type)
                if (made_in, record.version) == (run_id, stored):
                    return record
            return weeks.read(record_type, plan.plan_id, menu_week)


def _token(context: dg.OutputContext) -> Any:
    value = context.output_metadata[ATTEMPT]
    return value.value if isinstance(value, dg.MetadataValue) else value

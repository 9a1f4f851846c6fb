"""Names and labels used all over the layer: run tags, owners, groups, kinds.

What belongs here: constants. What does not: anything that decides.
"""

PLAN_ID_TAG = "sitecast/plan_id"
"""Plan that a run works for; a run without it takes the current plan and writes it down."""

ORDER_TAG = "sitecast/order"
"""Run of forecast_plan that asked for the week: each order tries a week once."""

PUBLICATION_TAG = "sitecast/publication"
"""Fingerprint of the plan version that a run publishes; counts failed attempts."""

RUNNER_TAG = "sitecast/runner"
"""`local` on runs that the command line drives itself."""

PARTITION_TAG = "dagster/partition"
"""Dagster's own tag: the menu week of a run."""

MAX_RETRIES_TAG = "dagster/max_retries"
"""Dagster's own tag: how often a crashed run is started again; a person watches local runs."""

WILL_RETRY_TAG = "dagster/will_retry"
"""Dagster's own tag: `true` on a failed run that is started again after a crash."""

PRIORITY_TAG = "dagster/priority"
"""Dagster's own tag: messages do not wait behind weeks in the queue."""

RETRIED_BY_TAG = "dagster/auto_retry_run_id"
"""Dagster's own tag: the run that tries a crashed one again."""

TOLD_TAG = "sitecast/told"
"""`true` on a failed run about which the planners' email is queued."""

OWNERS = ["team:supply-planning"]
GROUP = "sitecast"
TAGS = {"domain": "supply-planning"}

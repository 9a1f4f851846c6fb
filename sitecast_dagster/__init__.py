"""The Dagster layer: how sitecast's steps are scheduled, partitioned, watched and retried.

What belongs here: one Dagster concept per file, each thin. What does not: anything about boxes,
kits or ingredients (the library `sitecast`, which never imports this package).
"""

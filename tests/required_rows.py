"""What must be tried, in our own words, and the rows of the matrices that try it.

A row may be split or renamed only together with its entry here; none can vanish unseen.
"""

REQUIRED = {
    "faults": {
        "a run is killed at any moment": (
            "run killed at any point of any stage, one process or all of them",
            "run killed at any of many more points",
            "kill around commit, materialisation event and run success",
            "commit killed at any operation", "commit killed at any operation, many times",
            "power lost while a version becomes current", "any fsync of a commit fails",
        ),
        "nobody is left to tell that a run died": (
            "run killed, and nobody left who would tell",
            "host crash: daemon, code server and all runs killed; the daemon comes back",
            "host crash while runs were starting",
            "code server and all runs killed; the daemon lives on",
            "code server killed: its runs die with it",
            "code server killed while a crashed run waits to be tried again",
            "orphaned worker: the process that started it is killed",
            "overtaken attempt commits late (zombie writer)",
            "older run of a week ends after a newer one",
        ),
        "a healthy run is not taken for dead": (
            "run whose process works on while its code server is gone",
            "code server slow to say that it began a run",
        ),
        "the daemon dies while it asks for runs": (
            "sensor tick killed between asking for a run and saving its cursor",
            "sensor tick killed at its other points",
            "sensor tick killed, and the daemon away for more than a day",
            "daemon killed in the middle of a backfill of 8 weeks, and restarted",
        ),
        "the publisher dies": (
            "publisher killed before it ends", "publisher killed after the SMTP server accepted",
            "delivery killed at five points", "publish run fails once",
            "delivery killed at five points: server in order, greylisting, busy, silent",
            "week killed between its forecast and why it changed",
        ),
        "the mail server misbehaves": (
            "SMTP down", "SMTP slow", "SMTP refuses some, is busy for others",
            "SMTP refuses somebody: the others are told, once",
            "SMTP refuses everybody", "SMTP drops after DATA", "SMTP times out after DATA",
            "TLS fails: the mail server offers none", "SMTP down when a run fails",
        ),
        "the database misbehaves": (
            "database dropped mid-transaction", "database locked", "database down when a run fails",
            "connection cut in the middle of a publication, PostgreSQL",
            "PostgreSQL crashes in the middle of a publication and comes back",
            "another process locks Dagster's SQLite database while a run is created",
            "another process locks Dagster's SQLite database for 8 s while the UI writes",
            "Dagster's databases restored from before the runs; cursors lost",
        ),
        "two do the same at once": (
            "two publishers at once", "two publishers on two machines at once, PostgreSQL",
            "two configurators at once", "the same week materialised twice at once",
            "many writers and readers of one week", "many runs writing events to SQLite at once",
            "first start by several processes",
        ),
        "a plan is not whole, or changes": (
            "3 of 4 weeks done",
            "a week fails for good: the others done, the last publication current",
            "a week fails: planners are told which, why, and what to do",
            "weeks, ticks and failures in any order",
            "weeks, ticks and failures in many more orders",
            "week materialised again after publication",
            "week made again while its plan is being published, and then as before",
            "plan shrinks from six weeks to four",
            "week deleted while a run works on it", "partition deleted while its run works",
            "partition deleted in the middle of a backfill",
            "source folder changes while a week is read",
            "source or store does not answer: tried again, with growing pauses",
            "source database lost while a week is read",
            "source table locked by somebody, for ever",
            "source database changes while a week is read, SQLite",
            "source database changes while a week is read, PostgreSQL",
        ),
        "calendars and clocks": (
            "week 53 and the turn of the year",
            "clock change: the hour that comes twice, and any time zone of the machine",
            "late data: a row that becomes known after the plan was made",
            "restated history: a row is corrected after the plan was made",
        ),
        "disk and memory": (
            "disk full: a real file system of three megabytes",
            "disk full or broken at any file operation of a commit",
            "disk full or broken while publishing", "bit rot",
            "no file may grow: the limit of the system, not a simulated one",
            "output that is read-only: a real file system",
            "all memory asked for: the limit of the system",
        ),
        "the tests can fail": ("planted bugs in the store",),
    },
    "bad-input": {
        "missing, wrong, or doubled": (
            "missing table", "missing column", "text for a count", "duplicate key",
        ),
        "numbers that are none": (
            "not a number", "infinite", "negative quantity", "zero in a BOM", "negative in a BOM",
            "count beyond 2**53", "quantiles that cross", "quantile that is infinite",
        ),
        "names nobody knows": (
            "unknown recipe on the menu", "unknown SKU", "unknown site", "unknown region",
            "unknown unit", "unit of a BOM that is not its SKU's", "look-alike letter",
            "names in any script, emoji, right-to-left, 500 characters",
            "keys equal once letters are composed",
        ),
        "what cannot be made or sent": (
            "no BOM at a portions size", "item no site makes", "no region is reachable",
            "cap below floor", "empty menu", "menu smaller than the smallest box",
        ),
        "weeks and moments": (
            "weeks that overlap", "order after its cut-off", "order outside its week",
        ),
        "looks wrong, and is told as a warning": (
            "box_forecast below placed orders: a warning",
            "ten times the volume of history: a warning",
        ),
        "who is stopped, and who is not": (
            "breaches of many tables: all at once",
            "breaches of another week stop this one in nothing",
            "a bad week: named; the others done, the last publication current",
            "cells, columns and rows of any tables, several at once",
        ),
        "more than a machine holds": (
            "huge input: more rows than a Parquet file may have",
            "huge input: more than the memory of the machine",
        ),
        "files as people leave them": (
            "CSV with BOM mark, semicolons, tabs, Windows or old Mac line ends",
            "truncated Parquet file", "YAML bomb: aliases, deep nesting, a huge file",
            "unknown setting: the nearest known one is named",
            "any byte of a plan, mapping, CSV or Parquet file",
        ),
    },
    "security": {
        "nothing is run that was read": (
            "No pickle on disk or wire; nothing is evaluated or run by a shell",
            "YAML is loaded safely, and bombs are refused",
            "SQL: bound values, table names from an allow-list, the source only read",
            "Spreadsheets: no cell becomes a formula",
            "HTML: text never becomes markup, on the page and in pictures",
        ),
        "nothing leads out": (
            "Paths: weeks, plans and versions are checked before they touch one",
            "Paths: no symbolic link leads out", "HTML: a strict Content-Security-Policy",
            "HTML: no network is needed",
        ),
        "mail": (
            "Mail: headers refuse line breaks", "Mail: recipients are the plan's, one address each",
            "Mail: no other domain than the allowed ones",
            "Mail: TLS is verified, and nothing is sent without it",
        ),
        "secrets and people": (
            "Secrets: none in logs, events, metadata, files or output",
            "No customer in what is published, nor in Dagster",
            "Files: nobody else on the machine may look into the home",
        ),
        "the UI": (
            "UI: listens on this machine only", "UI: a page elsewhere cannot start or delete runs",
            "UI: a foreign Host (DNS rebinding) is refused",
            "UI: the docs say how others may reach it",
        ),
        "dependencies": (
            "Dependencies: locked with hashes, installed by them",
            "Dependencies: an audit in CI, which says when nobody can be asked",
        ),
    },
}  # fmt: skip

"""What breaks first when a company grows to 10,000 sites and 100 M boxes a week: a simulation.

`python -m benchmarks.scale` plays the launches, runs, events and publications of eight weeks under
six designs and says when everything is published and which server was busiest. `Figures` names what
was measured on one machine and what is assumed; docs/design/scale.md draws the conclusions.
"""

import heapq
import math
from dataclasses import dataclass
from pathlib import Path

from benchmarks.arguments import words
from benchmarks.tables import markdown

RESULTS = Path(__file__).parent / "results" / "scale.md"


@dataclass(frozen=True)
class Figures:
    """CPU seconds and GiB of one machine, measured unless said otherwise."""

    cpu_per_box: float = 60e-6
    """A warm week of 200,000 boxes × 200 draws: 12 CPU s."""
    fixed_cpu: float = 1.8
    """A backfilled week of next to no boxes, everything around it counted."""
    gib_per_box: float = 1.22 / 200_000
    launch: float = 0.3
    """The daemon's time to launch one run, one after the other: assumed; 0.8 at a load of 9."""
    events: int = 68
    """Those of a week: 13 when it is planned, 55 when it runs."""
    event_sqlite: float = 4e-3
    """CPU of an event with kept connections; one writer at a time."""
    event_postgres: float = 1e-3
    """Assumed."""
    publish_per_box: float = 4.1 / 800_000


@dataclass(frozen=True)
class Company:
    """10,000 sites in networks that share no box, so that each is forecast alone."""

    boxes: int = 100_000_000
    sites: int = 10_000
    sites_per_network: int = 4
    weeks: int = 8

    @property
    def networks(self):
        return self.sites // self.sites_per_network


@dataclass(frozen=True)
class Design:
    """How the work is cut, and who does it."""

    name: str
    networks_per_run: int
    workers: int
    event: str
    launchers: int = 1
    published_per: str = "company"
    """Whose weeks one publication covers: the company's, or those of the networks of a run."""


DESIGNS = [
    Design("one machine, as it is: a run per week, SQLite", 2_500, 2, "sqlite"),
    Design("one machine, a run per network and week", 1, 64, "sqlite"),
    Design("64 workers, a run per network and week, PostgreSQL", 1, 64, "postgres"),
    Design("the same, published by network", 1, 64, "postgres", published_per="run"),
    Design("64 workers, 25 networks a run, published by run", 25, 64, "postgres",
           published_per="run"),
    Design("256 workers, 25 networks a run, 4 launchers", 25, 256, "postgres", 4, "run"),
]  # fmt: skip


class Server:
    """Takes work in the order it comes, so many at a time."""

    def __init__(self, places):
        self.free, self.busy, self.places = [0.0] * places, 0.0, places

    def serve(self, at, seconds):
        """When work that comes at `at` is done."""
        begins = max(at, heapq.heappop(self.free))
        heapq.heappush(self.free, begins + seconds)
        self.busy += seconds
        return begins + seconds


def play(design, company, measured):
    """Seconds until all is published, the busiest server with its share, and GiB of a run."""
    runs = math.ceil(company.networks / design.networks_per_run) * company.weeks
    boxes = company.boxes * company.weeks / runs
    event = measured.event_sqlite if design.event == "sqlite" else measured.event_postgres
    servers = {"launching": Server(design.launchers), "workers": Server(design.workers),
               "event log": Server(1), "publication": Server(1)}  # fmt: skip
    work = measured.fixed_cpu + boxes * measured.cpu_per_box
    shared = design.published_per == "company"
    ends = []
    waiting = [(servers["launching"].serve(0.0, measured.launch), n) for n in range(runs)]
    for launched, _ in sorted(waiting):
        done = servers["workers"].serve(launched, work)
        logged = servers["event log"].serve(done, measured.events * event)
        ends.append(logged if shared else servers["workers"].serve(
            logged, boxes * measured.publish_per_box))  # fmt: skip
    end = max(ends)
    if shared:
        total = company.boxes * company.weeks * measured.publish_per_box
        end = servers["publication"].serve(end, total)
    shares = {name: server.busy / (server.places * end) for name, server in servers.items()}
    busiest = max(shares, key=shares.get)
    return end, busiest, shares[busiest], boxes * measured.gib_per_box, runs


def table(company, measured):
    """Every design as a row."""
    rows = []
    for design in DESIGNS:
        end, busiest, share, gib, runs = play(design, company, measured)
        rows.append([design.name, f"{runs:,}", f"{end / 3600:.1f}", f"{busiest}, {share:.0%}",
                     f"{gib:,.1f}"])  # fmt: skip
    return markdown(["design", "runs", "hours to published", "busiest", "GiB of a run"], rows)


def when_it_breaks(measured, hours=1.0, memory=16.0):
    """The largest company that each server of one machine's design still does in time."""
    seconds = 3600 * hours
    limits = {
        "memory of a run (16 GiB)": memory / measured.gib_per_box,
        "publication": seconds / measured.publish_per_box / 8,
        "two cores": 2 * seconds / measured.cpu_per_box / 8,
        "SQLite, a run per network and week": seconds / measured.event_sqlite / measured.events
        / 8 * 40_000,
        "one launcher, a run per network and week": seconds / measured.launch / 8 * 40_000,
    }  # fmt: skip
    rows = [[name, f"{boxes / 1e6:,.1f}"] for name, boxes in
            sorted(limits.items(), key=lambda item: item[1])]  # fmt: skip
    return markdown(["what", "M boxes a week"], rows)


def main():
    words(__doc__)
    company, measured = Company(), Figures()
    text = (
        "# Toward 100 M boxes a week\n\n`python -m benchmarks.scale`; conclusions in "
        "[scale.md](../../docs/design/scale.md).\n\n## What breaks first\n\nLargest company whose "
        "eight weeks one machine publishes within an hour, by what stands in the way, in order "
        f"(networks of 40,000 boxes):\n\n{when_it_breaks(measured)}\n\n## Designs\n\n"
        f"{company.boxes:,} boxes a week, {company.sites:,} sites in {company.networks:,} "
        f"networks, {company.weeks} weeks:\n\n{table(company, measured)}\n"
    )
    RESULTS.write_text(text)
    print(text)
    end, busiest, share, _, _ = play(DESIGNS[-1], company, measured)
    print(f"scale: {end / 3600:.1f} hours with 256 workers; busiest: {busiest}, {share:.0%}")


if __name__ == "__main__":
    main()

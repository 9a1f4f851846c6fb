"""What a draw costs from a cold start and from the prices of the expected week, by sites.

Run `python -m benchmarks.draw_starts`. 200,000 boxes, 100 regions, 7 days; all data invented in
allocation_week.py. CPU ms per draw, median of 5 rounds over 4 draws; every optimum is compared.
"""

import time

import numpy as np

from benchmarks import allocation_week
from benchmarks.arguments import words
from sitecast.allocate.box_classes import box_classes
from sitecast.allocate.flow import cap_values, left_prices, min_cost_flow, right_prices
from sitecast.allocate.site_days import site_days
from sitecast.quantities import largest_remainder
from sitecast.records.week_axes import week_axes
from sitecast.settings import AllocationSettings

SITES, ROUNDS = (3, 4, 6, 10), 5


def per_draw(solve, draws, rounds=ROUNDS):
    """CPU ms per draw, and the last round's results."""
    took = []
    for _ in range(rounds):
        start = time.process_time()
        results = [solve(draw) for draw in draws]
        took.append(1000 * (time.process_time() - start) / len(draws))
    return float(np.median(took)), results


def measure(sites):
    """A row of the table."""
    allocation_week.SITES = sites
    rng = np.random.default_rng(1)
    week = allocation_week.make_week(rng)
    axes, settings = week_axes(week), AllocationSettings()
    table, placed, draws = allocation_week.make_orders(axes, rng, 4)
    days = site_days(week, axes, ())
    net, limits = box_classes(table, axes, days, settings).money, days.limits(settings.floor_cost)
    in_book = np.bincount(placed.box_class, minlength=len(table))
    counts = [np.bincount(d.box_class, minlength=len(table)) + in_book for d in draws]
    mean = np.mean(counts, axis=0)
    nothing = np.zeros(len(limits.parent), np.int64)
    start = min_cost_flow(
        net, largest_remainder(mean, round(mean.sum())), limits, nothing
    ).potential
    cold, flows = per_draw(lambda c: min_cost_flow(net, c, limits, nothing), counts)
    warm, others = per_draw(lambda c: min_cost_flow(net, c, limits, start), counts)
    for one, other in zip(flows, others, strict=True):
        assert one.boxes @ net.arc_cost == other.boxes @ net.arc_cost

    def both(flow):
        return right_prices(net, limits, flow), left_prices(net, limits, flow)

    both(flows[0])  # compiles
    prices, _ = per_draw(both, flows)
    caps = days.caps[:, None] * np.array([110, 120]) // 100
    cap_values(net, limits, flows[0], caps)
    values, _ = per_draw(lambda flow: cap_values(net, limits, flow, caps), flows, 1)
    return f"| {sites} | {len(table):,} | {cold:.2f} | {warm:.2f} | {prices:.2f} | {values:.0f} |"


def main():
    words(__doc__)
    print("| sites | classes | cold | from the expected week | prices | values of higher caps |\n"
          "|---|---|---|---|---|---|")  # fmt: skip
    for sites in SITES:
        print(measure(sites), flush=True)


if __name__ == "__main__":
    main()

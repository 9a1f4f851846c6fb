"""Small allocation networks for tests: random ones, and their optimum by other means."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import highspy
import numpy as np

from sitecast.allocate.flow import Flow, min_cost_flow
from sitecast.allocate.limits import UNCAPPED, Limits, nested_limits
from sitecast.allocate.network import Network, build_network, tie_scale


@dataclass(frozen=True)
class Case:
    """Classes with their site-days (-1: none), costs, and limits by day and week."""

    node: np.ndarray
    cost: np.ndarray
    short: np.ndarray
    counts: np.ndarray
    limits: Limits

    @property
    def n_days(self) -> int:
        inner = set(self.limits.parent.tolist()) - {-1, len(self.limits.parent) - 1}
        return len(self.limits.parent) - 2 - len(inner)

    @property
    def network(self) -> Network:
        return build_network(self.node, self.cost, self.short, self.n_days)

    def capped(self, node: int, cap: int) -> "Case":
        caps = np.where(np.arange(len(self.limits.caps)) == node, cap, self.limits.caps)
        return replace(self, limits=self.limits._replace(caps=caps))


def case(node, cost, short, counts, caps, floors=None, weeks=(), floor_cost=0) -> Case:
    """A case from plain lists; weeks are (positions of site-days, cap, floor)."""
    week_of = np.full(len(caps), -1)
    for number, (days, _, _) in enumerate(weeks):
        week_of[list(days)] = number
    limits = nested_limits(
        np.array(caps), np.array(floors if floors is not None else [0] * len(caps)), week_of,
        np.array([cap for _, cap, _ in weeks], dtype=np.int64),
        np.array([floor for _, _, floor in weeks], dtype=np.int64), floor_cost,
    )  # fmt: skip
    return Case(np.array(node, np.int32), np.array(cost, np.int64), np.array(short, np.int64),
                np.array(counts, np.int64), limits)  # fmt: skip


def random_case(rng: np.random.Generator) -> Case:
    """Few sites and days; many ties, caps of 0, floors, limited weeks, classes without a site."""
    n_classes, sites, dates = rng.integers(1, 9), rng.integers(1, 5), rng.integers(1, 4)
    n_days = sites * dates
    first = rng.integers(0, dates, n_classes)[:, None]
    node = np.arange(sites) * dates + (first + rng.integers(0, 2, (n_classes, sites))) % dates
    node[rng.random((n_classes, sites)) < 0.3] = -1
    caps = rng.integers(0, 15, n_days) * (rng.random(n_days) < 0.8)
    caps = np.where(rng.random(n_days) < 0.15, UNCAPPED, caps)
    floors = rng.integers(0, 10, n_days) * (rng.random(n_days) < 0.4)
    weeks = [
        (range(site * dates, (site + 1) * dates),
         UNCAPPED if rng.random() < 0.2 else rng.integers(0, 30) * (rng.random() < 0.9),
         rng.integers(0, 25) * (rng.random() < 0.5))
        for site in range(sites) if rng.random() < 0.4
    ]  # fmt: skip
    return case(node, rng.integers(0, rng.choice([1, 2, 5, 100]), (n_classes, sites)),
                np.where(rng.random(n_classes) < 0.5, 150, 1000), rng.integers(0, 12, n_classes),
                caps, floors, weeks, int(rng.choice([0, 1, 3, 40, 300])))  # fmt: skip


def solved(of: Case, start: np.ndarray | None = None) -> Flow:
    """The own optimum; its caps are kept and no box is lost."""
    nothing = np.zeros(len(of.limits.parent), np.int64)
    flow = min_cost_flow(of.network, of.counts, of.limits, nothing if start is None else start)
    assert (flow.surplus == 0).all()
    assert (flow.load <= of.limits.caps).all()
    assert (flow.boxes >= 0).all()
    assert np.add.reduceat(flow.boxes, of.network.arc_ptr[:-1]).tolist() == of.counts.tolist()
    at_days = np.bincount(of.network.arc_node, flow.boxes, of.n_days + 1)
    assert at_days.tolist() == flow.load[: of.n_days + 1].tolist()
    return flow


def total_cost(of: Case, flow: Flow) -> int:
    """Delivery, shortfall and missed floors."""
    missed = (of.limits.floors - flow.load)[:-1].clip(min=0).sum()
    return int(flow.boxes @ of.network.arc_cost + of.limits.floor_cost * missed)


def optimum(of: Case) -> int:
    """The cost of the own optimum."""
    return total_cost(of, solved(of))


def highs_optima(cases: list[Case]) -> list[int]:
    """Optima of many cases as one linear program: they share nothing, so each is at its own."""
    program = _Program()
    ends = [program.add(each) for each in cases]
    return program.least(program.cost, ends)


def highs_fewest_ties(cases: list[Case], ties: list[np.ndarray]) -> list[int]:
    """The least boxes on the (classes, sites) arcs with a tie, of all flows of least cost."""
    program, counted, ends = _Program(), _Program(), []
    for each, tie, least in zip(cases, ties, highs_optima(cases), strict=True):
        first, end = len(program.cost), program.add(each)
        program.require(range(first, end), -highspy.kHighsInf, least, program.cost[first:end])
        nothing = each.limits._replace(floor_cost=0)
        counted.add(replace(each, cost=1 * tie, short=0 * each.short, limits=nothing))
        ends.append(end)
    return program.least(counted.cost, ends)


def with_ties(of: Case, ties: np.ndarray) -> Case:
    """The same with costs that let (classes, sites) arcs with a tie come last where costs tie."""
    scale = tie_scale(of.n_days)
    return replace(of, cost=scale * of.cost + ties, short=scale * of.short,
                   limits=of.limits.at_scale(scale))  # fmt: skip


class _Program:
    """Linear programs side by side; every number is at least 0."""

    def __init__(self) -> None:
        self.cost: list[float] = []
        self.rows: list[list[int]] = []
        self.values: list[float] = []
        self.low: list[float] = []
        self.high: list[float] = []

    def least(self, objective: list[float], ends: list[int]) -> list[int]:
        """The optimum of the columns before each end."""
        columns, cost, solver = len(self.cost), np.array(objective, float), highspy.Highs()
        solver.setOptionValue("output_flag", False)
        solver.addVars(columns, np.zeros(columns), np.full(columns, highspy.kHighsInf))
        solver.changeColsCost(columns, np.arange(columns, dtype=np.int32), cost)
        starts = np.cumsum([0, *(len(row) for row in self.rows)])
        index = np.array(list(itertools.chain(*self.rows)), np.int32)
        low, high = np.array(self.low, float), np.array(self.high, float)
        solver.addRows(len(low), low, high, len(index), starts[:-1].astype(np.int32), index,
                       np.array(self.values, float))  # fmt: skip
        solver.run()
        assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
        paid = np.array(solver.getSolution().col_value) * cost
        return [round(part.sum()) for part in np.split(paid, ends[:-1])]

    def add(self, of: Case) -> int:
        limits, arrive = of.limits, [[] for _ in of.limits.parent]
        for c, count in enumerate(of.counts):
            offers = [(n, k) for n, k in zip(of.node[c], of.cost[c], strict=True) if n >= 0]
            columns = [self._column(k) for _, k in offers] + [self._column(of.short[c])]
            for (n, _), column in zip(offers, columns, strict=False):
                arrive[n].append(column)
            self.require(columns, count, count)
        for node, parent in enumerate(limits.parent[:-1]):
            arrive[parent] += arrive[node]
            if limits.caps[node] < UNCAPPED:
                self.require(arrive[node], -highspy.kHighsInf, limits.caps[node])
            if limits.floors[node]:
                missed = self._column(limits.floor_cost)
                self.require([*arrive[node], missed], limits.floors[node], highspy.kHighsInf)
        return len(self.cost)

    def _column(self, cost: float) -> int:
        self.cost.append(cost)
        return len(self.cost) - 1

    def require(self, columns: Sequence[int], low: float, high: float, values=None) -> None:
        """Σ values × columns between two bounds; every value is 1 when there are none."""
        self.rows.append(list(columns))
        self.values += [1.0] * len(columns) if values is None else values
        self.low.append(low)
        self.high.append(high)


def brute_force(of: Case) -> int:
    """The optimum of a case with one box per class, by trying every way."""
    ways = [
        [(n, k) for n, k in zip(*pair, strict=True) if n >= 0] + [(of.n_days, s)]
        for *pair, s in zip(of.node, of.cost, of.short, strict=True)
    ]
    costs = []
    for way in itertools.product(*ways):
        load = np.zeros(len(of.limits.parent), np.int64)
        for n, _ in way:
            while n >= 0:
                load[n] += 1
                n = of.limits.parent[n]
        if (load <= of.limits.caps).all():
            missed = (of.limits.floors - load)[:-1].clip(min=0).sum()
            costs.append(sum(k for _, k in way) + int(of.limits.floor_cost * missed))
    return min(costs)

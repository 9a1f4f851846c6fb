"""Results of the allocation benchmark as tables, and its goals."""

from dataclasses import dataclass

import pandas as pd

from benchmarks.allocation_greedy import ratios
from benchmarks.allocation_solvers import ratio
from benchmarks.allocation_week import BOXES, DRAWS
from benchmarks.peers.environments import ROOT
from benchmarks.stamp import commit, machine
from benchmarks.tables import markdown, spread

PAGE = ROOT / "benchmarks" / "results" / "allocation.md"
MIN_RATIO, MAX_SOLVES, MAX_STEP, MAX_WEEK = 2.5, 5.0, 1.0, 25.0
MAX_MOVED, MAX_SHORT, MAX_GAP = 0.75, 1.0, 0.005


@dataclass(frozen=True)
class Results:
    """Measured rows: solvers, greedy rules, growth; seconds and broken checks of a whole week."""

    solvers: pd.DataFrame
    greedy: pd.DataFrame
    growth: pd.DataFrame
    week_seconds: float
    broken: list


def goals(results: Results) -> int:
    """Say which goals are met, the headline last; 1 when one is missed."""
    checks = _checks(results)
    for text, met in checks:
        print(f"{'met   ' if met else 'MISSED'} {text}")
    missed = sum(not met for _, met in checks)
    print(f"allocation: {checks[0][0]}; {len(checks) - missed} of {len(checks)} goals met")
    return int(missed > 0)


def _checks(results: Results) -> list[tuple[str, bool]]:
    """Each goal with what was measured, and whether it is met."""
    checks = [*_solver_goals(results.solvers), *_greedy_goals(results.greedy)]
    growth = results.growth
    step = growth[(growth["kind"] == "step") & (growth["sites"] == 4)]["whole"].median()
    checks.append((f"2,000,000 boxes at 4 sites in {step:.2f} CPU s", step <= MAX_STEP))
    gap = growth[growth["kind"] == "items"]["gap"].max()
    checks.append((f"item caps: median gap {100 * gap:.3f} %", gap <= MAX_GAP))
    week = f"{BOXES:,} boxes x {DRAWS} draws to quantities in {results.week_seconds:.1f} CPU s"
    checks.append((week, results.week_seconds <= MAX_WEEK and not results.broken))
    return checks


def _solver_goals(frame):
    first = frame[frame["draws"] == 1]
    same = first.groupby(["sites", "boxes"])["cost"].nunique().eq(1).all()
    yield "every solver finds the same optimum", bool(same)
    for sites in sorted(set(frame["sites"]) & {3, 4, 6}):
        times = ratio(frame, sites, "ortools")
        if len(times):
            middle = times.median()
            yield f"{middle:.1f}x less CPU than OR-Tools at {sites} sites", middle >= MIN_RATIO
    solves = 1 / ratio(frame, 4, "ortools", draws=100)
    if len(solves):
        yield (f"100 draws cost {solves.median():.1f} OR-Tools solves at 4 sites",
               solves.median() <= MAX_SOLVES)  # fmt: skip


def _greedy_goals(frame):
    found = ratios(frame, "arrival order")
    worst = found["moved"].idxmax()
    more = int((found["moved"] > MAX_MOVED).sum())
    yield (f"moved {found['moved'].median():.2f}x of the greedy's boxes in the median",
           found["moved"].median() <= MAX_MOVED)  # fmt: skip
    yield (f"moved {found['moved'].max():.2f}x of the greedy's boxes at worst, where "
           f"{found['fewer_short'][worst]:,} fewer boxes are short; above {MAX_MOVED} in {more} of "
           f"{len(found)} data sets", more == 0)  # fmt: skip
    equal = found["moved_of_served"]
    yield (f"moved {equal.max():.2f}x of the greedy's boxes at worst, where the same boxes are "
           f"short; median {equal.median():.2f}x", equal.max() <= MAX_MOVED)  # fmt: skip
    yield (f"short {found['short'].median():.2f}x of the greedy's boxes, "
           f"{found['short'].max():.2f}x at worst", found["short"].max() <= MAX_SHORT)  # fmt: skip
    yield f"cost {found['cost'].max():.3f}x of the greedy's at most", found["cost"].max() <= 1


def kept(name: str, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows, also as a file beside the page."""
    rows.to_csv(PAGE.with_name(f"allocation_{name}.csv"), index=False)
    return rows


def write_page(results: Results) -> None:
    versions = ", ".join([*sorted(set(results.solvers["version"]))])
    goals_met = [["met" if met else "**missed**", text] for text, met in _checks(results)]
    parts = [
        "# Site allocation",
        f"`python -m benchmarks.allocation`. Median (least–most) over rounds in turns; CPU "
        f"seconds, one thread.\n\nCommit {commit()}; {machine()}; {versions}.",
        "## Goals",
        markdown(["goal", "measured"], goals_met),
        "## Exact solvers\n\nModel building and one solve, from the same classes; 200,000 boxes. "
        "100 draws: the network is sorted once and every draw starts from the prices of the "
        "expected week.",
        _solver_table(results.solvers),
        "## Rules without a solver\n\nEvery rule pays for moves. Boxes of 50,000, median (least–"
        "most) over data sets whose caps hold 95 to 105 % of all boxes, half of that at a site "
        "that makes everything. *Moved*: off a previous site that could pack the box. *Of the same "
        "boxes*: the flow once more, without the boxes that the rule leaves short. Where it moves "
        "more boxes than a rule, it makes seats for boxes that the rule leaves without a site, at "
        "less cost in all.",
        _greedy_table(results.greedy),
        "## The whole step\n\nBoxes → classes → network → flow → a site for each box, kits.",
        _step_table(results.growth),
        "## Growth\n\nNetwork once, then every draw.",
        _draw_table(results.growth),
        "## Caps on items\n\nFour recipes, 70 % of what each site but the first would make of "
        "them; 10 draws of a week. The gap is to a bound that no solution can beat.",
        _item_table(results.growth),
    ]
    PAGE.write_text("\n\n".join(parts) + "\n")


def _solver_table(frame):
    rows = []
    for (sites, name, draws), part in frame.groupby(["sites", "solver", "draws"], sort=False):
        beside = ratio(frame, sites, name) if name != "ours" else None
        solves = 1 / ratio(frame, sites, "ortools", draws) if draws > 1 else None
        rows.append([name if draws == 1 else f"{name}, {draws} draws", str(sites),
                     f"{part['classes'].iloc[0]:,}", spread(part["cpu_seconds"], 3),
                     f"{part['peak_mib'].max():,.0f}",
                     "" if beside is None else spread(beside, 2),
                     "" if solves is None else spread(solves, 1)])  # fmt: skip
    return markdown(["solver", "sites", "classes", "CPU s", "MiB", "÷ ours", "OR-Tools solves"],
                    rows)  # fmt: skip


def _greedy_table(frame):
    rows = []
    for (sites, rule), part in frame.groupby(["sites", "rule"], sort=False):
        beside = ratios(frame[frame["sites"] == sites], rule)
        rows.append([rule, str(sites), spread(part["short"]), spread(part["moved"]),
                     spread(beside["cost"], 3), spread(beside["short"], 2),
                     spread(beside["moved"], 2), spread(beside["moved_of_served"], 2)])  # fmt: skip
    return markdown(["rule", "sites", "short", "moved", "exact ÷ rule, cost in all", "short",
                     "moved", "moved, of the same boxes"], rows)  # fmt: skip


def _cases(frame, kind, keys):
    part = frame[frame["kind"] == kind]
    return part.groupby(keys, sort=False)


def _step_table(frame):
    columns = ["classes", "network", "flow", "assign", "whole"]
    rows = [[f"{int(n):,}", str(sites), f"{int(part['n_classes'].iloc[0]):,}",
             *(spread(part[c], 3) for c in columns), f"{part['peak_mib'].max():,.0f}"]
            for (n, sites), part in _cases(frame, "step", ["boxes", "sites"])]  # fmt: skip
    return markdown(["boxes", "sites", "n classes", *columns, "MiB"], rows)


def _draw_table(frame):
    rows = [[f"{int(n):,}", str(sites), f"{int(draws):,}", f"{int(part['n_classes'].iloc[0]):,}",
             spread(part["whole"], 3), f"{1e3 * part['whole'].median() / draws:,.2f}",
             f"{part['peak_mib'].max():,.0f}"]
            for (n, sites, draws), part in _cases(frame, "draws", ["boxes", "sites", "draws"])
            ]  # fmt: skip
    return markdown(["boxes", "sites", "draws", "classes", "CPU s", "ms a draw", "MiB"], rows)


def _item_table(frame):
    rows = [[f"{int(n):,}", f"{int(part['n_classes'].iloc[0]):,}", spread(part["prices"], 2),
             spread(part["draw"], 3), f"{100 * part['gap'].median():.4f}",
             f"{100 * part['largest_gap'].max():.4f}"]
            for n, part in _cases(frame, "items", "boxes")]  # fmt: skip
    return markdown(["boxes", "classes", "prices, CPU s", "a draw, CPU s", "gap %",
                     "largest gap %"], rows)  # fmt: skip

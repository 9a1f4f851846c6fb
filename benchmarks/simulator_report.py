"""Goals, tables and picture of the simulator's whole stage."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.peers.catalogue import BY_NAME
from benchmarks.simulator_peers_report import GOALS as GOALS_OF_PEERS
from benchmarks.simulator_peers_report import ratios, with_kits
from benchmarks.tables import markdown, picture, significant, spread


@dataclass(frozen=True)
class Goal:
    """For one case."""

    cpu_seconds: float
    gib: float
    ratio: float
    """To a loop of Generator.choice that picks kits only."""


GOALS = {"quick": Goal(4.0, 1.0, 60.0), "gousto": Goal(9.0, 1.5, 100.0)}
_PEERS = "simulator_peers.csv"
MOST_GROWTH = 1.25
"""Cost per box from the smallest to the largest of a series; noise is part of it."""
GROWTH = {"boxes": "boxes", "recipes": "recipes", "draws": "draws"}


def headline(rows: pd.DataFrame, name: str) -> str:
    goal, first = GOALS[name], rows.iloc[0]
    cpu, made = rows["cpu_seconds"].median(), rows["boxes_made"].median()
    return (
        f"simulator: {first['draws']} draws, {made / 1e6:.1f} M boxes in {cpu:.2f} CPU s "
        f"({rows['wall_seconds'].median():.2f} s wall; {cpu / made * 1e9:.0f} ns/box; goal "
        f"{goal.cpu_seconds:g} CPU s), a draw again "
        f"{rows['again_seconds_per_draw'].median() * 1e3:.0f} ms, "
        f"{rows['peak_mib'].median() / 1024:.2f} GiB, {_ratio(rows).median():.0f}× a "
        f"Generator.choice loop (goal {goal.ratio:g})"
    )


def missed_goals(rows: pd.DataFrame) -> list[str]:
    missed = []
    for name, goal in GOALS.items():
        of = rows[rows["series"] == name]
        cpu, gib = of["cpu_seconds"].median(), of["peak_mib"].median() / 1024
        ratio = _ratio(of).median()
        missed += [f"{name} {cpu:.2f} CPU s"] if cpu > goal.cpu_seconds else []
        missed += [f"{name} {gib:.2f} GiB"] if gib > goal.gib else []
        missed += [f"{name} {ratio:.0f}×"] if ratio < goal.ratio else []
    for series, column in GROWTH.items():
        cost = _ns(rows[rows["series"] == series]).groupby(rows[column]).median()
        if len(cost) and cost.iloc[-1] > MOST_GROWTH * cost.iloc[0]:
            missed.append(f"cost per box grows with {column}: {cost.iloc[-1] / cost.iloc[0]:.2f}")
    return missed


def write_report(rows: pd.DataFrame, csv: Path) -> None:
    first = rows.iloc[0]
    missed = missed_goals(rows)
    parts = [
        "# The order simulator as a whole",
        f"Commit {first['commit']} · {first['machine']} · rounds: {rows['round'].max() + 1}. "
        "`make bench-simulator` writes this page.",
        "Reads the week's record (a tenth of the boxes placed), calibrates, draws, writes the "
        "tables, one of the draws box by box. CPU time of all threads per simulated box, as the "
        "median of the rounds and in brackets the least and the most; memory is the peak of the "
        "process, and in brackets what the stage adds to it. × is the time of a loop of "
        "Generator.choice to a DataFrame, which picks kits and nothing else, for a sample of the "
        "same boxes.",
        "## Cost per box as one thing grows", growth(rows),
        "## Where the time goes", stages(rows),
        "## Beside the same stage in NumPy", *beside_numpy(rows, csv.with_name(_PEERS)),
        f"Goals missed: {'; '.join(missed) or 'none'}.",
    ]  # fmt: skip
    csv.with_suffix(".md").write_text("\n\n".join(parts) + "\n")
    draw(rows, csv.with_suffix(".svg"))


def growth(rows: pd.DataFrame) -> str:
    head = ["what varies", "boxes", "recipes", "draws", "threads", "ns a box", "× of the loop",
            "CPU s", "wall s", "memory, MiB"]  # fmt: skip
    lines = []
    for (series, *case), of in _cases(rows):
        memory = f"{of['peak_mib'].median():,.0f} ({of['added_mib'].median():,.0f})"
        facts = [significant(_ns(of)), spread(_ratio(of)), spread(of["cpu_seconds"], 2)]
        facts += [spread(of["wall_seconds"], 2), memory]
        lines.append([series, *(f"{n:,}" for n in case), *facts])
    return markdown(head, lines)


def stages(rows: pd.DataFrame) -> str:
    head = ["case", "boxes", "recipes", "draws", "threads", "read, CPU s", "simulate", "write",
            "a draw again, ms", "stored, MiB"]  # fmt: skip
    parts = [f"{part}_cpu_seconds" for part in ("read", "simulate", "write")]
    lines = []
    for (series, *case), of in _cases(rows):
        seconds = (f"{of[part].median():.2f}" for part in parts)
        lines.append([series, *(f"{n:,}" for n in case), *seconds,
                      f"{of['again_seconds_per_draw'].median() * 1e3:,.1f}",
                      f"{of['stored_mib'].median():,.1f}"])  # fmt: skip
    return markdown(head, lines)


def beside_numpy(rows: pd.DataFrame, peers: Path) -> list[str]:
    """A peer's stage is the one in NumPy with the peer's time to pick kits."""
    of = rows[rows["series"] == "gousto"]
    ours, size = _ns(of).median(), of.iloc[0]
    rest = (of["numpy_seconds_per_box"] - of["numpy_pick_seconds_per_box"]) * 1e9
    picks = ratios(with_kits(pd.read_csv(peers)), size["recipes"], size["boxes"], 1)
    ns = picks.groupby("peer")["ns"].median()
    lines = [[BY_NAME[name].label, f"{ns[name]:,.0f}", f"{ns[name] + rest.median():,.0f}",
              f"{(ns[name] + rest.median()) / ours:,.1f}", f"{goal:,}"]
             for name, goal in GOALS_OF_PEERS.items()]  # fmt: skip
    said = (
        f"Read, drawn and written likewise, {size['draws']} draws: all but the kits takes "
        f"{significant(rest)} ns a box in NumPy, and our stage {ours:.0f} with them. The goals are "
        "the ratios of the kernels, which kernels reach (simulator_peers.md); no whole stage can. "
        "Ten times quicker than the kits alone take in NumPy would leave 17 ns for a box with its "
        "kits, add-ons, sites and class, of which kits take 12 and one pass over its items 10."
    )
    head = ["kits picked by", "its kits, ns a box", "its stage, ns a box", "× ours", "goal ×"]
    return [said, markdown(head, lines)]


def draw(rows: pd.DataFrame, path: Path) -> None:
    """Three small charts that share the axis of cost."""
    charts = []
    for series, column in GROWTH.items():
        of = rows[rows["series"] == series]
        points = pd.DataFrame({"at": of[column], "ns": _ns(of).round(1)}).to_dict("records")
        x = {"field": "at", "type": "quantitative", "title": column,
             "scale": {"type": "log", "nice": False},
             "axis": {"values": sorted(of[column].unique().tolist()), "format": "~s",
                      "grid": False}}  # fmt: skip
        y = {"field": "ns", "type": "quantitative", "scale": {"type": "log"},
             "title": "CPU time per box, ns (log)"}  # fmt: skip
        middle = {**y, "aggregate": "median"}
        charts.append({
            "width": 190, "height": 190, "data": {"values": points}, "encoding": {"x": x},
            "layer": [
                {"mark": {"type": "line", "color": "#17694a"}, "encoding": {"y": middle}},
                {"mark": {"type": "circle", "color": "#17694a"}, "encoding": {"y": y}},
            ],
        })  # fmt: skip
    picture({"hconcat": charts, "resolve": {"scale": {"y": "shared"}},
             "title": "Whole stage: cost of a simulated box as one thing grows"}, path)  # fmt: skip


def _cases(rows: pd.DataFrame):
    keys = ["series", "boxes", "recipes", "draws", "threads"]
    return rows.groupby(keys, sort=False)


def _ns(rows: pd.DataFrame) -> pd.Series:
    return rows["cpu_seconds"] / rows["boxes_made"] * 1e9


def _ratio(rows: pd.DataFrame) -> pd.Series:
    return rows["loop_seconds_per_box"] / (rows["cpu_seconds"] / rows["boxes_made"])

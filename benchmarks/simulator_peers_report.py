"""The table and picture of simulator_peers."""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.peers.catalogue import BY_NAME, FRAMES, KITS, OURS, PEERS
from benchmarks.tables import WIDE, markdown, picture, significant, spread

GOALS = {"alias": 10, "cdf": 20, "race": 47, "jax": 58, "torch": 83, "gumbel": 120,
         "choicemodels": 435, "activitysim": 790, "choice": 1_200, "simpy": 1_590}  # fmt: skip
"""Ratios that a trial kernel with alias tables reached at 100 recipes and 200,000 boxes."""
AT_RECIPES, AT_BOXES = 100, 200_000
LINES = (PEERS[0], KITS, *PEERS[1:])
_QUICK_GOAL, _SPREAD_OF_RMS = 250.0, 4.5


def headline(rows: pd.DataFrame) -> tuple[str, bool]:
    """The last line, and whether a goal is missed."""
    known = exact(rows)
    rows = with_kits(rows)
    known_case = ratios(rows, AT_RECIPES, AT_BOXES, 1)
    ratio = known_case.groupby("peer")["ratio"].median()
    goals = GOALS if "simpy" in ratio else {"choice": _QUICK_GOAL}
    short = [f"{BY_NAME[name].label} {ratio[name]:,.3g} of {goal:,}"
             for name, goal in goals.items() if ratio[name] < goal]  # fmt: skip
    wrong = [BY_NAME[name].label for name, fine in known["exact"].items() if not fine]
    ns = known_case.groupby("peer")["ns"].median()
    text = (f"simulator peers: {ns['kits']:.0f} ns of CPU for the kits of a box, {ns[OURS]:.0f} "
            f"with the box itself; {ratio['choice']:,.0f}× a Generator.choice loop, "
            f"{ratio['alias']:.1f}× the best of NumPy")  # fmt: skip
    text += f"; NOT EXACT: {', '.join(wrong)}" if wrong else ", all exact"
    return text + (f"; MISSED: {', '.join(short)}" if short else ""), bool(short or wrong)


def write_report(rows: pd.DataFrame, csv: Path) -> None:
    first, rows = rows.iloc[0], with_kits(rows)
    parts = [
        "# Picking boxes: the kernel beside its peers",
        f"Commit {first['commit']} · {first['machine']} · rounds: {rows['round'].max() + 1}. "
        "`make bench-simulator_peers` writes this page.",
        "Time is CPU time per box, from weights to kits, of all threads; tables of the weights "
        "are part of it, imports and compilation are not. In brackets the least and the most of "
        "the rounds. Peers are given each box's size, our kernel draws it, with portions, taste, "
        "whether its customer chose, and the number of products: × is the peer's time over ours "
        "without these (our whole time less the time of these alone), both in the same round.",
        "The goals are what a trial kernel with alias tables reached on another machine. Numba "
        "alias tables are that algorithm here: the last column says what is missed because of the "
        "machine and the peers (the rest of the way to the goal), and what slot tables cost.",
        "## By size of the menu, 200,000 boxes", by_recipes(rows),
        "## By number of boxes, 100 recipes", by_boxes(rows),
        *every_case(rows),
        *two_threads(rows),
        f"## Memory beyond the problem, 100 recipes, {our_sizes(rows)[-1]:,} boxes", memory(rows),
        "## Are the boxes right?", exactness(rows),
    ]  # fmt: skip
    csv.with_suffix(".md").write_text("\n\n".join(parts) + "\n")
    draw(rows, csv.with_suffix(".svg"))


def with_kits(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of KITS added: all of ours less what a box is, as measured in the same round."""
    case = ["round", "recipes", "boxes", "threads"]
    ours = rows[rows["peer"] == OURS].set_index(case)
    frames = rows[rows["peer"] == FRAMES].set_index(case)
    times = ["cpu_seconds", "wall_seconds"]
    kits = ours[["measured_boxes"]].join(ours[times] - frames[times])
    return pd.concat([rows, kits.reset_index().assign(peer=KITS.name)], ignore_index=True)


def ratios(rows: pd.DataFrame, recipes: int, boxes: int, threads: int) -> pd.DataFrame:
    """By peer and round ns and ratios; a peer's largest sample stands for larger cases."""
    rows = rows.assign(ns=rows["cpu_seconds"] / rows["measured_boxes"] * 1e9)
    case = rows[(rows["recipes"] == recipes) & (rows["threads"] == threads)]
    case = case[case["boxes"] <= boxes].sort_values("boxes")
    case = case.groupby(["peer", "round"], as_index=False).last()
    ns = case.pivot_table("ns", "round", "peer")
    return case.assign(
        ratio=case["ns"] / case["round"].map(ns[KITS.name]),
        of_alias=case["ns"] / case["round"].map(ns["alias_compiled"]),
    )


def exact(rows: pd.DataFrame) -> pd.DataFrame:
    """By peer over all its measurements: cells, rms and largest deviation, broken boxes."""
    seen = rows[rows["cells"] > 0]
    squares = (seen["rms_z"] ** 2 * seen["cells"]).groupby(seen["peer"]).sum()
    by = seen.groupby("peer").agg(
        cells=("cells", "sum"), max_z=("max_z", "max"), broken=("broken", "sum")
    )
    by["rms_z"] = np.sqrt(squares / by["cells"])
    bound = _SPREAD_OF_RMS / np.sqrt(2 * by["cells"])
    by["exact"] = (by["broken"] == 0) & ((by["rms_z"] - 1).abs() < bound) & (by["max_z"] < 6.5)
    return by


def by_recipes(rows: pd.DataFrame) -> str:
    known, menus = exact(rows), sorted(rows["recipes"].unique())
    cases = {r: ratios(rows, r, AT_BOXES, 1).groupby("peer") for r in menus}
    head = ["peer", *(f"{what}, R = {r}" for r in menus for what in ("ns", "×")),
            "goal ×", f"× of numba alias, R = {AT_RECIPES}"]  # fmt: skip
    lines = []
    for peer in LINES:
        line = [peer.label + _sample(peer.name, AT_BOXES)]
        for r in menus:
            case = cases[r].get_group(peer.name)
            line += [spread(case["ns"]), _ratio(case, peer.name, known)]
        goal = f"{GOALS[peer.name]:,}" if peer.name in GOALS else ""
        of_alias = cases[AT_RECIPES].get_group(peer.name)["of_alias"]
        lines.append([*line, goal, significant(of_alias)])
    return markdown(head, lines)


def by_boxes(rows: pd.DataFrame) -> str:
    known, sizes = exact(rows), our_sizes(rows)
    cases = {n: ratios(rows, AT_RECIPES, n, 1).groupby("peer") for n in sizes}
    head = ["peer", *(f"{what}, N = {n:,}" for n in sizes for what in ("ns", "×"))]
    lines = []
    for peer in LINES:
        groups = [cases[n].get_group(peer.name) for n in sizes]
        lines.append([peer.label, *(text for case, n in zip(groups, sizes, strict=True)
                      for text in (spread(case["ns"]) + _sample(peer.name, n),
                                   _ratio(case, peer.name, known)))])  # fmt: skip
    return markdown(head, lines)


def every_case(rows: pd.DataFrame) -> list[str]:
    """Only where the run had all combinations."""
    ours = rows[(rows["peer"] == OURS) & (rows["threads"] == 1)]
    cases = list(product(sorted(rows["recipes"].unique()), sorted(rows["boxes"].unique())))
    if len(ours[["recipes", "boxes"]].drop_duplicates()) < len(cases):
        return []
    found = [ratios(rows, *case, 1).groupby("peer")["ns"].median() for case in cases]
    head = ["peer", *(f"R = {r}, N = {n:,}" for r, n in cases)]
    body = [[p.label, *(f"{ns[p.name]:,.0f}" for ns in found)] for p in LINES]
    return ["## Every menu and number of boxes: ns a box", markdown(head, body)]


def our_sizes(rows: pd.DataFrame) -> list[int]:
    """Numbers of boxes that were measured at the typical menu."""
    ours = rows[(rows["peer"] == OURS) & (rows["recipes"] == AT_RECIPES)]
    return sorted(ours["boxes"].unique().tolist())


def two_threads(rows: pd.DataFrame) -> list[str]:
    """Only where the run had them."""
    if rows["threads"].max() < 2:
        return []
    biggest = our_sizes(rows)[-1]
    one, two = (ratios(rows, AT_RECIPES, biggest, threads) for threads in (1, 2))
    lines = []
    for peer in LINES:
        pair = [case[case["peer"] == peer.name] for case in (one, two)]
        if len(pair[1]):
            wall = [case["wall_seconds"] / case["measured_boxes"] * 1e9 for case in pair]
            lines.append([peer.label, *(significant(case["ns"]) for case in pair),
                          *map(significant, wall), f"{wall[0].median() / wall[1].median():.2f}",
                          significant(pair[1]["ratio"])])  # fmt: skip
    head = ["peer", "CPU ns, 1", "CPU ns, 2", "wall ns, 1", "wall ns, 2", "speed-up", "CPU ×, 2"]
    return [
        f"## Two threads, 100 recipes, {biggest:,} boxes", markdown(head, lines),
        "Wall time is that of a machine with other work. Peers that are not here hold Python's "
        "lock: a second thread gives them nothing.",
    ]  # fmt: skip


def memory(rows: pd.DataFrame) -> str:
    case = ratios(rows, AT_RECIPES, our_sizes(rows)[-1], 1).groupby("peer")
    lines = []
    for peer in PEERS:
        facts = case.get_group(peer.name)
        added = facts["added_mib"].median()
        n = facts["measured_boxes"].iloc[0]
        lines.append([peer.label, f"{n:,}", f"{added:,.0f}", f"{added * 2**20 / n:,.0f}",
                      f"{facts['peak_mib'].median():,.0f}"])  # fmt: skip
    return markdown(["peer", "boxes", "MiB", "bytes a box", "whole process, MiB"], lines)


def exactness(rows: pd.DataFrame) -> str:
    known = exact(rows)
    versions = rows.groupby("peer")["versions"].first()
    lines = []
    for peer in PEERS:
        if peer.name in known.index:
            k = known.loc[peer.name]
            lines.append([peer.label, f"{k['cells']:,.0f}", f"{k['rms_z']:.3f}",
                          f"{k['max_z']:.1f}", f"{k['broken']:,.0f}",
                          "exact" if k["exact"] else "**not exact**",
                          str(versions.get(peer.name) or "")])  # fmt: skip
    return (
        "Kits by segment and recipe against exact inclusion probabilities, in standard deviations "
        "(1 when exact), and boxes with a recipe twice, a forbidden one, or too few.\n\n"
    ) + markdown(["peer", "counts", "rms", "largest", "broken", "", "versions"], lines)


def draw(rows: pd.DataFrame, path: Path) -> None:
    case = ratios(rows, AT_RECIPES, AT_BOXES, 1).groupby("peer")["ns"].median()
    bars = [{"peer": p.label, "ns": round(case[p.name], 1), "ours": p.module == "ours"}
            for p in LINES if p.name in case and p.name != FRAMES]  # fmt: skip
    x = {"field": "ns", "type": "quantitative", "scale": {"type": "log", "domainMin": 10},
         "axis": {"values": [10, 100, 1_000, 10_000, 100_000]},
         "title": "CPU time per box, ns (log)"}  # fmt: skip
    axis = {"labelLimit": 280, "grid": True}
    y = {"field": "peer", "type": "nominal", "sort": "x", "title": None, "axis": axis}
    colour = {"condition": {"test": "datum.ours", "value": "#17694a"}, "value": "#9aa5a0"}
    dot = {"type": "circle", "size": 90, "opacity": 1}
    text = {"field": "ns", "type": "quantitative", "format": ",.0f"}
    picture({
        **WIDE, "title": f"Boxes of 2 to 5 of {AT_RECIPES} recipes, {AT_BOXES:,} boxes, one thread",
        "data": {"values": bars}, "encoding": {"y": y, "x": x},
        "layer": [{"mark": dot, "encoding": {"color": colour}},
                  {"mark": {"type": "text", "align": "left", "dx": 8}, "encoding": {"text": text}}],
    }, path)  # fmt: skip


def _ratio(case: pd.DataFrame, name: str, known: pd.DataFrame) -> str:
    if name == KITS.name:
        return "1"
    if name in known.index and not known.loc[name, "exact"]:
        return "not exact"
    return significant(case["ratio"])


def _sample(name: str, boxes: int) -> str:
    most = BY_NAME[name].most_boxes
    return f" [sample of {most:,}]" if most < boxes else ""

"""Goals, tables and picture of benchmarks.growth."""

from pathlib import Path

import pandas as pd

from benchmarks.stamp import machine
from benchmarks.tables import markdown, picture

MOST_GROWTH = 1.25
"""Cost per unit from the smallest to the largest point of an axis; noise is part of it."""
STAGES = ["extract", "simulate", "forecast", "checks", "store", "publish"]
BYTES_OF_A_BOX = 16
"""What is noted of a simulated box before it is counted: class, day, kits."""


def unit_costs(rows: pd.DataFrame) -> pd.DataFrame:
    """CPU seconds per unit of each axis: a box, a draw of a box, a site, a week."""
    made = rows["boxes"] * rows["draws"]
    unit = {"boxes": rows["boxes"], "draws": made, "sites": rows["sites"],
            "recipes": rows["recipes"], "skus": rows["skus"],
            "weeks": pd.Series(1, rows.index)}  # fmt: skip
    cost = rows["week"] + rows["publish"].fillna(0.0)
    return rows.assign(cost=cost, per_unit=[
        cost[i] / unit[axis][i] for i, axis in rows["axis"].items()
    ])  # fmt: skip


def growth(rows: pd.DataFrame) -> pd.Series:
    """Cost per unit at the largest point over that at the smallest, by axis."""
    costs = unit_costs(rows).groupby("axis", sort=False)["per_unit"]
    return costs.last() / costs.first()


def missed_goals(rows: pd.DataFrame) -> list[str]:
    """Axes along which a unit becomes dearer."""
    return [f"{axis} ×{ratio:.2f}" for axis, ratio in growth(rows).items() if ratio > MOST_GROWTH]


def headline(rows: pd.DataFrame) -> str:
    """The last line."""
    told = ", ".join(f"{axis} ×{ratio:.2f}" for axis, ratio in growth(rows).items())
    missed = missed_goals(rows)
    return (f"growth: cost per unit from least to most: {told} (goal ×{MOST_GROWTH:g})"
            f"{' MISSED: ' + ', '.join(missed) if missed else ''}")  # fmt: skip


def write_report(rows: pd.DataFrame, csv: Path) -> None:
    """The tables and the picture beside the CSV."""
    costs = unit_costs(rows)
    parts = [
        "# Growth\n",
        f"`make bench-growth` at commit {', '.join(rows['commit'].unique())}, {machine()}; "
        "CPU seconds of one warm week (axis weeks: the mean of all weeks of the plan, with its "
        "share of the publication), its past weeks counted for an earlier one (decision 26). "
        f"Load averages {rows['load'].min():.0f} to {rows['load'].max():.0f}, of the exact solves "
        f"{rows['solves_load'].min():.0f} to {rows['solves_load'].max():.0f}.\n",
        f"{headline(rows)}\n",
        "![cost per unit, and seconds beside what the machine needs at least](growth.svg)\n",
    ]
    for axis, of in costs.groupby("axis", sort=False):
        parts += [f"## By {axis}\n", markdown(*_axis_table(axis, of)), ""]
    parts += ["## Physical limits\n", _limits(costs)]
    csv.with_suffix(".md").write_text("\n".join(parts) + "\n")
    picture(_picture(costs), csv.with_suffix(".svg"))


def _axis_table(axis, of):
    stages = [stage for stage in STAGES if of[stage].notna().any()]
    head = [axis, *stages, "a week", f"µs a {'box × draw' if axis == 'draws' else axis[:-1]}",
            "peak GiB"]  # fmt: skip
    head += ["Dagster, whole"] if of["dagster"].notna().any() else []
    body = [
        [f"{row[axis]:,}", *[f"{row[stage]:.2f}" for stage in stages], f"{row['cost']:.2f}",
         f"{row['per_unit'] * 1e6:,.2f}", f"{row['gib']:.2f}",
         *([f"{row['dagster']:.2f}"] if pd.notna(row["dagster"]) else [])]
        for _, row in of.iterrows()
    ]  # fmt: skip
    return head, body


def _limits(costs):
    of = costs[costs["axis"].isin(["boxes", "sites"])]
    body = [
        [f"{row['boxes']:,} × {row['draws']:,}, {row['sites']}", f"{row['input_mib']:,.1f}",
         f"{row['decode']:.2f}", f"{row['extract']:.2f}", f"{row['stored_mib']:,.1f}",
         f"{_through_memory(row):.4f}", f"{row['simulate']:.2f}", f"{row['solves']:.4f}",
         f"{row['forecast']:.2f}"]
        for _, row in of.iterrows()
    ]  # fmt: skip
    table = markdown(
        ["boxes × draws, sites", "MiB of orders read", "decoding them alone, s", "extract, s",
         "MiB stored", f"simulated boxes once through memory ({BYTES_OF_A_BOX} B each), s",
         "simulate, s", "exact solves of the draws alone, s", "forecast, s"], body,
    )  # fmt: skip
    speed = costs["gib_per_second"].median()
    return f"One core copies {speed:.1f} GiB/s, read and written.\n\n{table}"


def _through_memory(row):
    return row["boxes"] * row["draws"] * BYTES_OF_A_BOX / 2**30 / row["gib_per_second"]


def _picture(costs):
    """Left: cost per unit. Right: seconds of stages, and of what the machine needs at least."""
    of = costs[costs["axis"] == "boxes"]
    seconds = {"extract": of["extract"], "decoding orders (limit)": of["decode"],
               "simulate": of["simulate"], "boxes through memory (limit)":
               of.apply(_through_memory, axis=1), "forecast": of["forecast"],
               "exact solves (limit)": of["solves"]}  # fmt: skip
    values = [{"boxes": boxes, "seconds": value, "what": what,
               "kind": "limit" if "(limit)" in what else "stage"}
              for what, all_values in seconds.items()
              for boxes, value in zip(of["boxes"], all_values, strict=True)]  # fmt: skip
    limits = {
        "width": 420, "height": 260, "data": {"values": values},
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": {"field": "boxes", "type": "quantitative", "scale": {"type": "log"},
                  "title": "boxes of a week"},
            "y": {"field": "seconds", "type": "quantitative", "scale": {"type": "log"},
                  "title": "CPU seconds"},
            "color": {"field": "what", "type": "nominal", "title": None, "sort": list(seconds)},
            "strokeDash": {"field": "kind", "type": "nominal", "legend": None,
                           "sort": ["stage", "limit"]},
        },
    }  # fmt: skip
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "hconcat": [_per_unit(costs), limits],
        "resolve": {"scale": {"color": "independent"}},
    }


def _per_unit(costs):
    relative = costs.assign(relative=costs["per_unit"] / costs.groupby("axis")["per_unit"]
                            .transform("first"))  # fmt: skip
    grown = [row[row["axis"]] / relative.loc[relative["axis"] == row["axis"], row["axis"]].iloc[0]
             for _, row in relative.iterrows()]  # fmt: skip
    values = relative.assign(grown=grown)[["axis", "grown", "relative"]].to_dict("records")
    return {
        "width": 420, "height": 260, "data": {"values": values},
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": {"field": "grown", "type": "quantitative", "scale": {"type": "log"},
                  "title": "times the smallest point"},
            "y": {"field": "relative", "type": "quantitative", "scale": {"type": "log"},
                  "title": "CPU per unit, smallest point = 1"},
            "color": {"field": "axis", "type": "nominal", "title": None},
        },
    }  # fmt: skip

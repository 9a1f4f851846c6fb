"""Simulated orders made without the simulator: random boxes in the form it hands on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from worlds import small_provenance

from sitecast.records.contract import TEXT
from sitecast.records.draw_boxes import DrawBoxes
from sitecast.records.plan import ForecastPlan
from sitecast.records.week_axes import WeekAxes, week_axes
from sitecast.records.week_record import SimulatedOrders, WeekData

KEY = ["is_simulated", "day", "region", "site_set", "previous_site"]


@dataclass(frozen=True)
class HandMade:
    """What allocate_orders() takes beside the week and the plan."""

    simulated: SimulatedOrders
    placed: DrawBoxes
    draws: list[DrawBoxes]

    @property
    def boxes_of_draw(self) -> Callable[[int], DrawBoxes]:
        return self.draws.__getitem__


def boxes_by_hand(
    week: WeekData, plan: ForecastPlan, seed: int = 0, mean: int | Sequence[int] = 60,
    n_placed: int = 25,
) -> HandMade:  # fmt: skip
    """Random placed boxes and about `mean` random simulated ones per draw, or of each draw."""
    axes, rng = week_axes(week), np.random.default_rng(seed)
    many = [_random_boxes(axes, rng, n_placed, is_simulated=False)]
    many += [_random_boxes(axes, rng, number, is_simulated=True)
             for number in rng.poisson(np.broadcast_to(mean, plan.draws))]  # fmt: skip
    keys = pd.concat([frame[KEY] for frame, _ in many])
    number = keys.groupby(KEY).ngroup().to_numpy().astype(np.int32)
    classes = keys.drop_duplicates().sort_values(KEY).reset_index(drop=True)
    parts = np.split(number, np.cumsum([len(frame) for frame, _ in many])[:-1])
    boxes = [replace(flat, box_class=part)
             for (_, flat), part in zip(many, parts, strict=True)]  # fmt: skip
    per_draw = [pd.Series(d.box_class).value_counts().sort_index() for d in boxes[1:]]
    tables = {
        "classes": _class_table(classes, axes),
        "class_boxes": pd.DataFrame(
            [(draw, c, n) for draw, found in enumerate(per_draw) for c, n in found.items()],
            columns=["draw", "class_id", "boxes"], dtype="int64",
        ),
        "orders": pd.concat([
            _order_table(axes, many[0][0], boxes[0], "o"),
            _order_table(axes, many[1][0], boxes[1], "s"),
        ], ignore_index=True),
    }  # fmt: skip
    record = SimulatedOrders(small_provenance(plan, week.menu_week), tables)
    return HandMade(record, boxes[0], boxes[1:])


def _random_boxes(
    axes: WeekAxes, rng: np.random.Generator, n: int, is_simulated: bool
) -> tuple[pd.DataFrame, DrawBoxes]:
    sizes = rng.integers(1, 4, n)
    portions = rng.choice(axes.portions, n)
    n_kit_items = len(axes.recipes) * len(axes.portions)
    items, sets = [], []
    for size, people in zip(sizes, portions, strict=True):
        picks = rng.choice(len(axes.recipes), size, replace=False)
        box = picks * len(axes.portions) + np.searchsorted(axes.portions, people)
        extra = rng.integers(n_kit_items, axes.n_items, rng.integers(0, 2))
        items.append(np.concatenate([box, extra]))
        sets.append(int(np.bitwise_and.reduce(axes.item_sites[items[-1]])))
    frame = pd.DataFrame({
        "is_simulated": is_simulated,
        "day": rng.integers(0, len(axes.days), n),
        "region": rng.integers(0, len(axes.regions), n),
        "site_set": np.array(sets, dtype=np.int64),
        "previous_site": -1 if is_simulated else rng.integers(-1, len(axes.sites), n),
    })  # fmt: skip
    ptr = np.concatenate([[0], np.cumsum([len(box) for box in items])]).astype(np.int64)
    flat = np.concatenate([np.zeros(0, int), *items]).astype(np.int32)
    rank = rng.integers(0, 2**63, n, dtype=np.uint64)
    return frame, DrawBoxes(np.zeros(n, np.int32), rank, ptr, flat, portions.astype(np.int16))


def _class_table(classes: pd.DataFrame, axes: WeekAxes) -> pd.DataFrame:
    return pd.DataFrame({
        "class_id": np.arange(len(classes)),
        "is_simulated": classes["is_simulated"],
        "delivery_date": axes.days[classes["day"]],
        "region_id": axes.regions[classes["region"]],
        "site_set": classes["site_set"],
        "previous_site": classes["previous_site"].astype("int64"),
    }).astype({"region_id": TEXT})  # fmt: skip


def _order_table(
    axes: WeekAxes, frame: pd.DataFrame, boxes: DrawBoxes, prefix: str
) -> pd.DataFrame:
    sites = np.append(axes.sites.to_numpy(dtype=object), None)
    return pd.DataFrame({
        "box_id": [f"{prefix}{at}" for at in range(len(frame))],
        "is_simulated": frame["is_simulated"],
        "delivery_date": axes.days[frame["day"]],
        "region_id": axes.regions[frame["region"]],
        "segment": "family",
        "portions": boxes.portions.astype("int64"),
        "previous_site_id": pd.array(sites[frame["previous_site"]], dtype=TEXT),
        "class_id": boxes.box_class.astype("int64"),
    }).astype({"box_id": TEXT, "region_id": TEXT, "segment": TEXT})  # fmt: skip

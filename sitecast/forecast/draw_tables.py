"""The draws behind the forecast as tables, so that any other level can be summed from them."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.records.allocation import Allocation
from sitecast.records.quantiles import text_at
from sitecast.records.tables_written import KIT_DRAWS


def box_items(packs: pd.DataFrame) -> pd.DataFrame:
    """Packs (n_kits, portions) as items: item_type `box`, item_id the number of kits."""
    return pd.DataFrame({
        "item_type": "box", "item_id": packs["n_kits"].astype(str), "portions": packs["portions"],
    })  # fmt: skip


def kit_draws(allocation: Allocation, items: pd.DataFrame) -> pd.DataFrame:
    """Kits, pieces and boxes by draw, lane and item; `items` are kits and products, then packs."""
    kits = _nonzero(allocation.kits, 0)
    boxes = _nonzero(allocation.box_packs, allocation.kits.shape[2])
    draw, lane, item, count = (np.concatenate(pair) for pair in zip(kits, boxes, strict=True))
    lanes = allocation.axes.lanes
    kinds = pd.Index(items["item_type"].unique())
    ids = pd.Index(items["item_id"].unique())
    frame = {
        "draw": draw,
        "site_id": text_at(allocation.axes.sites, lanes["site"].to_numpy()[lane]),
        "production_date": lanes["production_date"].to_numpy()[lane],
        "delivery_date": lanes["delivery_date"].to_numpy()[lane],
        "item_type": text_at(kinds, kinds.get_indexer(items["item_type"])[item]),
        "item_id": text_at(ids, ids.get_indexer(items["item_id"])[item]),
        "portions": items["portions"].to_numpy()[item],
        "kits": count,
    }
    return KIT_DRAWS.shaped(pd.DataFrame(frame, copy=False))


def load_draws(allocation: Allocation) -> pd.DataFrame:
    """draw, site_id, production_date, boxes of every site-day; rows of 0 are kept."""
    lanes = allocation.axes.lanes
    groups = lanes.groupby(["site", "production_date"]).indices
    n_draws = len(allocation.boxes)
    site = np.array([key[0] for key in groups], dtype=np.int64)
    dates = np.array([key[1] for key in groups], dtype="datetime64[ms]")
    load = [allocation.boxes[:, of_day].sum(axis=1) for of_day in groups.values()]
    return pd.DataFrame({
        "draw": np.tile(np.arange(n_draws), len(groups)),
        "site_id": text_at(allocation.axes.sites, np.repeat(site, n_draws)),
        "production_date": np.repeat(dates, n_draws),
        "boxes": np.concatenate([np.zeros(0, np.int64), *load]),
    })  # fmt: skip


def _nonzero(counts: NDArray[np.int32], first_item: int) -> tuple[NDArray[np.integer], ...]:
    place = np.flatnonzero(counts)
    of_draw, item = np.divmod(place, counts.shape[2])
    draw, lane = np.divmod(of_draw, counts.shape[1])
    return draw, lane, item + first_item, counts.reshape(-1)[place]

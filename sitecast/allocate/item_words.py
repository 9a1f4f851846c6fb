"""Item caps in words: what keeps a box out where its site-days have room."""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.allocate.box_classes import BoxClasses
from sitecast.allocate.item_limits import ItemLimits
from sitecast.allocate.site_days import SiteDays

WORDS = {"sku": "SKU"}


def with_item_limits(
    classes: BoxClasses, caps: ItemLimits, held: NDArray[np.int64], days: SiteDays
) -> BoxClasses:
    """The classes with a second limit each: the caps of the items in their boxes.

    Args:
        classes: told apart by what they hold of the capped items.
        caps: of items.
        held: (classes, resources) units in a box.
        days: sites of the site-days.
    """
    site = np.append(days.table["site"].to_numpy(dtype=np.int64), -1)[classes.network.arc_node]
    usable = np.zeros((len(held), int(caps.sites.max(initial=0)) + 1), dtype=bool)
    known = (site >= 0) & (site < usable.shape[1])
    usable[classes.arc_class[known], site[known]] = True
    asked = usable[:, caps.sites] & (held[:, caps.items] > 0)
    some = np.flatnonzero(asked.any(axis=1))
    keys = np.column_stack([classes.limit[some], asked[some]])
    each, number = np.unique(keys, axis=0, return_inverse=True)
    words = _names(caps)
    items = ["; ".join(words[row] for row in np.flatnonzero(key[1:])) for key in each]
    base = classes.limits.iloc[each[:, 0]].reset_index(drop=True)
    more = base.assign(reason="item_cap_binds", binding=pd.Series(items) + "; " + base["binding"])
    item_limit = classes.limit.copy()
    item_limit[some] = len(classes.limits) + number.reshape(-1)
    no_day = np.zeros((len(each), classes.limit_node.shape[1]), dtype=bool)
    return replace(
        classes, limits=pd.concat([classes.limits, more], ignore_index=True),
        limit_node=np.concatenate([classes.limit_node, no_day]), item_limit=item_limit,
    )  # fmt: skip


def _names(caps: ItemLimits) -> list[str]:
    return [f"{WORDS.get(row.item_type, row.item_type)} {row.item_id} at {row.site_id} "
            f"({row.cap / row.scale:.12g} {row.uom} in the week)"
            for row in caps.table.itertuples()]  # fmt: skip

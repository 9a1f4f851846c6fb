"""Order lines whose order is nowhere in the source."""

import pandas as pd

from sitecast.errors import Breach
from sitecast.extract.reader import Known, TableReader
from sitecast.extract.told import told_once
from sitecast.records.matching import positions


def orphan_lines(reader: TableReader, orders: Known, lines: Known) -> list[Breach]:
    """Lines whose order is nowhere: an order was lost, and nobody can say of which week.

    Args:
        reader: reads all orders when a line's order is not among those read so far.
        orders: orders of the week, and maybe others.
        lines: lines of the week, and maybe others.
    """
    read = orders.converted.frame["order_id"]
    alone = lines.frame[positions(lines.frame["order_id"], read) < 0]
    if len(alone):
        everywhere = reader.known("orders").converted.frame["order_id"]
        alone = alone[positions(alone["order_id"], everywhere) < 0]
    lost = pd.Series(True, index=alone.index)
    return list(told_once("order_lines", alone, lost, "order_id", "line without an order",
                          "add the order to orders, or remove its lines"))  # fmt: skip

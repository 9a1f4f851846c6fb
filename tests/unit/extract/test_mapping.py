import pytest

from sitecast.errors import SettingsError
from sitecast.extract import ColumnMapping, open_source

MAPPING = """
orders:
  from: tbl_orders
  columns: {order_id: id, delivery_date: deliver_on}
  values:
    state: {OPEN: placed, NO: cancelled}
  constants: {segment: everyone}
"""


@pytest.fixture
def mapping_file(tmp_path):
    def write(content):
        path = tmp_path / "mapping.yaml"
        path.write_text(content, encoding="utf-8")
        return path

    return write  # fmt: skip


def test_names_values_and_constants(tmp_path, mapping_file):
    folder = tmp_path / "input"
    folder.mkdir()
    (folder / "tbl_orders.csv").write_text(
        "id,deliver_on,state,segment,secret\n1,2026-11-28, OPEN,x,s\n2,2026-11-29,NO,y,s\n"
        "3,2026-11-29,delivered,z,s\n"
    )
    orders = open_source("input", tmp_path, mapping_file(MAPPING)).read("orders")
    assert orders["order_id"].tolist() == ["1", "2", "3"]
    assert orders["state"].tolist() == ["placed", "cancelled", "delivered"]
    assert orders["segment"].tolist() == ["everyone"] * 3
    assert sorted(orders) == ["delivery_date", "order_id", "segment", "state"]


@pytest.mark.parametrize(("content", "message"), [
    ("oders: {from: x}", "unknown table: oders.*nearest known is orders"),
    ("orders: {columns: {order: id}}", "column of orders: order .*nearest known is order_id"),
    ("orders: {values: {stat: {a: b}}}", "unknown column of orders: stat .*nearest known is state"),
    ("orders: {form: x}", "form: Extra inputs"),
    ("orders: {from: ../../etc/passwd}", "from: String should match"),
    ("orders: {from: a/b}", "from: String should match"),
    ("orders: [1]", "wrong mapping"),
])  # fmt: skip
def test_wrong_mappings_are_refused(mapping_file, content, message):
    with pytest.raises(SettingsError, match=message):
        ColumnMapping.load(mapping_file(content))

"""What a plan orders: the one published table that no week can make by itself."""

from sitecast.records.contract import TableContract, amount, count, day, text

PURCHASE_PLAN = TableContract(
    "purchase_plan",
    "What to order for each need of a plan, net of stock and open purchase orders. In order of "
    "time every need takes what its site has, the first to expire first, and nothing is used "
    "twice: qty_required = from_stock + from_open_pos + from_surplus + net.",
    ("menu_week", "site_id", "need_date", "sku_id"),
    (
        text("menu_week", "menu week"),
        text("site_id", "factory"),
        day("need_date", "production date the SKU is needed for"),
        text("sku_id", "ingredient, product or packaging item"),
        text("uom", "unit of the quantities"),
        amount("qty_required", "quantity at the service level, as in site_forecast", "base_uom"),
        amount("from_stock", "part that stock covers before it expires", "base_uom"),
        amount("from_open_pos", "part that open purchase orders cover", "base_uom"),
        amount("from_surplus", "part left over from this plan's orders for earlier needs, by case "
               "size or least order, that still keeps", "base_uom"),
        amount("net", "part that must be ordered", "base_uom"),
        count("cases", "whole cases that cover net and the least order", "cases"),
        amount("qty_ordered", "quantity in the cases", "base_uom"),
        amount("left_over", "part of qty_ordered that no need of this plan uses while it keeps",
               "base_uom"),
        amount("commit_now", "part of qty_ordered to order before the next plan: all or nothing, "
               "by order_by", "base_uom"),
        amount("flex_later", "part of qty_ordered that the next plan may still change",
               "base_uom"),
        day("order_by", "last day to order; before as_of when it is too late for the lead time"),
    ),
)  # fmt: skip

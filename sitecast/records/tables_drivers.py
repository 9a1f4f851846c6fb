"""What is known ahead about the days' demand, declared by the company. Part of extracted_data."""

from sitecast.records.contract import TableContract, amount, day, text

CLOSED = "closed"
"""The one driver with a fixed meaning: at 1, nobody there is served on that day."""

DEMAND_DRIVERS = TableContract(
    "demand_drivers",
    "What is known ahead about a day's demand: holidays, school terms, closures, promotions, "
    "prices. For past weeks as for planned ones; a day without a row has the value 0. Volume "
    "models that use drivers learn what each one does.",
    ("menu_week", "delivery_date", "region_id", "segment", "driver"),
    (
        text("menu_week", "menu week"),
        day("delivery_date", "the customer's day"),
        text("region_id", "delivery region; all of them when empty", nullable=True, optional=True),
        text("segment", "customer segment; all of them when empty", nullable=True, optional=True),
        text("driver", "name of the driver; `closed` = nobody is served where it is not 0"),
        amount("value", "value of the driver that day; any scale, the same over time",
               minimum=None),
    ),
    optional=True,
)  # fmt: skip

"""One menu week of the demo company's order book."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sitecast.extract.demo.calendar import AS_OF, DemoWeek, delivery_days_table
from sitecast.extract.demo.choices import choose_products, choose_recipes
from sitecast.extract.demo.company import Company
from sitecast.extract.demo.customers import BOX_SIZES, appeal, segments
from sitecast.extract.demo.network import cheapest_site
from sitecast.extract.demo.texts import as_text
from sitecast.randomness import generator
from sitecast.records.tables_orders import ORDER_LINES, ORDER_STATES, ORDERS

PLACED, CANCELLED, DELIVERED = range(len(ORDER_STATES))
DEFAULT_SHARE, CANCELLED_SHARE, SITE_KNOWN_SHARE = 0.12, 0.015, 0.85
VOLUME_SPREAD = 0.015
LATE_BOOKING = 0.6
"""Exponent below 1: more orders are placed late than early."""
AS_OF_DAY = np.datetime64(AS_OF.date())


@dataclass(frozen=True)
class Boxes:
    """The boxes of one week as positions, before they become tables."""

    customer: NDArray[np.int64]
    day: NDArray[np.int64]
    unasked: NDArray[np.bool_]
    state: NDArray[np.int64]
    picks: NDArray[np.int64]
    """(boxes, most kits) recipes on the week's menu, -1 behind the last kit."""

    def __len__(self) -> int:
        return len(self.customer)


def book_boxes(company: Company, week: DemoWeek) -> Boxes:
    """The boxes that customers have ordered by AS_OF."""
    size, rng = company.size, generator(company.seed, "demo", "orders", week.key)
    volume = size.boxes_per_week * week.volume * rng.normal(1.0, VOLUME_SPREAD)
    n = round(volume * week.booked)
    customer = rng.permutation(len(company.customers))[:n]
    day = rng.choice(len(size.delivery_weights), n, p=size.delivery_weights)
    dates = np.datetime64(week.start) + day.astype("timedelta64[D]")
    state = np.where(dates < AS_OF_DAY, DELIVERED, PLACED)
    state[rng.random(n) < CANCELLED_SHARE] = CANCELLED
    segment = company.customers.segment[customer]
    unasked, menu = rng.random(n) < DEFAULT_SHARE, company.menus[week.key]
    picks = choose_recipes(
        rng, appeal(menu, company.pool, size, week, company.seed), segment,
        _box_sizes(rng, company, segment), unasked, np.array([r.surcharge == 0 for r in menu]),
    )  # fmt: skip
    return Boxes(customer, day, unasked, state, picks)


def placed_boxes(company: Company, boxes: Boxes) -> NDArray[np.int64]:
    """(days, regions, segments) boxes that are not cancelled."""
    stands = boxes.state != CANCELLED
    who, days = boxes.customer[stands], boxes.day[stands]
    shape = (len(company.size.delivery_weights), len(company.regions), company.size.segments)
    cell = np.ravel_multi_index(
        (days, company.customers.region[who], company.customers.segment[who]), shape
    )
    return np.bincount(cell, minlength=int(np.prod(shape))).reshape(shape)


def usual_sites(company: Company, week: DemoWeek, boxes: Boxes) -> NDArray[np.int64]:
    """(boxes,) the cheapest site that makes all of the box and reaches it; -1 where none does."""
    on_menu = [recipe.recipe_id for recipe in company.menus[week.key]]
    makes = company.can_make.loc[on_menu].to_numpy()
    all_of_it = np.ones((len(boxes), makes.shape[1]), dtype=bool)
    for picked in boxes.picks.T:
        all_of_it &= makes[picked] | (picked < 0)[:, None]
    region = company.customers.region[boxes.customer]
    return cheapest_site(company.regions, company.size, region, all_of_it)


def orders_table(company: Company, week: DemoWeek, boxes: Boxes) -> pd.DataFrame:
    """The table orders of one week."""
    who, customers, n = boxes.customer, company.customers, len(boxes)
    days = delivery_days_table((week,), company.size.delivery_weights)
    frame = pd.DataFrame({
        "order_id": as_text(_order_ids(week, n), np.arange(n)),
        "customer_key": as_text(customers.keys, who),
        "segment": as_text(list(segments(company.size)), customers.segment[who]),
        "menu_week": as_text([week.key], np.zeros(n, np.int64)),
        "delivery_date": days["delivery_date"].astype("datetime64[ms]").to_numpy()[boxes.day],
        "region_id": as_text(company.regions["region_id"].tolist(), customers.region[who]),
        "portions": customers.portions[who],
        "state": as_text(ORDER_STATES, boxes.state),
        "is_default": boxes.unasked,
        "created_at": _created_at(company, week, days["cutoff_at"], boxes),
        "site_id": as_text(list(company.can_make.columns), _known_sites(company, week, boxes)),
    })  # fmt: skip
    return ORDERS.shaped(frame)


def order_lines_table(company: Company, week: DemoWeek, boxes: Boxes) -> pd.DataFrame:
    """The table order_lines of one week: recipes first, then products."""
    rng = generator(company.seed, "demo", "products", week.key)
    rates = company.products["take_rate"].to_numpy(float)
    buyer, product, pieces = choose_products(rng, rates, len(boxes))
    cook, place = np.nonzero(boxes.picks >= 0)
    box = np.concatenate([cook, buyer])
    order = np.argsort(box, kind="stable")
    box, is_kit = box[order], order < len(cook)
    menu = [recipe.recipe_id for recipe in company.menus[week.key]]
    item = np.concatenate([boxes.picks[cook, place], len(menu) + product])[order]
    people = company.customers.portions[boxes.customer[box]]
    frame = pd.DataFrame({
        "order_id": as_text(_order_ids(week, len(boxes)), box),
        "line_no": 1 + np.arange(len(box)) - np.searchsorted(box, box),
        "item_type": as_text(["product", "recipe"], is_kit.astype(np.int64)),
        "item_id": as_text([*menu, *company.products["product_id"]], item),
        "portions": pd.arrays.IntegerArray(people, ~is_kit),
        "quantity": np.concatenate([np.ones(len(cook), np.int64), pieces])[order],
    })  # fmt: skip
    return ORDER_LINES.shaped(frame)


def _box_sizes(
    rng: np.random.Generator, company: Company, segment: NDArray[np.int64]
) -> NDArray[np.int64]:
    shares = np.array([traits["box_sizes"] for traits in segments(company.size).values()])
    beyond = rng.random(len(segment))[:, None] >= shares.cumsum(axis=1)[segment][:, :-1]
    return np.array(BOX_SIZES)[beyond.sum(axis=1)]


def _order_ids(week: DemoWeek, n: int) -> list[str]:
    return [f"{week.key}-{number:06d}" for number in range(1, n + 1)]


def _created_at(
    company: Company, week: DemoWeek, cutoff_at: pd.Series, boxes: Boxes
) -> pd.DatetimeIndex:
    """Between the opening of the menu and the cutoff, or AS_OF where that is earlier."""
    rng = generator(company.seed, "demo", "bookings", week.key)
    opened, now = week.opens_at.timestamp(), AS_OF.timestamp()
    closed = np.array([min(moment.timestamp(), now) for moment in cutoff_at])[boxes.day]
    moment = opened + rng.random(len(boxes)) ** LATE_BOOKING * (closed - opened)
    return pd.to_datetime(moment.astype(np.int64), unit="s", utc=True)


def _known_sites(company: Company, week: DemoWeek, boxes: Boxes) -> NDArray[np.int64]:
    """The site of boxes that an earlier plan has seen; -1 for the others."""
    known = 0.0 if week.booked < 0.5 else SITE_KNOWN_SHARE if week.planned else 1.0
    rng = generator(company.seed, "demo", "sites", week.key)
    return np.where(rng.random(len(boxes)) < known, usual_sites(company, week, boxes), -1)

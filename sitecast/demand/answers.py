"""What a model answers, checked once at the seam: whatever breaks its contract stops the week.

What belongs here: the declared shape of the answers and the rules between their rows. What does
not: asking the models (forecast_demand.py).
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from sitecast.errors import Breach, DataError
from sitecast.records.contract import (
    NULLABLE_DTYPES,
    TableContract,
    amount,
    count,
    day,
    key_text,
    text,
    value_text,
)  # fmt: skip
from sitecast.records.demand_forecast import Choices
from sitecast.records.tables_orders import MAX_BOXES
from sitecast.records.week_record import WeekData

SUM_TOLERANCE = 1e-6
_SEGMENT, _RECIPE = text("segment", "customer segment"), text("recipe_id", "recipe on the menu")
BOXES = TableContract(
    "boxes", "Expected boxes, placed ones included.", ("delivery_date", "region_id", "segment"),
    (
        day("delivery_date", "the customer's day"),
        text("region_id", "delivery region"),
        _SEGMENT,
        amount("mean_boxes", "expected boxes", "boxes", maximum=MAX_BOXES),
        amount("sd_boxes", "their standard deviation", "boxes", maximum=MAX_BOXES, nullable=True),
    ),
)  # fmt: skip
UTILITIES = TableContract(
    "utilities", "How segments choose.", ("segment", "taste_class", "recipe_id"),
    (
        _SEGMENT,
        count("taste_class", "latent class of the segment"),
        amount("class_share", "probability of the class", maximum=1.0),
        _RECIPE,
        amount("utility", "of the recipe", minimum=None),
        amount("sd", "standard deviation of the utility"),
    ),
)  # fmt: skip
SHARES = TableContract(
    "shares", "P(recipe | kit) that the week is to show.", ("segment", "recipe_id"),
    (
        text("segment", "customer segment; all together when missing", nullable=True),
        _RECIPE,
        amount("share", "probability", maximum=1.0),
    ),
)  # fmt: skip


def checked_boxes(answer: object, model: str, week: WeekData) -> pd.DataFrame:
    """A volume model's answer in plain columns, sorted by its key.

    Raises:
        DataError: it breaks BOXES, or names a day or region that the week does not have.
    """
    boxes, found = _read(answer, BOXES)
    if not found:
        days, regions = week["delivery_days"]["delivery_date"], week["regions"]["region_id"]
        found += _unknown(BOXES, boxes, "delivery_date", days, "the week's delivery_days")
        found += _unknown(BOXES, boxes, "region_id", regions, "the table regions")
    _refuse(found, "volumes", model, week)
    return boxes


def checked_choices(answer: object, model: str, week: WeekData, segments: Sequence[str]) -> Choices:
    """A choice model's answer in plain columns, sorted by its keys.

    Raises:
        DataError: it breaks UTILITIES, SHARES or a rule between their rows.
    """
    utilities, found = _read(getattr(answer, "utilities", None), UTILITIES)
    shares, more = _read(getattr(answer, "shares", None), SHARES)
    found += more
    if not found:
        asked = pd.Series(list(segments), dtype=object)
        for table, frame in ((UTILITIES, utilities), (SHARES, shares.dropna(subset=["segment"]))):
            found += _unknown(table, frame, "segment", asked, "the segments asked for")
        for table, frame in ((UTILITIES, utilities), (SHARES, shares)):
            menu = week["menu"]["recipe_id"]
            found += _unknown(table, frame, "recipe_id", menu, "the week's menu")
        found += [*_class_breaches(utilities, asked), *_share_breaches(shares, utilities)]
    _refuse(found, "choice", model, week)
    return Choices(utilities, shares)


def _read(answer: object, table: TableContract) -> tuple[pd.DataFrame, list[Breach]]:
    """The answer's columns as declared, and every rule of the table it breaks."""
    if not isinstance(answer, pd.DataFrame):
        rule = f"a pandas DataFrame is expected, not {type(answer).__name__}"
        return table.empty(), [Breach(table.name, "", "", "", rule, "return a DataFrame")]
    frame = pd.DataFrame(index=pd.RangeIndex(len(answer)))
    found: list[Breach] = []
    for column in table.columns:
        if column.name not in answer:
            found.append(Breach(table.name, column.name, "", "", "column is missing",
                                f"return the column {column.name}"))  # fmt: skip
            continue
        try:
            values = answer[column.name].reset_index(drop=True)
            frame[column.name] = values.astype(NULLABLE_DTYPES[column.kind])
        except (TypeError, ValueError, OverflowError) as error:
            rule = f"cannot be read as {column.kind}: {error}"
            found.append(Breach(table.name, column.name, "", "", rule, "correct the column"))
    found = found or table.breaches(frame)
    return (frame if found else _plain(frame, table)), found


def _plain(frame: pd.DataFrame, table: TableContract) -> pd.DataFrame:
    texts = {column.name: object for column in table.columns if column.kind == "text"}
    counts = {column.name: np.int64 for column in table.columns if column.kind == "count"}
    return frame.astype({**texts, **counts}).sort_values(list(table.key), ignore_index=True)


def _class_breaches(utilities: pd.DataFrame, segments: "pd.Series[str]") -> Iterator[Breach]:
    for segment in segments[~segments.isin(utilities["segment"])]:
        yield _of_segment(UTILITIES, "segment", segment, "", "the segment has no utilities")
    by_class = utilities.groupby(["segment", "taste_class"])["class_share"]
    classes = by_class.agg(["min", "max"]).reset_index()
    for row in classes[classes["min"] != classes["max"]].itertuples():
        rule = f"must be one number in all rows of taste_class {row.taste_class}"
        yield _of_segment(UTILITIES, "class_share", row.segment, f"{row.min} and {row.max}", rule)
    sums = classes.groupby("segment")["max"].sum()
    for segment, total in sums[(sums - 1).abs() > SUM_TOLERANCE].items():
        yield _of_segment(UTILITIES, "class_share", segment, f"{total:.9g}",
                          "must sum to 1 over the classes of the segment")  # fmt: skip


def _share_breaches(shares: pd.DataFrame, utilities: pd.DataFrame) -> Iterator[Breach]:
    sums = shares.groupby("segment", dropna=False)["share"].sum()
    for segment, total in sums[(sums - 1).abs() > SUM_TOLERANCE].items():
        yield _of_segment(SHARES, "share", segment, f"{total:.9g}",
                          "must sum to 1 over the recipes of the segment")  # fmt: skip
    pairs = pd.MultiIndex.from_frame(utilities[["segment", "recipe_id"]])
    own = pd.MultiIndex.from_frame(shares[["segment", "recipe_id"]]).isin(pairs)
    anybody = shares["segment"].isna() & shares["recipe_id"].isin(utilities["recipe_id"])
    lost = np.flatnonzero((shares["share"] > 0) & ~own & ~anybody)
    for row in lost.tolist():
        yield Breach(SHARES.name, "share", key_text(SHARES, shares, row),
                     f"{shares['share'].iloc[row]:.9g}", "the recipe has no utility here",
                     "give every recipe with a share a utility")  # fmt: skip


def _unknown(
    table: TableContract, frame: pd.DataFrame, column: str, known: "pd.Series[str]", where: str
) -> list[Breach]:
    strange = frame[~frame[column].isin(known)].drop_duplicates(column)
    return [
        Breach(table.name, column, key_text(table, strange, row),
               value_text(strange[column].iloc[row]), f"is not in {where}", "leave it out")
        for row in range(len(strange))
    ]  # fmt: skip


def _of_segment(
    table: TableContract, column: str, segment: object, value: str, rule: str
) -> Breach:
    named = "all together" if pd.isna(segment) else segment
    return Breach(table.name, column, f"segment={named}", value, rule, "correct the model")


def _refuse(found: Sequence[Breach], kind: str, model: str, week: WeekData) -> None:
    if found:
        raise DataError(
            f"the {kind} model {model} breaks its contract", {"menu_week": week.menu_week},
            f"correct the model, or name another one in the plan file (models.{kind})", found,
        )  # fmt: skip

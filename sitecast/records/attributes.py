"""The column recipes.attributes: a JSON object as text, read in one place and in one way."""

import json
import math
from typing import Any

NOT_AN_OBJECT = "must be a JSON object of texts, lists and finite numbers"
TAGS_NO_LIST = "diet_tags must be a list of texts"


def attributes_of(text: object) -> dict[str, Any]:
    """The attributes of a recipe; none for an empty cell.

    Raises:
        ValueError: the text is no JSON object, or a number in it is not finite.
    """
    if not isinstance(text, str):
        return {}
    content = json.loads(text, parse_constant=_finite, parse_float=_finite, parse_int=_whole)
    if not isinstance(content, dict):
        raise ValueError(NOT_AN_OBJECT)
    return content


def diet_tags(text: object) -> frozenset[str]:
    """The diet tags among a recipe's attributes.

    Raises:
        ValueError: as attributes_of(), or they are no list of texts.
    Example:
        >>> sorted(diet_tags('{"diet_tags": ["vegan", "hot"]}'))
        ['hot', 'vegan']
    """
    told = attributes_of(text).get("diet_tags") or []
    if not isinstance(told, list) or not all(isinstance(tag, str) for tag in told):
        raise ValueError(TAGS_NO_LIST)
    return frozenset(told)


def attribute_fault(text: object) -> str:
    """The rule that a cell of recipes.attributes breaks; empty where it breaks none."""
    try:
        diet_tags(text)
        json.dumps(attributes_of(text), ensure_ascii=False).encode()  # half a letter is no text
    except (ValueError, RecursionError) as error:
        return TAGS_NO_LIST if str(error) == TAGS_NO_LIST else NOT_AN_OBJECT
    return ""


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not finite")
    return number


def _whole(text: str) -> int:
    _finite(text)
    return int(text)

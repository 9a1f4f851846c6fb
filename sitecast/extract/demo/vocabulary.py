"""The words the demo company is made of: CSV and JSON files beside this module."""

import csv
import functools
import json
from importlib import resources
from typing import Any


@functools.cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """The rows of a CSV word list."""
    return tuple(csv.DictReader(_text(f"{name}.csv").splitlines()))


@functools.cache
def tree(name: str) -> dict[str, Any]:
    """The content of a JSON word list."""
    return json.loads(_text(f"{name}.json"))


def plan_template() -> str:
    """The commented plan file with $placeholders."""
    return _text("plan.yaml")


def _text(file_name: str) -> str:
    return resources.files(__package__).joinpath(file_name).read_text(encoding="utf-8")

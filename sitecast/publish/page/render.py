"""Render the page: template, style and script in one file, under a strict content policy."""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from sitecast.publish.contents import Contents
from sitecast.publish.page.view import page_view

_HERE = Path(__file__).parent
_STYLES = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
_SCRIPT = ("data", "elements", "table", "scope", "sections", "detail", "drill", "main")
"""Parts of the script, in order: each uses what the ones before it define."""


def render_page(contents: Contents, ui_url: str) -> str:
    """The page as HTML text.

    Args:
        contents: what the publication says.
        ui_url: address of the Dagster UI; linked when it is http or https.
    """
    style, script = _file("page.css"), _script()
    view = page_view(contents, ui_url if ui_url.startswith(("http://", "https://")) else "")
    pictures = [chart["svg"] for chart in view["charts"]]
    pictures += [view["changes"]["picture"]] if view["changes"] else []
    drawn = [found for picture in pictures for found in _STYLES.findall(picture)]
    return _environment().get_template("page.html.j2").render(
        view, style=Markup(style), script=Markup(script),  # noqa: S704 - our own files
        policy=content_policy([style, *drawn], script),
    )  # fmt: skip


@cache
def _environment() -> Environment:
    """Kept, with the templates that it compiled."""
    made = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters["number"] = lambda value: f"{value:,.0f}"
    return made


def content_policy(styles: list[str], script: str) -> str:
    """Allow just these inline styles and this script, and nothing else."""
    allowed = " ".join(sorted({_source(style) for style in styles}))
    return (
        f"default-src 'none'; style-src {allowed}; script-src {_source(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _script() -> str:
    parts = "".join(_file(f"script/{name}.js") for name in _SCRIPT)
    return f'(() => {{\n"use strict";\n{parts}}})();\n'


def _source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _file(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")

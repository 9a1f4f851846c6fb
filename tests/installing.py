"""Puts a package where Python finds it, as an installer would, without one and without network."""

import shutil
import tomllib
from pathlib import Path
from typing import Any


def install(project: Path, target: Path) -> dict[str, Any]:
    """Copy a project's modules into `target`, with the metadata of its pyproject.toml.

    Returns:
        The table [project].
    """
    told = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for module in project.glob("*.py"):
        shutil.copy(module, target)
    groups = told.get("entry-points", {})
    write_metadata(target, told["name"], told["version"], groups)
    return told


def write_metadata(
    target: Path, name: str, version: str, groups: dict[str, dict[str, str]]
) -> None:
    """The .dist-info folder of an installed distribution, with its entry points."""
    info = target / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (info / "METADATA").write_text(text, encoding="utf-8")
    lines = []
    for group, entries in groups.items():
        lines += [f"[{group}]", *[f"{key} = {value}" for key, value in entries.items()]]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")

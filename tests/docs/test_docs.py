"""The documentation is held by the code: generated pages, commands, links, README blocks."""

import importlib.util
import re
from pathlib import Path

import click
import pytest

from sitecast.cli import main

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def _generator():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_fresh():
    reference, pages = ROOT / "docs" / "reference", _generator().pages()
    for name, page in pages.items():
        assert (reference / name).read_text(encoding="utf-8") == page, f"{name}: run `make docs`"
    schemas = {f"contract/{path.name}" for path in (reference / "contract").glob("*.json")}
    assert schemas == {name for name in pages if name.endswith(".json")}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text)
    broken = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert broken == []


def test_readme_marks_its_two_commands():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for mark, command in (("main", "make demo"), ("test", "make test")):
        block = re.search(rf"<!-- {mark} -->\n```[a-z]*\n(.*?)```", text, flags=re.S)
        assert block is not None
        assert block.group(1).strip() == command


def test_commands_named_in_the_docs_exist():
    known = {" ".join(path) for path, _ in _commands(main, ())}
    for page in PAGES:
        for line in re.findall(r"^\$? ?sitecast ([a-z-]+(?: complete-journey)?)",
                               page.read_text(encoding="utf-8"), flags=re.M):  # fmt: skip
            assert line in known, f"{page.name}: sitecast {line}"


def test_every_command_and_option_has_help():
    for path, command in _commands(main, ()):
        assert command.help, path
        options = [p for p in command.params if isinstance(p, click.Option)]
        undocumented = [option.name for option in options if not option.help]
        assert undocumented == [], path


def _commands(group, path):
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))


def test_every_benchmark_that_people_run_has_help_and_is_there():
    there = {path.stem: path.read_text(encoding="utf-8") for path in ROOT.glob("benchmarks/*.py")}
    pages = [page.read_text(encoding="utf-8") for page in PAGES]
    named = re.findall(r"python -m benchmarks\.(\w+)|\bbench-([a-z_]+)", "\n".join(pages))
    assert {one or other for one, other in named} - set(there) == set()
    run = [
        name
        for name, text in there.items()
        if re.search(rf"python -m benchmarks\.{name}\b|bench-{name}\b", text.split('"""')[1])
    ]
    assert len(run) > 20
    helped = re.compile(r"words\(__doc__|ArgumentParser\(")
    assert [name for name in run if not helped.search(there[name])] == []

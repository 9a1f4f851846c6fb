"""Guards that hold the shape of the project: imports are held by import-linter in `make check`."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIBRARY = sorted((ROOT / "sitecast").rglob("*.py"))
LAYER = sorted((ROOT / "sitecast_dagster").rglob("*.py"))
FORBIDDEN_CALLS = {"eval", "exec", "compile", "yaml.load_all", "yaml.unsafe_load", "os.system",
                   "pd.read_pickle"}  # fmt: skip
FORBIDDEN_MODULES = {"pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
NOT_ISO = re.compile(r"%[UW]|%Y-%V|%y")
"""Ways of strftime to name a week that are wrong around New Year."""


def _name(path):
    return str(path.relative_to(ROOT))


def _imported(text):
    nodes = list(ast.walk(ast.parse(text)))
    named = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    named += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in named}


def _functions(tree):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


@pytest.mark.parametrize("path", LIBRARY + LAYER, ids=_name)
def test_files_and_functions_stay_small(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    long = [f.name for f in _functions(ast.parse(text)) if f.end_lineno - f.lineno >= 40]
    assert long == []


@pytest.mark.parametrize("path", LIBRARY + LAYER, ids=_name)
def test_nothing_is_unpickled_evaluated_or_left_open(path):
    text = path.read_text(encoding="utf-8")
    calls = {ast.unparse(n.func) for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call)}
    assert calls & FORBIDDEN_CALLS == set()
    assert _imported(text) & FORBIDDEN_MODULES == set()
    loaded = [call for call in calls if call == "yaml.load"]
    assert len(loaded) == (path.name == "settings.py")  # with a SafeLoader of its own
    assert "shell=True" not in text
    assert "allow_pickle=True" not in text
    assert not NOT_ISO.search(text)
    assert not {"TODO", "FIXME", "XXX"} & set(text.replace(":", " ").split())


@pytest.mark.parametrize("path", [p for p in LIBRARY if "cli" not in p.parts], ids=_name)
def test_only_the_command_line_knows_now_and_the_environment(path):
    calls = {
        ast.unparse(node.func)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    }
    clocks = {"dt.datetime.now", "datetime.now", "time.time", "dt.date.today", "os.getenv",
              "os.environ.get", "np.random.seed", "np.random.default_rng"}  # fmt: skip
    assert calls & clocks == set()


def test_the_library_loads_with_dagster_absent():
    code = (
        "import sys; sys.modules['dagster'] = None; import pkgutil, importlib, sitecast; "
        "[importlib.import_module(m.name) for m in pkgutil.walk_packages(sitecast.__path__, "
        "'sitecast.') if not m.name.endswith('__main__')]; print('loaded')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "loaded", done.stderr


def test_help_loads_neither_dagster_nor_pandas():
    code = (
        "import sys, click.testing, sitecast.cli as c; "
        "print(click.testing.CliRunner().invoke(c.main, ['--help']).exit_code, "
        "[m for m in ('dagster', 'pandas', 'numba') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "0 []", done.stderr

# The README's commands. Everything is installed into .venv from the hashes in requirements.lock.
SHELL := bash
PYTHON ?= python3
BIN := .venv/bin
export SITECAST_HOME ?= .sitecast
# Keep bytecode even where the environment forbids it: without, every process compiles 2 s of imports.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: setup demo test test-all check docs ui lock clean

setup: .venv/.installed

.venv/.installed: requirements.lock pyproject.toml
	@if command -v uv >/dev/null; then \
	  echo "setting up .venv with uv (a minute on a fresh machine)"; \
	  uv venv -q --allow-existing .venv && uv pip install -q --python $(BIN)/python --require-hashes -r requirements.lock \
	  && uv pip install -q --python $(BIN)/python --no-deps -e .; \
	else \
	  echo "setting up .venv with pip (a few minutes on a fresh machine)"; \
	  $(PYTHON) -m venv .venv && $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock \
	  && $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -e .; \
	fi
	@touch $@

demo: setup        ## plan, forecast and publish four menu weeks of an invented company
	$(BIN)/sitecast demo

ui: setup          ## the Dagster UI on 127.0.0.1:3000, with the runs of `make demo`
	$(BIN)/python -m sitecast_dagster.ui

check: setup       ## lint, types, import contracts
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: setup        ## every test but the slow ones
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow"

test-all: setup    ## every test, in two to three hours; NIGHTLY_SCALE=0.1 kills a tenth as often
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

docs: setup        ## write the generated reference pages
	$(BIN)/python docs/generate.py

lock:              ## resolve the dependencies anew (needs uv)
	uv pip compile -q pyproject.toml --all-extras --group dev --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --no-strip-extras --upgrade -o requirements.lock

bench-%: setup     ## QUICK=1 ends within a minute
	$(BIN)/python -m benchmarks.$*

clean:
	rm -rf .venv .sitecast
	find sitecast sitecast_dagster tests benchmarks docs -name __pycache__ -prune -exec rm -rf {} +

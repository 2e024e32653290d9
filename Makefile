# make demo    the main job: ALL/MRD2019 against ALL/MRD2023, into results/
# make test    formatting, lint, types, layout and tests
# make verify  large statistical checks against closed forms, stored reference values and mutated files
# make bench   patients a second, printed with the machine they were measured on
# make docs    runs what README, docs and notebooks show, and writes what it prints
# make lint | format | clean
#
# Everything runs in .venv, which is made at first use. Another interpreter: make PYTHON=python3.12

PYTHON ?= python3
WORKERS ?= 2
BIN := .venv/bin

.PHONY: demo test verify bench docs lint style types tests format clean
.DELETE_ON_ERROR:
.DEFAULT_GOAL := demo

demo: .venv/.runtime
	$(BIN)/engraft compare all-mrd2019-vs-2023 --out results/all-mrd2019-vs-2023 --overwrite

test: lint tests

lint: style types

style: .venv/.dev
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .

types: .venv/.dev
	$(BIN)/python -m mypy

tests: .venv/.dev
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup

verify: .venv/.dev
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup -m verify

bench: .venv/.dev
	@set -e; for script in benchmarks/bench_*.py; do echo "$$script"; $(BIN)/python "$$script"; done

docs: .venv/.dev
	$(BIN)/python docs/refresh.py
	$(BIN)/python notebooks/execute.py

format: .venv/.dev
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python -m ruff format .

clean:  # caches and builds; .venv and results stay
	rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage htmlcov
	find . -path ./.venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment, in two steps, so that the demo need not wait for the tools of developers.

INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable

.venv/.runtime: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { \
	  echo "Engraft needs Python 3.11 or newer, and there is no $(PYTHON). On Debian or Ubuntu: apt install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Engraft needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Name another one: make PYTHON=python3.12" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python's venv module is not complete here (no ensurepip). On Debian or Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { echo "Making .venv"; $(PYTHON) -m venv .venv; }
	@echo "Installing Engraft and its libraries into .venv (a minute or two, once)"
	@$(INSTALL) .
	@$(BIN)/python -m sim.engine.warm
	@touch $@

.venv/.dev: .venv/.runtime
	@echo "Installing the tools of developers into .venv"
	@$(INSTALL) '.[dev,notebooks]'
	@touch $@

# Two commands need nothing prepared but Python 3.11 and make: `make demo` and `make test`.
# Each sets up a virtual environment of its own in .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
N ?= 100000

.PHONY: help demo test fast torture bench lint man clean

help:  ## List what can be made
	@sed -n 's/^\([a-z]*\):.*##/\1:/p' $(MAKEFILE_LIST)

$(VENV)/ready: pyproject.toml requirements-dev.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tenure needs Python 3.11 or newer; say make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

demo: $(VENV)/ready  ## Run the main job on sample deliveries, and show what it does
	$(BIN)/python docs/demo/run.py demo

lint: $(VENV)/ready  ## Types, style, and which room may import which
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test: lint  ## Everything that must hold
	@sh tests/system-packages.sh
	$(BIN)/pytest -n auto

fast: $(VENV)/ready  ## The pure rules alone, in seconds
	$(BIN)/pytest tests/domain tests/projections -m 'not slow'

torture: $(VENV)/ready  ## Long runs: kills, races, many more examples
	TENURE_TORTURE=1 $(BIN)/pytest -n auto -m torture

bench: $(VENV)/ready  ## Measure, as ratios side by side: make bench N=200000
	$(BIN)/python -m tests.benchmarks $(N)

man: $(VENV)/ready  ## Write the man pages in docs/man anew, after a change of a command
	$(BIN)/python docs/make_man.py

clean:  ## Remove what the other targets made
	rm -rf $(VENV) demo dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis

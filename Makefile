# One command each; every target sets up what it needs. Works with the Python named in PYTHON (3.11 or later).
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SAMPLE_CONFIG := configs/sample.yaml
SAMPLE_USER ?= C11512
PYTEST_WORKERS ?= 2
# Prefect keeps its database here and not in the home folder.
export PREFECT_HOME ?= $(CURDIR)/$(VENV)/prefect

.PHONY: setup sample test lint format ci slow soak docs lock clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "memlearn needs Python 3.11 or later; set PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group dev --editable .
	touch $@

# Learn from the samples through Prefect, then show one user and what they should see.
sample: setup
	$(BIN)/memlearn learn $(SAMPLE_CONFIG) --prefect
	$(BIN)/memlearn show $(SAMPLE_CONFIG) $(SAMPLE_USER)
	$(BIN)/memlearn recommend $(SAMPLE_CONFIG) $(SAMPLE_USER) -k 5

test: setup
	$(BIN)/python -m pytest -q -n $(PYTEST_WORKERS) --dist loadfile

slow: setup
	$(BIN)/python -m pytest -q -n $(PYTEST_WORKERS) -m slow

soak: setup
	$(BIN)/python -m pytest -q -m soak
	HYPOTHESIS_PROFILE=explore $(BIN)/python -m pytest -q -n $(PYTEST_WORKERS) --dist loadfile -m "not soak"

lint: setup
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# What is generated from the models.
docs: setup
	$(BIN)/python -m memlearn.wiring.reference > docs/config.md
	$(BIN)/memlearn schema > configs/memlearn.schema.json

ci: lint test slow sample

# The versions that the tests ran with; names and versions only. Change pyproject.toml first, then run this.
lock:
	rm -rf $(VENV)
	: > constraints.txt
	$(MAKE) setup
	$(BIN)/python -m pip freeze --exclude-editable > constraints.txt

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

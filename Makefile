# Two commands do everything: `make up` and `make test`. Both set up what they need.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
SIZE ?= 50000
T ?= tests
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help up test lint format bench migrations lock programs

help: ## Say what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1|/' | column -t -s '|'

up: $(VENV)/.run ## Set everything up and run the console until Ctrl-C
	@exec $(BIN)/python manage.py console

test: $(VENV)/.dev lint programs ## Set everything up and run every check and test (T=path for some)
	$(BIN)/python -m pytest $(T) -n $(WORKERS) --dist loadfile --no-loadscope-reorder --cov=trail --cov-report=term:skip-covered
	@[ "$(T)" != tests ] || $(BIN)/coverage report --include='trail/*' --fail-under=97 --format=total >/dev/null || { echo "Less than 97 % of trail/ is tried; whoever adds to it tests it whole."; exit 1; }

lint: $(VENV)/.dev ## Check style, types, layers, templates, spelling, migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy trail investigations operations accounts web auditconsole verify_bundle.py
	$(BIN)/lint-imports
	$(BIN)/djlint --lint templates --quiet
	$(BIN)/codespell --toml pyproject.toml
	CONSOLE_STATE_DIR=$(VENV)/state $(BIN)/python manage.py check --fail-level WARNING
	CONSOLE_STATE_DIR=$(VENV)/state $(BIN)/python manage.py makemigrations --check --dry-run

format: $(VENV)/.dev ## Put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev ## Measure the console beside the bare engine, as ratios (SIZE=events)
	$(BIN)/python -m benchmarks --size $(SIZE)

migrations: $(VENV)/.dev ## Write migrations for changed models
	$(BIN)/python manage.py makemigrations

lock: $(VENV)/.dev ## Lock the dependencies anew
	$(BIN)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-strip-extras --allow-unsafe requirements.in
	$(BIN)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-strip-extras --allow-unsafe requirements-dev.in

programs: $(VENV)/.dev ## Find or install the browser, the log shipper and the clock of the tests
	@$(BIN)/python -m tests.programs

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info[:2] == (3, 11) else "Python 3.11 is needed, and %s.%s was found; set PYTHON to a 3.11." % sys.version_info[:2])'
	@echo "Making a virtual environment in $(VENV) …"
	@$(PYTHON) -m venv $(VENV) || { echo "No virtual environment could be made; on Debian install python3-venv."; exit 1; }

$(VENV)/.run: requirements.txt | $(VENV)/bin/python
	@echo "Installing what the console needs …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt || { echo "The packages could not be installed: is there a network, or an index set for pip?"; exit 1; }
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.run
	@echo "Installing what the tests need …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt || { echo "The packages could not be installed: is there a network, or an index set for pip?"; exit 1; }
	@touch $@

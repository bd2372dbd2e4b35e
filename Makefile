# Two commands do everything: `make up` and `make test`. Both set up what they need.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
SIZE ?= 25000
ROUNDS ?= 3
ONLY ?=
STARTS ?= 10
SECONDS ?= 600
CHAOS ?=
T ?= tests
WORKERS ?= 2
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
# What asks the database. Left out: sealing, imports, ingest and the demonstration, which are about the engine and files.
ON_POSTGRESQL := tests/accounts tests/core tests/investigations tests/pages \
	$(addprefix tests/operations/,incidents maintenance rejected status writers)
# What takes long and seldom breaks: faults, programs of others, a case of a hundred thousand pins, hostile words at every address.
LONG := tests/faults tests/interop tests/investigations/timeline/test_large_case.py \
	$(addprefix tests/pages/test_,access_matrix.py hostile_values.py no_server_error.py) tests/auditconsole/test_nul_characters.py
TEST_POSTGRESQL = $(BIN)/python -m tests.support.postgresql $(PYTEST) $(ON_POSTGRESQL)

.DEFAULT_GOAL := help
.PHONY: help up test tests longer postgresql hostile lint format sbom audit bench chaos pictures references migrations lock programs

help: ## Say what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1|/' | column -t -s '|'

up: $(VENV)/.run ## Set everything up and run the console until Ctrl-C
	@exec $(BIN)/python manage.py console

# The checks run beside the tests, and say what they have to say at once if it is a fault.
test: $(VENV)/.dev ## Set everything up and run every check and the tests (T=path for some)
	@{ $(MAKE) --no-print-directory lint >$(VENV)/lint.log 2>&1 || { cat $(VENV)/lint.log; exit 1; }; } & checks=$$!; \
	$(MAKE) --no-print-directory tests; tests=$$?; \
	wait $$checks || { echo "The checks found something; $(VENV)/lint.log has it."; exit 1; }; \
	exit $$tests

tests: $(VENV)/.dev programs ## Run the tests without the checks (T=path for some)
	$(PYTEST) $(T) $(if $(filter tests,$(T)),$(addprefix --ignore=,$(LONG))) --cov=trail --cov-report=term:skip-covered
	@[ "$(T)" != tests ] || $(BIN)/coverage report --include='trail/*' --fail-under=97 --format=total >/dev/null || { echo "Less than 97 % of trail/ is tried; whoever adds to it tests it whole."; exit 1; }

longer: $(VENV)/.dev programs ## Run what `make test` leaves out: faults, programs of others, hostile words, PostgreSQL
	$(PYTEST) $(LONG)
	$(TEST_POSTGRESQL)

postgresql: $(VENV)/.dev programs ## Run what asks the database on PostgreSQL (else SQLite)
	$(TEST_POSTGRESQL)

hostile: $(VENV)/.dev programs ## Ask every address with every hostile word there is, which takes minutes (a part of it is in the tests)
	HOSTILE=whole $(BIN)/python -m pytest -o timeout=0 tests/pages/test_no_server_error.py

lint: $(VENV)/.dev ## Check style, types, layers, templates, spelling, migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy trail investigations operations accounts core auditconsole benchmarks verify_bundle.py
	$(BIN)/lint-imports
	$(BIN)/djlint --lint templates --quiet
	$(BIN)/codespell --toml pyproject.toml
	CONSOLE_STATE_DIR=$(VENV)/checks $(BIN)/python manage.py check --fail-level WARNING
	CONSOLE_STATE_DIR=$(VENV)/checks $(BIN)/python manage.py makemigrations --check --dry-run

format: $(VENV)/.dev ## Put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

sbom: $(VENV)/.run ## Write what the console is made of into sbom.cdx.json (CycloneDX)
	@CONSOLE_STATE_DIR=$(VENV)/checks $(BIN)/python manage.py bill_of_materials > sbom.cdx.json && echo "sbom.cdx.json is written."

audit: $(VENV)/.dev ## Ask for known faults of the locked packages, as far as there is a network
	@$(BIN)/python -m tests.support.known_faults

bench: $(VENV)/.dev ## Measure the console beside the bare engine, as ratios (SIZE=events, ROUNDS=pairs, ONLY=part)
	$(BIN)/python -m benchmarks --size $(SIZE) --rounds $(ROUNDS) $(if $(ONLY),--only "$(ONLY)")

chaos: $(VENV)/.dev ## Start from nothing beside busy loops, then hurt the parts at random (STARTS=10, SECONDS=600)
	$(BIN)/python -m tests.chaos --starts $(STARTS) --seconds $(SECONDS) $(CHAOS)

pictures: $(VENV)/.dev programs ## Take the README's pictures anew from the running demonstration (make up)
	$(BIN)/python -m tests.pictures

references: $(VENV)/.dev programs ## Take the reference pictures anew that the tests compare the pages with; look at them before you commit them
	REFERENCES=anew $(BIN)/python -m pytest tests/browser/test_visual_regression.py

migrations: $(VENV)/.dev ## Write migrations for changed models
	$(BIN)/python manage.py makemigrations

lock: $(VENV)/.dev ## Lock the dependencies anew
	$(BIN)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-strip-extras --allow-unsafe requirements.in
	$(BIN)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-strip-extras --allow-unsafe requirements-dev.in

programs: $(VENV)/.dev ## Find or install what only the tests need: a browser, a log shipper, a clock, PostgreSQL
	@$(BIN)/python -m tests.support.programs

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

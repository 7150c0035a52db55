# The commands of this project. Each creates .venv if it is missing. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTEST := $(BIN)/python -m pytest
# Three processes on two cores, because the end-to-end tests spend half of their time waiting. The tests of a file share fixtures.
PARALLEL := -n 3 --dist loadfile --no-loadscope-reorder
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --extra demo --extra dg --extra postgres --constraint constraints.txt \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header --no-strip-extras

DBT_LOCK = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header \
	--no-strip-extras --output-file integrations/dbt/requirements.lock integrations/dbt/requirements.in

.PHONY: help demo dev dbt test test-slow soak lint types format reference screenshots lock wheel mutants bench bench-compare bench-tables clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 14

$(READY): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is required. Run: make PYTHON=python3.12 …")'
	@echo "Installing the locked dependencies into $(VENV) (once, about a minute) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $(READY)

demo: $(READY) ## load a demo tenant into demo/entra.duckdb; again: one day later
	@$(BIN)/aad-assets demo $(if $(wildcard demo/entra.duckdb),--again)

dev: $(READY) ## Dagster's UI and schedules on your tenant; with DEMO=1, on the demo tenant
ifdef DEMO
	@exec $(BIN)/aad-assets demo --run "$(CURDIR)/$(BIN)/aad-assets" dev -w "$(CURDIR)/workspace.yaml"
else
	@exec $(BIN)/aad-assets dev
endif

test: $(READY) lint types ## lint, type checks and the test suite
	$(PYTEST) $(PARALLEL) -m "not slow"

test-slow: $(READY) ## tests that take too long for every change
	$(PYTEST) -m slow

soak: $(READY) ## ten minutes of random mixtures of faults; every load must end complete, or report its failure
	$(BIN)/python -m aad_assets_tests.soak

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python -m tools.check_prose

types: $(READY)
	$(BIN)/mypy

format: $(READY) ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

reference: $(READY) ## update the generated pages: docs/tables, docs/views.md, docs/settings.md, the permissions in README.md
	$(BIN)/python -m tools.reference

screenshots: $(READY) ## make the pictures in docs/screenshots again
	AAD_ASSETS_SCREENSHOTS=docs/screenshots $(PYTEST) aad_assets_tests/e2e/test_screenshots.py

lock: $(READY) ## update requirements.lock and requirements-dev.lock to the newest releases that resolve together
	$(LOCK) --upgrade --group dev --output-file requirements-dev.lock pyproject.toml
	$(LOCK) --upgrade --constraint requirements-dev.lock --output-file requirements.lock pyproject.toml
	$(DBT_LOCK) --upgrade

dbt: ## build the dbt package on the database that AAD_DATABASE names
	@test -x .venv-dbt/bin/dbt || { $(PYTHON) -m venv .venv-dbt && .venv-dbt/bin/python -m pip install --quiet \
		--disable-pip-version-check --require-hashes -r integrations/dbt/requirements.lock; }
	.venv-dbt/bin/dbt build --project-dir integrations/dbt --profiles-dir integrations/dbt
	.venv-dbt/bin/dbt source freshness --project-dir integrations/dbt --profiles-dir integrations/dbt

wheel: $(READY) ## build the wheel and the source distribution into dist/, and try the wheel in a new virtual environment
	$(BIN)/python -m build --no-isolation --outdir dist .
	tools/try_wheel dist

mutants: $(READY) ## break the gates, compare, pagination and batches in hundreds of ways, and count what the tests notice
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'mutmut==3.8.1'
	$(BIN)/mutmut run >.build-mutants.log 2>&1 || (tail -n 20 .build-mutants.log; exit 1)
	$(BIN)/mutmut export-cicd-stats >/dev/null && cat mutants/mutmut-cicd-stats.json
	$(BIN)/mutmut results

bench: $(READY) ## speed and memory: 200,000 users; a month of 100,000 sign-ins a day
	$(BIN)/python -m benchmarks.reload_users
	$(BIN)/python -m benchmarks.reload_logs

bench-compare: $(READY) ## compare and publish 1,000,000 users, relative to writing them once
	$(BIN)/python -m benchmarks.compare

bench-tables: $(READY) ## publish 100 small tables
	$(BIN)/python -m benchmarks.small_tables

clean: ## remove the demo and caches, not .venv or the runs in .dagster
	rm -rf demo dist .build mutants .mypy_cache .pytest_cache .ruff_cache .hypothesis

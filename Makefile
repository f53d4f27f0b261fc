# `make run` and `make test` are all that README asks for; both make the environment first.
PYTHON ?= python3
BIN := .venv/bin
# Hashes, but no index addresses: the lock works with whatever package index a machine is set up for.
COMPILE = $(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --quiet \
	--generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

.PHONY: help install run test unit check bench-load bench-batch bench-score bench-queries bench-uptime replay lock clean

help:  ## Show what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

install: .venv/installed  ## Create .venv from the lock file

.venv/installed: requirements.lock pyproject.toml
	@echo "Creating .venv from requirements.lock (about a minute) ..."
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
		|| { echo "Python 3.11 to 3.13 is needed; set PYTHON=python3.12, say"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "see README: Debian needs python3-venv"; exit 1; }
	@# As constraints, too: older pips take the newest SQLAlchemy where it is asked for with extras.
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --require-hashes \
		-r requirements.lock -c requirements.lock
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: install  ## Run the whole pipeline once over the made-up city
	@$(BIN)/python -m demo run

test: install  ## Run the whole test suite, on two cores
	@$(BIN)/python -m pytest -n 2 --dist loadfile

unit: install  ## Run the tests that need no server, no other process and no day of the whole line: under a minute on two cores
	@$(BIN)/python -m pytest -m "not e2e" -n 2 --dist loadfile

check: install  ## ruff, mypy --strict, import-linter, lock file up to date
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@cp requirements.lock .lock-now && $(COMPILE) -o .lock-now; cmp -s requirements.lock .lock-now; \
		found=$$?; rm -f .lock-now; test $$found = 0 || { echo "requirements.lock is out of date: make lock"; exit 1; }

bench-uptime: install  ## Our prober beside blackbox_exporter, wrk and requests (needs them and nginx: docs/uptime.md)
	@$(BIN)/python -m benchmarks.uptime

bench-load: install  ## A million made-up regulations through the gate: time, memory, DuckDB alone beside it
	@$(BIN)/python -m benchmarks.load_million

bench-batch: install  ## A million rows staged, judged and merged, beside plain DuckDB that judges nothing
	@$(BIN)/python -m benchmarks.load_batch

bench-score: install  ## Made-up evidence of 640 institutions: a day by itself, judgement, one institution, the days of a year in one run
	@$(BIN)/python -m benchmarks.score_many

bench-queries: install  ## Marts over 30 million uptime checks, and publishing 1 GB beside a plain copy (docs/pertumbuhan.md)
	@$(BIN)/python -m benchmarks.warehouse_queries

kill-loop: install  ## Kill the line 200 times, then compare every row with an undisturbed run
	@$(BIN)/python -m tests.kill_loop 200

replay: .venv-replay/installed  ## A WARC player (pywb) in an environment of its own, for tests/test_replay.py

.venv-replay/installed: tests/replay.lock
	@test -x .venv-replay/bin/python || $(PYTHON) -m venv .venv-replay
	@.venv-replay/bin/python -m pip install --quiet --quiet --disable-pip-version-check --require-hashes -r tests/replay.lock
	@touch $@

lock: install  ## Bring requirements.lock up to date with pyproject.toml, tests/replay.lock with tests/replay.in
	@$(COMPILE) -o requirements.lock
	@$(subst pyproject.toml --extra dev,tests/replay.in,$(COMPILE)) -o tests/replay.lock

clean:  ## Remove the environment and caches; data/ stays
	@rm -rf .venv .venv-replay .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

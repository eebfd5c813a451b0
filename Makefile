# One list of commands; CI calls the same ones. Needs only Python >= 3.11 and make.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
.DEFAULT_GOAL := help
.PHONY: help setup demo test check fmt bench bench-wire bench-live bench-models bench-tick bench-portal bench-sustained wheel docs texts scores clean agreement

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

# The stamp holds the time of the last successful set-up; a changed pyproject.toml sets up again.
$(VENV)/.stamp: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "atp needs Python 3.11 or newer: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev,evtx]'
	@touch $@

setup: $(VENV)/.stamp  ## make a virtual environment in .venv with everything needed

demo: $(VENV)/.stamp  ## find the attack in the bundled recording and explain it
	@$(BIN)/atp replay examples/intrusion.pcap.gz examples/events.xml --directory examples/directory.yaml
	@echo
	@echo "Where to look now: docs/portal.md shows the same in a browser, with one command;"
	@echo "  examples/README.md             walks through each alert"
	@echo "  $(BIN)/atp explain dcsync          how a detection reads and runs"
	@echo "  $(BIN)/atp decode examples/intrusion.pcap.gz | head    the events underneath"
	@echo "  docs/tutorial.md               write and test a detection of your own"

test: $(VENV)/.stamp  ## run the tests of code, language and detections
	$(BIN)/pytest -n auto
	$(BIN)/atp test

check: $(VENV)/.stamp  ## style, types, import contracts, detections, docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/atp check
	$(BIN)/atp fmt --check
	$(BIN)/pytest tests/docs

fmt: $(VENV)/.stamp  ## format code and detections
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .
	$(BIN)/atp fmt

bench: $(VENV)/.stamp  ## measure; every figure is a ratio to a peer or a limit of the same run
	@for b in $(filter-out bench/looking.py bench/models.py bench/sustained.py,$(wildcard bench/*.py)); do echo "== $$b"; $(BIN)/python $$b || exit 1; done

agreement: $(VENV)/.stamp  ## our events beside what Zeek and Suricata expect of the captures in $$ATP_DATA
	@PYTHONPATH=tests/oracle $(BIN)/python tests/oracle/agreement.py

# The packages with their hot modules compiled in place of the sources, for tests and measurements.
COMPILED = build/compiled
$(COMPILED): $(VENV)/.stamp FORCE
	@rm -rf $(COMPILED)
	ATP_COMPILE=1 $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --target $(COMPILED) .
FORCE:

bench-wire: $(COMPILED)  ## packets to events, pure and compiled, beside tshark and scapy
	$(BIN)/python bench/wire.py --least-pure 6 --least-compiled 18 --most 10000000 --compiled $(COMPILED)

bench-live: $(COMPILED)  ## the highest rate of live capture without loss (root, tcpreplay)
	$(BIN)/python bench/live.py --least 100 --least-compiled 300 --compiled $(COMPILED)

bench-tick: $(VENV)/.stamp  ## what a tick of 200 detections costs as the store grows from 10^6 to 10^7 events
	$(BIN)/python bench/tick.py --sizes 1e6,1e7

bench-sustained: $(VENV)/.stamp  ## the daemon at 10,000 events a second for 30 minutes: memory, ticks, the file
	$(BIN)/python bench/sustained.py --minutes 30

bench-portal: $(VENV)/.stamp  ## pages of the portal with 50 people, 100,000 alerts and events coming in (long)
	$(BIN)/python bench/looking.py --most-median 200 --most-p99 500

bench-models: $(VENV)/.stamp  ## what the novelty score finds, beside baselines and trained models (long)
	$(BIN)/python bench/models.py --json build/models.json

wheel: $(VENV)/.stamp  ## both wheels into dist: pure Python, and compiled for this platform
	$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .
	ATP_COMPILE=1 $(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

docs: $(VENV)/.stamp  ## write the reference of events, functions, detections, lists and error codes
	@$(BIN)/python docs/build.py

texts: $(VENV)/.stamp  ## bring the portal's catalogues of languages to its texts; names what is not translated
	@$(BIN)/python docs/texts.py --write

scores: $(VENV)/.stamp  ## measure how many clauses of changed detections their tests need
	@$(BIN)/python docs/scores.py

clean:  ## remove what set-up and tests made
	rm -rf $(VENV) build dist docs/reference *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# `make help` lists the targets. Everything runs in .venv, which `make dev` builds.
PYTHON ?= python3.11
SDK := liverelay/sdk_js
BIN := .venv/bin

# By file, because browsers and servers are shared within one. One more than there are processors,
# because those who watch a browser mostly wait; more than four would starve them. In the order of
# their names, because those with few tests are the slow ones, and would all come last.
WORKERS := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
PARALLEL := --numprocesses $(WORKERS) --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# A stamp, so that a change of dependencies reinstalls and nothing else does.
INSTALLED := .venv/.installed
SDK_INSTALLED := $(SDK)/node_modules/.package-lock.json

# Tests start Python hundreds of times, which would compile everything each time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help serve test check dev fix lint docs bench bench-network bench-recovery browsers sdk-check pages-check

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

serve: .venv/.runtime ## a server on this machine, at http://localhost:8080
	$(BIN)/liverelay serve

test: $(INSTALLED) $(SDK_INSTALLED) browsers ## the whole test suite, browsers included
	$(BIN)/python -m pytest $(PARALLEL)

check: lint browsers sdk-check pages-check ## what CI runs: linters, types, import contracts, tests
	$(BIN)/python -m pytest $(PARALLEL) --cov --cov-report=
	$(BIN)/coverage report
	$(BIN)/coverage report --include='liverelay/rtp/*,liverelay/sdp/*,liverelay/sfu/*' --fail-under=100

lint: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

sdk-check: $(SDK_INSTALLED)
	cd $(SDK) && npm run --silent check

pages-check: $(SDK_INSTALLED)
	$(SDK)/node_modules/.bin/tsc -p tests/pages
	node --test tests/pages/*.test.js

dev: $(INSTALLED) $(SDK_INSTALLED) ## create .venv with everything needed to work on LiveRelay

fix: $(INSTALLED) ## repair what the linters can repair
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(INSTALLED) ## regenerate the references in docs/
	$(BIN)/python -m tests.docs.generate

# BENCH='--viewers 1,50 --seconds 5' makes it short. As root with janus installed it includes Janus.
bench: .venv/.bench ## what forwarding costs here, beside other servers; renews the figures of the documentation
	$(BIN)/python -m benchmarks.sfu --json docs/performance.json --plot docs/performance.png \
	  --docs docs/performance.md README.md $(BENCH)

bench-network: $(INSTALLED) ## what viewers see on bad networks, simulated; renews docs/network.md
	$(BIN)/python -m benchmarks.network --docs docs/network.md

bench-recovery: $(INSTALLED) ## what loss recovery and simulcast cost; renews docs/network.md, fails above 15 %
	$(BIN)/python -m benchmarks.recovery --docs docs/network.md

.venv/.bench: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --group bench
	touch $@

.venv/bin/python:
	$(PYTHON) -m venv .venv || { echo "make: $(PYTHON) with its venv module is needed (Debian: apt-get install python3-venv)" >&2; exit 1; }

.venv/.runtime: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

# Dependency groups need pip 25.1, which is newer than the one that Python 3.11 brings.
$(INSTALLED): pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable . --group dev
	touch $@ .venv/.runtime

$(SDK_INSTALLED): $(SDK)/package.json $(SDK)/package-lock.json
	cd $(SDK) && npm ci --silent && touch node_modules/.package-lock.json

# Without a browser its tests are reported as skipped, with the reason; so this never fails.
browsers:
	@sh .ci/install-browsers

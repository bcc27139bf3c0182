# Each target installs what it needs, once: see .ci/set_up.py. Extra arguments go in ARGS.

PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help run test bench package bundle bundle-test set-up clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

run: ## Run AgeCam; for example: make run ARGS=demo
	@$(PYTHON) .ci/set_up.py run
	@$(BIN)/agecam $(ARGS)

test: set-up ## Check style and types, then run the tests; ARGS goes to pytest
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m pytest $(ARGS)

bench: ## Measure the speed on this computer
	@$(PYTHON) .ci/set_up.py run
	@$(BIN)/agecam bench $(ARGS)

package: set-up ## Build the source archive and the wheel in dist/, and check the wheel
	rm -rf dist
	$(BIN)/python -m build --outdir dist .
	$(BIN)/python .ci/check_package.py dist

bundle: ## Build what is downloaded by people without Python, in build/bundle/out; takes 10 minutes
	@$(PYTHON) .ci/bundle/build.py

bundle-test: set-up ## Test the bundle that make bundle has built
	AGECAM_BUNDLE_TEST=1 $(BIN)/python -m pytest tests/bundle $(ARGS)

set-up: ## Prepare .venv for development only
	@$(PYTHON) .ci/set_up.py test

clean: ## Remove .venv, caches and built packages; the next make sets everything up again
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.DEFAULT_GOAL := help
.PHONY: help setup run demo test fuzz check format bench screenshots lock clean

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
# Bytecode is kept whatever the environment says: else every process, and a run is one, compiles anew.
unexport PYTHONDONTWRITEBYTECODE
# Trust what the machine trusts, as pip does, where it has a store of its own.
CERTS := $(if $(wildcard /etc/ssl/certs/ca-certificates.crt),--system-certs)

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

setup: $(STAMP) ## make .venv with the tercet command in it

# The lock pins every package by hash, the build backend included, so the second set-up needs no network.
# A Debian python without python3-venv cannot seed pip: there the system's pip installs into the new venv.
$(STAMP): requirements.lock pyproject.toml hatch_build.py app/web/package-lock.json
	$(PYTHON) -m venv .venv 2>/dev/null || $(PYTHON) -m venv --clear --without-pip .venv
	awk '/^[^ ]/ {on = /^uv==/} on' requirements.lock > .venv/uv.lock
	if test -x $(BIN)/pip; then $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.lock; \
	else $(PYTHON) -m pip --quiet --disable-pip-version-check --python $(BIN)/python install --require-hashes -r .venv/uv.lock; fi
	$(BIN)/uv pip sync --quiet --compile-bytecode $(CERTS) --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $(STAMP)

run: setup ## serve on 127.0.0.1:8000
	$(BIN)/tercet serve

demo: setup ## the main job end to end on bundled local targets
	$(BIN)/tercet demo

test: setup ## run the tests
	$(BIN)/pytest

fuzz: setup ## feed strange text to whatever reads it, for some minutes
	$(BIN)/pytest tests/checkers/test_fuzz.py --hypothesis-profile=deep

check: setup ## lint, types, floors of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## format the code and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## measure speed and cost on this machine
	$(BIN)/python -m bench

screenshots: setup ## take the pictures of the README and the guides anew, from the demo
	$(BIN)/python -m tests.browser.screenshots

lock: setup ## pin the dependencies anew
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header \
		--python-version 3.11 --group dev pyproject.toml --output-file requirements.lock

clean: ## remove what set-up and tests made
	rm -rf .venv build dist app/web/static/vendor .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info

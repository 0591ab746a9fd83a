# The whole set-up: a virtual environment in .venv, the locked packages, the project itself; then one command.
# Debian 12 with python3, python3-venv and make is enough.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
ARGS   ?=
SEEDS  ?= 0..1999
PIP    := $(BIN)/python -m pip --disable-pip-version-check --no-input -q
# the project itself, editable, by the build backend of the lock: nothing is fetched here
SELF   := $(PIP) install --no-deps --no-index --no-build-isolation -e .

.PHONY: up test fuzz hostile check format bench faults lock wheel bundle clean help

up: $(VENV)/.runtime ## everything in one command: gateway, simulator, demonstration data (options: ARGS="--port 8081")
	@$(BIN)/lgsp up $(ARGS)

test: $(VENV)/.dev ## all tests (options for pytest: ARGS="-k pipeline")
	@$(BIN)/python -m pytest -n auto --dist loadgroup $(ARGS)

SECONDS ?= 600
fuzz: $(VENV)/.dev ## each target of tests/security/fuzzing for SECONDS=600, guided by coverage (atheris is fetched for it)
	@$(PIP) install -r tests/security/fuzzing/requirements.txt
	@$(BIN)/python -m tests.security.fuzzing --seconds $(SECONDS) $(ARGS)

hostile: $(VENV)/.dev ## every hostile case at every face and from every backend (files of one's own: CORPORA=DIR)
	@HOSTILE=whole CORPORA="$(CORPORA)" $(BIN)/python -m pytest tests/security/test_hostile.py tests/security/test_crowds.py $(ARGS)

check: $(VENV)/.dev ## style, types, layers, and the house's own check of manifests, contracts and mappings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p lgsp -p lgsp_mocks -p bench
	$(BIN)/mypy scripts/*.py
	@# one by one: every system's mapping is a module of the same name
	@for each in connectors/*/mapping.py; do $(BIN)/mypy --no-error-summary "$$each" || exit 1; done
	$(BIN)/lint-imports
	$(BIN)/lgsp check

format: $(VENV)/.dev ## put the style right where that is mechanical
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev ## our work beside what a user would pick instead (ARGS="--quick --json FILE")
	@$(BIN)/python -m bench $(ARGS)

faults: $(VENV)/.dev ## faults in a simulated world from seeds (SEEDS=0..1999); one seed: ARGS="replay 17"; everything: ARGS=all
	@$(BIN)/python -m tests.faults $(or $(ARGS),seeds $(SEEDS))

lock: $(VENV)/.dev ## pin every package again, with hashes and without any index address
	scripts/lock $(BIN)/pip-compile

wheel: $(VENV)/.dev ## one file that installs the bus, the simulator and the built-in systems
	$(PIP) wheel --no-deps --no-index --no-build-isolation -w dist .

bundle: $(VENV)/.runtime ## everything in one file for a machine without an index: wheels, hashes, SBOM, units, install.sh
	@$(BIN)/python -m scripts.bundle $(ARGS)

clean: ## what the set-up made; ./data stays
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' Makefile

$(VENV)/.runtime: requirements.lock pyproject.toml
	@echo "Setting up $(VENV) (once; a minute without a package cache)" >&2
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes -r requirements.lock
	@$(SELF)
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml
	@echo "Setting up $(VENV) with the tools of the house (once)" >&2
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@$(SELF)
	@touch $@ $(VENV)/.runtime

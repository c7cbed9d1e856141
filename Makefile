.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

PYTHON ?= python3
TF ?= terraform
# A folder that contains registry.terraform.io/, for machines without a registry.
TF_PLUGIN_DIR ?=
# The processor of the package: arm64, x86_64, or `here` for this machine.
ARCH ?= arm64
# A Python 3.13 that compiles the package, for a faster cold start; empty: it goes uncompiled.
COMPILER ?=
# A folder of images for `make demo` and `make bench`; empty: a few generated ones.
IMAGES ?=
# Another file of recipes for `make demo` and `make up`; empty: recipes.yaml.
RECIPES ?=
# Where the local AWS listens.
PORT ?= 4566

# As they were typed, and through the environment: neither make nor a shell may read a path as code.
override IMAGES := $(value IMAGES)
override RECIPES := $(value RECIPES)
override PORT := $(value PORT)
export IMAGES RECIPES PORT TF_PLUGIN_DIR

BIN := .venv/bin
READY := .venv/.ready
UV_READY := build/uv/.ready
MINISTACK_READY := build/ministack/.ready
# Twice quiet: pip's warnings of each try would hide what the person can do.
INSTALL := -m pip install --quiet --quiet --disable-pip-version-check
OR_SAY_WHY := || { echo "pip could not install what the lock file names: connect this machine to a package index (PIP_INDEX_URL names another one than PyPI), then type the same again." >&2; exit 2; }

# $(call install,ENVIRONMENT,LOCK): uv takes seconds where pip takes minutes. What pip has been told
# of indexes in its files uv does not know, so pip has the second try.
install = @$(PYTHON) -m venv $(1); \
	build/uv/bin/uv pip install --quiet --system-certs $${PIP_INDEX_URL:+--default-index "$$PIP_INDEX_URL"} \
	  --python $(1)/bin/python --require-hashes -r $(2) 2>/dev/null \
	|| $(1)/bin/python $(INSTALL) --require-hashes -r $(2) $(OR_SAY_WHY)

.PHONY: help
help:  ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

# ---------------------------------------------------------------- set up

.PHONY: setup
setup: $(READY) $(MINISTACK_READY)  ## Install everything from the lock files

.PHONY: python-is-new-enough
python-is-new-enough:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Pixfleet needs Python 3.11 or newer, and '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || true). Name another: make PYTHON=python3.12 …" >&2; exit 2; }

$(UV_READY): scripts/locks/uv.txt | python-is-new-enough
	@$(PYTHON) -m venv build/uv
	@build/uv/bin/python $(INSTALL) --require-hashes -r $< $(OR_SAY_WHY)
	@touch $@

$(READY): scripts/locks/dev.txt pyproject.toml | $(UV_READY)
	@echo "Installing Pixfleet into .venv …"
	$(call install,.venv,$<)
	@$(BIN)/python $(INSTALL) --no-deps --no-build-isolation --editable . $(OR_SAY_WHY)
	@touch $@

# MiniStack pins its own botocore, so it lives in a virtual environment of its own.
$(MINISTACK_READY): scripts/locks/ministack.txt | $(UV_READY)
	@echo "Installing MiniStack, the local AWS, into build/ministack …"
	$(call install,build/ministack,$<)
	@touch $@

# ---------------------------------------------------------------- see it work

.PHONY: demo
demo: setup  ## Images in, variants out, on a local AWS: IMAGES=folder for your own
	@$(BIN)/python -m scripts.demo --images="$$IMAGES" --port="$$PORT" $${RECIPES:+--recipes="$$RECIPES"}

.PHONY: up
up: setup  ## The whole Terraform stack on a local AWS, until `make down`
	@$(BIN)/python -m scripts.local up --port="$$PORT" $${RECIPES:+--recipes="$$RECIPES"}

.PHONY: down
down: setup  ## Destroy what `make up` made, and stop its local AWS
	@$(BIN)/python -m scripts.local down --port="$$PORT"

.PHONY: bench
bench: setup  ## Measure the engine against the bare codecs and against sharp
	@$(BIN)/python -m tests.bench.run --images="$$IMAGES"

.PHONY: bench-quality
bench-quality: setup  ## Scan quality and effort of every encoder: a table and plots in build/
	@$(BIN)/python -m tests.bench.quality --images="$$IMAGES"

.PHONY: bench-cost
bench-cost: setup  ## What a million images cost, from this machine's CPU seconds
	@$(BIN)/python -m tests.bench.cost --images="$$IMAGES"

# ---------------------------------------------------------------- check it

.PHONY: check
check: $(READY)  ## What is quick: lint, types, layers and the unit tests
	@$(MAKE) --no-print-directory lint types layers
	@$(BIN)/pytest -n 2 -m unit tests/unit

.PHONY: test
test: setup  ## Everything that must hold before a change lands
	@$(MAKE) --no-print-directory lint types layers
	@$(BIN)/pytest -n auto

.PHONY: unit imaging functional faults terraform e2e
unit imaging functional faults terraform e2e: setup  ## One tier of the tests
	@$(BIN)/pytest -n auto -m $@

# The seed of the nightly sizes is in pytest's header, with what repeats it.
.PHONY: nightly
nightly: setup coverage  ## All tests at their full sizes with a new seed, and the coverage
	@PIXFLEET_TEST_SIZE=nightly $(BIN)/pytest -n auto

.PHONY: coverage
coverage: setup  ## Branch coverage of shared/model, shared/cloud and worker
	@$(BIN)/pytest -n auto -m "unit or functional or faults" --cov --cov-report=term

.PHONY: lint
lint: $(READY)  ## ruff and codespell
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/codespell --quiet-level 3 $$(git ls-files '*.md' '*.py' '*.yaml' '*.toml' Makefile)

.PHONY: types
types: $(READY)  ## mypy, strict
	@$(BIN)/mypy --no-error-summary

.PHONY: layers
layers: $(READY)  ## import-linter: imports point down the layers
	@mkdir -p build && $(BIN)/lint-imports --no-logo > build/layers.log || { cat build/layers.log; exit 1; }

.PHONY: fmt
fmt: $(READY)  ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

.PHONY: package
package: $(READY)  ## The zip that Lambda runs: ARCH=arm64|x86_64|here
	@$(BIN)/python -m scripts.package --arch "$(ARCH)" $(if $(COMPILER),--compiler "$(COMPILER)")

.PHONY: trixie
trixie: setup  ## Both packages under Lambda's Python, in Debian folders: root, debootstrap and qemu-user-static
	@$(BIN)/pytest tests/trixie

.PHONY: soak
soak: setup  ## Thousands of images, runners killed every few seconds: nothing lost, nothing stale
	@$(BIN)/python -m tests.soak.run

# ---------------------------------------------------------------- keep house

LOCK := build/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header --no-emit-index-url --no-emit-find-links --upgrade

CHECKOV_READY := build/checkov/.ready
# checkov pins a hundred packages of its own, so it lives in a virtual environment of its own.
$(CHECKOV_READY): scripts/locks/checkov.txt | $(UV_READY)
	@echo "Installing checkov into build/checkov …"
	$(call install,build/checkov,$<)
	@touch $@

.PHONY: checkov
checkov: $(CHECKOV_READY)  ## Install checkov, with which `make terraform` then looks over the stack

.PHONY: lock
lock: $(UV_READY)  ## Renew the lock files, with hashes and without index addresses
	@$(LOCK) pyproject.toml --extra heic -o scripts/locks/worker.txt
	@$(LOCK) pyproject.toml --extra cli --extra heic --group dev -o scripts/locks/dev.txt
	@echo 'checkov==3.3.30' | $(LOCK) - -o scripts/locks/checkov.txt
	@echo 'ministack==1.5.33' | $(LOCK) - -o scripts/locks/ministack.txt
	@echo 'uv==0.13.9' | $(LOCK) - -o scripts/locks/uv.txt

.PHONY: release
release: setup  ## Set the version, close the changelog's section and tag it: VERSION=1.2.3
	@$(MAKE) --no-print-directory test
	@$(BIN)/python -m scripts.release "$(VERSION)"

.PHONY: clean
clean:  ## Remove everything that the targets above have made
	@rm -rf build .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

PYTHON ?= python3
TF ?= terraform
# A folder that contains registry.terraform.io/, for machines without a registry.
TF_PLUGIN_DIR ?=
# The architecture of the package: arm64, x86_64, or `here` for this machine.
ARCH ?= arm64
# A Python 3.13 that compiles the package for a faster cold start. Empty: the package is not compiled.
COMPILER ?=
# A folder of images for `make demo` and `make bench`. Empty: sample images are generated.
IMAGES ?=
# A recipes file for `make demo` and `make up`. Empty: recipes.yaml.
RECIPES ?=
# The port of the local AWS.
PORT ?= 4566

# Passed unexpanded, through the environment, so that neither make nor a shell evaluates a path.
override IMAGES := $(value IMAGES)
override RECIPES := $(value RECIPES)
override PORT := $(value PORT)
export IMAGES RECIPES PORT TF_PLUGIN_DIR

BIN := .venv/bin
READY := .venv/.ready
UV_READY := build/uv/.ready
MINISTACK_READY := build/ministack/.ready
NATIVE := shared/imaging/native/libjpeg_walk.so
# Quiet twice: otherwise pip's warnings would hide the message of OR_SAY_WHY.
INSTALL := -m pip install --quiet --quiet --disable-pip-version-check
OR_SAY_WHY := || { echo "pip could not install the packages of the lock file: connect this machine to a package index (PIP_INDEX_URL names another one than PyPI), then try again." >&2; exit 2; }

# $(call install,ENVIRONMENT,LOCK,OPTIONS OF VENV): uv takes seconds where pip takes minutes. uv does not read
# pip's configuration files, which may name an index, so pip is used if uv fails.
# A line every 15 seconds says that it goes on.
install = @$(PYTHON) -m venv $(3) $(1); \
	{ while sleep 15 </dev/null >/dev/null 2>&1; do echo "  … still installing, $$SECONDS s"; done; } & \
	heartbeat=$$!; code=0; { \
	build/uv/bin/uv pip install --quiet --system-certs $${PIP_INDEX_URL:+--default-index "$$PIP_INDEX_URL"} \
	  --python $(1)/bin/python --require-hashes -r $(2) 2>/dev/null \
	|| build/uv/bin/python $(subst -m pip,-m pip --python $(1)/bin/python,$(INSTALL)) --require-hashes -r $(2); } || code=$$?; \
	kill $$heartbeat; [ $$code = 0 ] $(OR_SAY_WHY)

.PHONY: help
help:  ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

# ---------------------------------------------------------------- set up

.PHONY: setup
setup: $(READY) $(NATIVE) $(MINISTACK_READY)  ## Install everything from the lock files, and compile our C

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

$(NATIVE): $(wildcard shared/imaging/native/*.[ch]) scripts/package/native.py scripts/locks/dev.txt | $(READY)
	@echo "Compiling shared/imaging/native …"
	@$(BIN)/python -m scripts.package.native

# MiniStack pins its own version of botocore, so it has a virtual environment of its own. With cryptography it signs and checks tokens.
$(MINISTACK_READY): scripts/locks/ministack.txt | $(UV_READY)
	@echo "Installing MiniStack, the local AWS, into build/ministack …"
	$(call install,build/ministack,$<,--without-pip)
	@touch $@

# ---------------------------------------------------------------- try and measure

.PHONY: demo
demo: setup  ## Render images on a local AWS and show the variants: IMAGES=folder
	@$(BIN)/python -m scripts.demo --images="$$IMAGES" --port="$$PORT" $${RECIPES:+--recipes="$$RECIPES"}

.PHONY: up
up: setup  ## Apply the whole Terraform stack to a local AWS, until `make down`
	@$(BIN)/python -m scripts.local up --port="$$PORT" $${RECIPES:+--recipes="$$RECIPES"}

.PHONY: down
down: setup  ## Destroy the stack of `make up`, and stop its local AWS
	@$(BIN)/python -m scripts.local down --port="$$PORT"

.PHONY: bench
bench: setup  ## Measure the engine against the bare codecs and against sharp
	@$(BIN)/python -m tests.bench.run --images="$$IMAGES"

.PHONY: bench-quality
bench-quality: setup  ## Measure each encoder's quality and effort, and bytes by content: tables and plots in build/
	@$(BIN)/python -m tests.bench.by_content --images="$$IMAGES"
	@$(BIN)/python -m tests.bench.quality --images="$$IMAGES"

.PHONY: bench-api
bench-api: setup  ## Load the API with 200 clients for a minute, and a bare route in turns with it
	@$(BIN)/python -m tests.bench.api_load

.PHONY: bench-cost
bench-cost: setup  ## Compute what a million images cost, from this machine's CPU seconds
	@$(BIN)/python -m tests.bench.cost --images="$$IMAGES"

.PHONY: bench-listing
bench-listing: setup  ## Have verify and backfill enqueue list a million keys: CPU seconds, wall-clock time, memory
	@$(BIN)/python -m tests.bench.listing

.PHONY: scale
scale: setup  ## Model 20 to 2,000 workers on a new bucket in virtual time: the tables of docs/scale.md, plots in build/
	@$(BIN)/python -m tests.bench.scale --write docs/scale.md

# ---------------------------------------------------------------- check it

.PHONY: check
check: $(READY)  ## Run the quick checks: linters, types, import contracts and unit tests
	@$(MAKE) --no-print-directory --jobs=2 types lint layers
	@$(BIN)/pytest -n 2 -m unit tests/unit

.PHONY: test
test: setup  ## Run linters, type checker, import contracts and all tests
	@$(MAKE) --no-print-directory --jobs=2 types collected lint layers
	@$(BIN)/pytest -n auto

.PHONY: unit imaging functional faults terraform e2e
unit imaging functional faults terraform e2e: setup  ## Run one tier of the tests
	@$(BIN)/pytest -n auto -m $@

# pytest prints the seed of the nightly run in its header, with the command that repeats the run.
.PHONY: nightly
nightly: setup coverage  ## Run all tests at full size with a new seed, and measure coverage
	@PIXFLEET_TEST_SIZE=nightly $(BIN)/pytest -n auto
	@$(MAKE) --no-print-directory browser trixie pipx

.PHONY: fuzz
fuzz: setup  ## Break 50,000 files of every format and render them, with a new seed
	@PIXFLEET_TEST_SIZE=$${PIXFLEET_TEST_SIZE:-5} $(BIN)/pytest -n auto tests/imaging/test_fuzz.py

.PHONY: browser
browser: setup  ## Test pictures and pages in headless Chromium: apt-get install chromium
	@$(BIN)/pytest tests/browser

.PHONY: coverage
coverage: setup  ## Measure branch coverage of shared/model, shared/cloud and worker
	@$(BIN)/pytest -n auto -m "unit or functional or faults" --cov --cov-report=term

.PHONY: lint
lint: $(READY)  ## Run ruff and codespell
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/codespell --quiet-level 3 $$(git ls-files '*.md' '*.py' '*.yaml' '*.toml' Makefile)

.PHONY: types
types: $(READY)  ## Run mypy in strict mode
	@$(BIN)/mypy --no-error-summary

.PHONY: layers
layers: $(READY)  ## Check the import contracts with import-linter
	@mkdir -p build && $(BIN)/lint-imports --no-logo > build/layers.log || { cat build/layers.log; exit 1; }

# Without compiled tests, each worker of pytest-xdist compiles all of them: half a minute each.
.PHONY: collected
collected: $(READY)
	@mkdir -p build && $(BIN)/pytest --collect-only --quiet --quiet > build/collected.log || { cat build/collected.log; exit 1; }

.PHONY: fmt
fmt: $(READY)  ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

.PHONY: package
package: $(READY)  ## Build the zip that Lambda runs: ARCH=arm64|x86_64|here
	@$(BIN)/python -m scripts.package --arch "$(ARCH)" $(if $(COMPILER),--compiler "$(COMPILER)")

.PHONY: wheel
wheel: $(READY) $(NATIVE)  ## Build the wheel of the `pixfleet` command, for `pipx install`
	@$(BIN)/python -m hatchling build -t wheel -d build

PIPX_READY := build/pipx/.ready
$(PIPX_READY): scripts/locks/pipx.txt | $(UV_READY)
	@echo "Installing pipx into build/pipx …"
	$(call install,build/pipx,$<)
	@touch $@

.PHONY: pipx
pipx: setup $(PIPX_READY)  ## Install the wheel with pipx, which downloads its packages, and run it against a local stack
	@$(BIN)/pytest tests/pipx

.PHONY: trixie
trixie: setup  ## Test both packages under Lambda's Python and an arm64 kernel: docs/package.md lists what it needs
	@$(BIN)/pytest tests/trixie

.PHONY: soak
soak: setup  ## Render thousands of images while runners are killed, and check that nothing is lost or stale
	@$(BIN)/python -m tests.soak.run

# ---------------------------------------------------------------- maintain

LOCK := build/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header --no-emit-index-url --no-emit-find-links --upgrade

CHECKOV_READY := build/checkov/.ready
# checkov pins a hundred packages, so it has a virtual environment of its own.
$(CHECKOV_READY): scripts/locks/checkov.txt | $(UV_READY)
	@echo "Installing checkov into build/checkov …"
	$(call install,build/checkov,$<,--without-pip)
	@touch $@

.PHONY: checkov
checkov: $(CHECKOV_READY)  ## Install checkov, with which `make terraform` then checks the stack

NJS_READY := build/njs/.ready
# The second engine of the edge function's tests. `apt-get download` needs no root; a machine without package lists does.
$(NJS_READY):
	@echo "Unpacking Debian's njs into build/njs …"
	@rm -rf build/njs && mkdir -p build/njs
	@cd build/njs && { apt-get download --quiet=2 njs 2>/dev/null \
	  || { apt-get update --quiet=2 && apt-get download --quiet=2 njs; } \
	  || { echo "apt-get could not download njs: install it so that it is on the PATH; the tests find it there, too." >&2; exit 2; }; }
	@cd build/njs && dpkg-deb --extract njs_*.deb . && usr/bin/njs -v > /dev/null && touch .ready

.PHONY: njs
njs: $(NJS_READY)  ## Unpack Debian's njs, in which `make terraform` then runs the edge function

.PHONY: lock
lock: $(UV_READY)  ## Update the lock files, with hashes and without index URLs
	@$(LOCK) pyproject.toml --extra heic -o scripts/locks/worker.txt
	@$(LOCK) pyproject.toml --extra api --extra cli --extra heic --group dev -o scripts/locks/dev.txt
	@echo 'checkov==3.3.30' | $(LOCK) - -o scripts/locks/checkov.txt
	@printf 'cryptography\nministack==1.5.33\n' | $(LOCK) - -o scripts/locks/ministack.txt
	@echo 'pipx==1.18.4' | $(LOCK) - -o scripts/locks/pipx.txt
	@echo 'uv==0.13.9' | $(LOCK) - -o scripts/locks/uv.txt

.PHONY: release
release: setup  ## Set the version, date the changelog's section and tag it: VERSION=1.2.3
	@$(MAKE) --no-print-directory test
	@$(BIN)/python -m scripts.release "$(VERSION)"

.PHONY: clean
clean:  ## Remove everything that the other targets create
	@rm -rf $(NATIVE) build .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

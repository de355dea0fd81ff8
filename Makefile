# SPDX-License-Identifier: EUPL-1.2
# `make` alone prints what can be done; each target says so behind its name.
PYTHON ?= python3
UV := .tools/bin/uv
VENV := .venv
RUN := $(VENV)/bin
export UV_NO_PROGRESS := 1

.DEFAULT_GOAL := help
.PHONY: help install demo test format lint types unit conformance bench soak fuzz lock clean

help: ## print this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(UV):
	$(PYTHON) -W ignore -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target .tools "uv>=0.8"

$(VENV)/bin/python: | $(UV)
	$(UV) venv --quiet --python $(PYTHON) $(VENV)

$(VENV)/.run: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(UV) pip install --quiet --require-hashes --python $(VENV) -r requirements.lock
	$(UV) pip install --quiet --python $(VENV) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	$(UV) pip install --quiet --require-hashes --python $(VENV) -r requirements-dev.lock
	@touch $@

install: $(VENV)/.run ## install what a unit needs into .venv

demo: $(VENV)/.run ## the whole mission on the loopback network, ends with demo/report.html
	$(RUN)/police2peer lab demo demo

test: format lint types unit ## format check, lint, types, tests with warnings as errors

format: $(VENV)/.dev ## is every file formatted?
	$(RUN)/ruff format --quiet --check --diff src tests benchmarks

lint: $(VENV)/.dev ## every rule of ruff but those named with a reason
	$(RUN)/ruff check --quiet src tests benchmarks

types: $(VENV)/.dev ## mypy, strict
	$(RUN)/mypy --no-error-summary

unit: $(VENV)/.dev ## the tests; P2P_NO_SKIP=1 forbids skips
	$(RUN)/pytest -n 2 --dist loadfile

conformance: $(VENV)/.dev ## every network with every real client, write the tables of docs/networks.md
	$(RUN)/python -m tests.networks.conformance.table

bench: $(VENV)/.dev ## measure beside peers, write benchmarks/results.md
	$(RUN)/python -m benchmarks

soak: $(VENV)/.dev ## the tests that can run larger, at their full size (about half an hour)
	P2P_SOAK=1 $(RUN)/pytest -n 1 --timeout=3600 -m soak

fuzz: $(VENV)/.dev ## ten million generated messages for each codec, then atheris for a minute each
	$(RUN)/python -m benchmarks.fuzz
	$(RUN)/python -m benchmarks.fuzz_guided directconnect -max_total_time=60
	$(RUN)/python -m benchmarks.fuzz_guided ed2k -max_total_time=60

lock: $(UV) ## pin every dependency by hash, without an index address
	$(UV) pip compile --quiet pyproject.toml --group build --generate-hashes --no-emit-index-url --no-annotate \
	  --universal --python-version 3.11 --custom-compile-command "make lock" -o requirements.lock
	$(UV) pip compile --quiet pyproject.toml --group dev --generate-hashes --no-emit-index-url --no-annotate \
	  --universal --python-version 3.11 --custom-compile-command "make lock" -o requirements-dev.lock

clean: ## remove what can be made again
	rm -rf $(VENV) .tools build demo .mypy_cache .ruff_cache .hypothesis

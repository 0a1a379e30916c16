# Every target makes the environment it needs; CI calls the same ones.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help setup run test check fmt words docs e2e fuzz bench pictures lock clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready  ## Make the environment in .venv (pinned, with hashes)

$(VENV)/.ready: requirements/dev.txt pyproject.toml packaging/build_catalogues.py $(wildcard src/stillpost/locale/*/LC_MESSAGES/*.po)
	@test -x $(BIN)/python || $$(command -v $(PYTHON) || command -v python3) -m venv $(VENV)
	@$(BIN)/python -c 'import sys; sys.exit("Stillpost needs Python 3.11 or newer: make PYTHON=/path/to/python3.11") if sys.version_info < (3, 11) else None'
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@mkdir -p build && touch $@

run: setup  ## Start Stillpost on 127.0.0.1:8025 with the embedded default, state under ./var
	$(BIN)/stillpost serve

test: check  ## Lint, types, house rules and every test (server-backed ones skip loudly where the server is absent)
	$(BIN)/pytest -n 2 -m "not e2e"
	$(BIN)/pytest -m e2e -rs

check: setup  ## Lint, types and the order of the rooms, without the tests
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

fmt: setup  ## Format the code
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format --quiet .

words: setup  ## Collect the texts to translate into the catalogues, and say what is still missing
	$(BIN)/python packaging/words.py

docs: setup  ## Write the generated pages again (config, glossary, detectors, command line)
	$(BIN)/python docs/generate.py

pictures: setup  ## Take the pictures of the pages in docs/img again (needs Debian's chromium)
	STILLPOST_WRITE_PAGES=1 $(BIN)/pytest -m e2e tests/e2e/t-20-browser/test_pictures.py tests/e2e/t-30-mailboxes/test_page_in_a_browser.py

e2e: setup  ## Only the tests with real servers and a browser
	$(BIN)/pytest -m e2e -rs

fuzz: setup  ## Feed the parsers with mutated bytes for a minute each
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/fuzz.txt
	$(BIN)/python -m tests.fuzz

bench: setup  ## Measure: ratios against a peer or a ceiling in the same run
	$(BIN)/python -m bench

lock:  ## Pin the requirements again (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" pyproject.toml -o requirements/run.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" pyproject.toml --group dev -o requirements/dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" requirements/fuzz.in -o requirements/fuzz.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" requirements/e2e-django-helpdesk.in -o requirements/e2e-django-helpdesk.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" requirements/e2e-roundup.in -o requirements/e2e-roundup.txt

clean:  ## Remove the environments and caches, not ./var
	rm -rf .venv .venv-* .mypy_cache .ruff_cache .hypothesis .e2e build dist site

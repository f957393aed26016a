# Everything a checkout needs, in a virtual environment in .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 3000
# The tests that make test and make test-cluster run, and in how many processes. Each process of the cluster's
# tests starts servers that take about 3 GB.
TESTS ?= not cluster and not slow
WORKERS ?= logical
CLUSTER ?= cluster and not slow
CLUSTER_WORKERS ?= 2
# The seed of make fuzz's random cases, and the tests it runs: all, or such as FUZZ=tests/model.
SEED ?= $(shell date +%s)
FUZZ ?=
# Tests that run whole days in Dagster, start processes or wait for time-outs: make test-fast leaves them out.
NOT_FAST := cli defs end_to_end investigation/notebook resources/cluster \
    enrichment/reputation/test_gti_restclient.py enrichment/reputation/test_secrets.py \
    enrichment/reputation/test_service_faults.py investigation/story/test_writing_the_page.py \
    investigation/test_investigating_document.py investigation/test_random_scores.py \
    ingest/test_killed_ingests.py investigation/test_killed_analysts.py investigation/test_rematerializing.py \
    investigation/test_two_analysts.py resources/local/test_duckdb_side_by_side.py \
    ranking/test_attack_days.py ranking/test_evasion.py ranking/test_labelled_days.py \
    ranking/test_own_results.py ranking/voices \
    resources/local/test_invalid_text.py \
    enrichment/reputation/test_untrusted_file.py test_working_folder.py
# make test-pythons runs the fast tests in these versions, too; make test has the oldest that is supported.
PYTHONS ?= 3.13

PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
# What make bench measures: all, or such as BENCH='--only day_sql'.
BENCH ?=
# Without a route to the advisories, make audit fails; with --unreachable warn, it prints NOT AUDITED.
AUDIT ?=
# dg in a home with our dagster.yaml, which switches its telemetry off.
CHECK_HOME = $(CURDIR)/$(VENV)/check_home
DG = PROXY_OA_HOME='$(CHECK_HOME)' DAGSTER_HOME='$(CHECK_HOME)/dagster' $(BIN)/dg

.DEFAULT_GOAL := help
.PHONY: help demo dev test test-fast test-pythons test-cluster test-slow check audit sbom site dist format bench scaling soak fuzz clean

help:  ## Print what there is to make.
	@awk -F ':.*##' '/^[a-z-]+:.*##/ {printf "%-20s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

# A stamp per set of dependencies: make installs them again when pyproject.toml or the pins change.
$(VENV)/.run: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) -e .
	touch $@

$(VENV)/.dev: $(VENV)/.run
	$(PIP_INSTALL) -e '.[dev]'
	touch $@

$(VENV)/.cluster: $(VENV)/.dev
	$(PIP_INSTALL) -e '.[dev,test-cluster]'
	# pip builds Kerberos from source, with its headers; without it, its tests skip.
	if command -v krb5-config; then $(PIP_INSTALL) -e '.[kerberos]'; fi
	touch $@

demo: $(VENV)/.run  ## Make three sample days and materialize them.
	$(BIN)/proxy-oa demo

dev: $(VENV)/.run  ## Open Dagster's web UI on 127.0.0.1:3000.
	$(BIN)/proxy-oa ui --port $(PORT)

test: $(VENV)/.dev  ## Run the tests that need no cluster, and print their coverage.
	$(BIN)/python -m pytest -n $(WORKERS) -m '$(TESTS)' --cov --cov-report=
	@echo 'Coverage, the ten files with the least:'
	@$(BIN)/coverage report | awk 'NR <= 12 || /^TOTAL/'

test-fast: $(VENV)/.dev  ## Run the tests that need no server, browser or process: a few minutes.
	$(BIN)/python -m pytest -n $(WORKERS) -m 'not (browser or server or cluster or slow)' $(NOT_FAST:%=--ignore=tests/%)

test-pythons:  ## Run most fast tests in the newest supported Python, if it is installed.
	@for version in $(PYTHONS); do \
	    python=$$(.ci/find-python $$version) || continue; \
	    echo "Python $$version: $$python"; \
	    $(MAKE) --no-print-directory test-fast PYTHON="$$python" VENV=.venv-$$version \
	        NOT_FAST='$(NOT_FAST) ingest ranking' || exit; \
	done

test-cluster: $(VENV)/.cluster  ## Run the cluster's tests on a real HDFS and HiveServer2 (needs Java 17, Maven).
	$(BIN)/python -m pytest -n $(CLUSTER_WORKERS) -m '$(CLUSTER)'

test-slow: $(VENV)/.cluster  ## Run the tests that take minutes, on one machine and on the cluster.
	$(BIN)/python -m pytest -n $(CLUSTER_WORKERS) -m slow

check: $(VENV)/.dev  ## Lint, check types, layers and definitions.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	mkdir -p '$(CHECK_HOME)/dagster'
	cp deploy/dagster.yaml '$(CHECK_HOME)/dagster/'
	$(DG) check defs
	$(DG) list defs --json >'$(CHECK_HOME)/defs.json'

site: $(VENV)/.dev  ## Build the documentation, with the reference of the API, as a site in site/.
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

audit: $(VENV)/.dev  ## Check the dependencies' licences and known vulnerabilities (needs a route to OSV).
	$(BIN)/python -m supply_chain.licences
	$(BIN)/python -m supply_chain.vulnerabilities $(AUDIT)

sbom: $(VENV)/.dev  ## Write the bill of materials that the wheel contains, after a change of pins or version.
	$(BIN)/python -m supply_chain.sbom

dist: $(VENV)/.dev  ## Build the sdist and the wheel in dist/, with their checksums: the same bytes from the same commit.
	rm -rf dist
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) PIP_CONSTRAINT=constraints.txt $(BIN)/python -m build --outdir dist
	cp proxy-oa-assets.cdx.json dist/
	cd dist && sha256sum -- * >SHA256SUMS

format: $(VENV)/.dev  ## Format the code.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.cluster  ## Measure speed and write docs/performance.md: about an hour.
	$(BIN)/python -m benchmarks.all $(BENCH)

scaling: $(VENV)/.cluster  ## Measure how a day's cost grows, on Spark, and write docs/scaling.md (needs Java 17).
	$(BIN)/python -m benchmarks.scaling

soak: $(VENV)/.cluster  ## Kill and fail everything, many times, and write docs/reliability.md (hours).
	$(BIN)/python -m soak.kills
	$(BIN)/python -m soak.remotes
	$(BIN)/python -m soak.faults --most 100
	$(BIN)/python -m soak.full_disk
	$(BIN)/python -m soak.clocks
	$(BIN)/python -m soak.read_only

fuzz: $(VENV)/.dev  ## Try 10,000 random inputs of each kind, and write docs/reliability.md (hours).
	$(BIN)/python -m pytest -n $(WORKERS) -m 'fuzz and not cluster' --hypothesis-profile=long \
	    --hypothesis-seed=$(SEED) --write-fuzz=docs/reliability.md $(FUZZ)

clean:  ## Remove the virtual environments and what tools left.
	rm -rf $(VENV) $(PYTHONS:%=.venv-%) .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .coverage dist build site

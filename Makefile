# Two commands do all of their own set-up: `make demo` and `make test`. `make test-torch` does too:
# it runs PyTorch itself, in an environment of its own.
# They need Python 3.10 or newer, make and, the first time, the network.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
SAMPLE := reports/samples/decoder-layer-synthetic
DEMO   := demo.html

TORCH_VERSION := 2.13.0
TORCH_VENV    := .venv-torch
TORCH_PIP      = $(TORCH_VENV)/bin/python -m pip --disable-pip-version-check --quiet
TORCH_INDEX   ?=

AUDIT_VERSION := 2.10.1
AUDIT_VENV    := .venv-audit
# osv or pypi: whichever can be reached
AUDIT_SOURCE  ?= osv

# Mutation testing has an environment of its own too: the tests need no coverage.py.
COVERAGE_VERSION := 7.17.5
MUTANTS_VENV     := .venv-mutants
MUTANTS_PIP       = $(MUTANTS_VENV)/bin/python -m pip --disable-pip-version-check --quiet
COUNT            ?= 400

# Fuzzing: another RUN gives other cases; WORKERS is how many at once, all processors unless told.
RUN          ?= 1
TRACES       ?= 100000
REPORTS      ?= 20000
OTHERS       ?= 10000
FUZZ_WORKERS  = $(if $(WORKERS),--workers $(WORKERS))

# A tree that is set up for the tests can also run the demo.
RUNTIME := $(if $(wildcard $(VENV)/.dev-installed),$(VENV)/.dev-installed,$(VENV)/.demo-installed)

.DEFAULT_GOAL := help
.PHONY: help demo test axe audit size test-torch torch-available mutants fuzz fuzz-report lint samples docs bench bench-pages bench-archives backtest lock screenshot clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:[^#]*##/\t/' | \
		while IFS="$$(printf '\t')" read -r name text; do printf '  make %-11s%s\n' "$$name" "$$text"; done

demo: $(RUNTIME) ## build a page from the shipped samples and say where it is
	@$(BIN)/ncutool report $(SAMPLE)/decoder-layer-synthetic.json.gz \
		$(SAMPLE)/decoder-layer-synthetic.ncu-rep -o $(DEMO) --force
	@echo "The page: $(CURDIR)/$(DEMO)"

test: $(VENV)/.dev-installed ## lint, types and the test suite
	@$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -q -n auto

axe: ## fetch axe-core, with which `make test` also judges accessibility (needs npm)
	@command -v npm >/dev/null || { echo "make axe needs npm: https://nodejs.org/" >&2; exit 1; }
	npm ci --prefix tests/browser --ignore-scripts --no-audit --no-fund

test-torch: $(TORCH_VENV)/.installed ## hold the operator models to PyTorch (TORCH_INDEX=URL of CPU wheels)
	$(TORCH_VENV)/bin/python -m pytest -q tests/torch_differential

mutants: $(MUTANTS_VENV)/.installed ## change the code in small ways: does a test fail? (COUNT=400 of them)
	nice -n 15 $(MUTANTS_VENV)/bin/python benchmarks/mutants.py --count $(COUNT)

audit: $(VENV)/.dev-installed ## ask an advisory source about the locked packages (needs the network)
	@test -x $(AUDIT_VENV)/bin/pip-audit || { $(PYTHON) -m venv $(AUDIT_VENV) && \
		$(AUDIT_VENV)/bin/python -m pip --disable-pip-version-check --quiet install pip-audit==$(AUDIT_VERSION); }
	$(AUDIT_VENV)/bin/pip-audit --strict --require-hashes --disable-pip --vulnerability-service $(AUDIT_SOURCE) \
		-r requirements/demo.txt

size: ## install what is locked in a fresh environment and say what it takes (needs the network)
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT INT TERM && \
		$(PYTHON) -m venv --without-pip "$$folder/env" && \
		$(PYTHON) -m pip --disable-pip-version-check --quiet --python "$$folder/env/bin/python" \
			install --require-hashes -r requirements/demo.txt && \
		sed -n 's/^| \([^|]*\) | .* | installing |$$/\1/p' docs/licences.md | \
			xargs $(PYTHON) -m pip --quiet --python "$$folder/env/bin/python" uninstall --yes && \
		du -s --apparent-size --block-size=1000000 "$$folder/env" | cut -f1 | xargs printf '%s MB, ' && \
		find "$$folder/env" -maxdepth 5 -name '*.dist-info' | wc -l | xargs printf '%s packages\n'

fuzz: $(VENV)/.dev-installed ## feed every command mutated captures for a while (SECONDS=60)
	nice -n 15 $(BIN)/python fuzz/fuzz.py --seconds $(or $(SECONDS),60) --run $(RUN) $(FUZZ_WORKERS)

fuzz-report: $(VENV)/.dev-installed ## the same with 100,000 traces and 20,000 reports, in several sittings (SECONDS=)
	nice -n 15 $(BIN)/python fuzz/fuzz.py --traces $(TRACES) --reports $(REPORTS) --others $(OTHERS) --run $(RUN) --sums fuzz/sums.json $(if $(SECONDS),--seconds $(SECONDS)) $(FUZZ_WORKERS)

lint: $(VENV)/.dev-installed ## ruff and mypy alone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

samples: $(VENV)/.dev-installed ## write the synthetic samples again
	$(BIN)/python reports/samples/make_samples.py

docs: $(VENV)/.dev-installed ## write docs/tables.md, docs/rules and the tables of docs/planner.md
	$(BIN)/python docs/make_tables.py
	$(BIN)/python docs/make_rules.py
	$(BIN)/python docs/make_engines.py
	$(BIN)/python docs/make_planner_tables.py
	$(BIN)/python docs/make_packaged.py
	$(BIN)/python docs/make_templates.py
	$(BIN)/python docs/make_sentence_words.py

bench: $(VENV)/.dev-installed ## measure what is claimed about speed (QUICK=1: only 50 MB)
	$(BIN)/python benchmarks/bench.py $(if $(QUICK),--quick)
	$(BIN)/python benchmarks/gate_trials.py

bench-pages: $(VENV)/.dev-installed ## measure the size of pages and how soon they answer (needs chromium)
	$(BIN)/python benchmarks/pages.py

bench-archives: $(VENV)/.dev-installed ## measure a batch over an archive with bad files in it (FILES=400)
	$(BIN)/python benchmarks/archives.py --files $(or $(FILES),400)

backtest: $(VENV)/.dev-installed ## predict captures from others and compare (CAPTURES=DIR of them)
	$(BIN)/python backtests/run.py $(if $(CAPTURES),--captures '$(CAPTURES)')

lock: ## resolve requirements/ again (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/" >&2; exit 1; }
	uv pip compile -q --upgrade --universal --python-version 3.10 --generate-hashes \
		--no-emit-index-url --no-annotate --custom-compile-command "make lock" \
		-c requirements/limits.in pyproject.toml --group build -o requirements/demo.txt
	uv pip compile -q --upgrade --universal --python-version 3.10 --generate-hashes \
		--no-emit-index-url --no-annotate --custom-compile-command "make lock" \
		pyproject.toml --group dev -c requirements/demo.txt -o requirements/dev.txt
	uv pip compile -q --upgrade --universal --python-version 3.10 --generate-hashes \
		--no-emit-index-url --no-annotate --custom-compile-command "make lock" \
		pyproject.toml requirements/torch.in --group build -c requirements/dev.txt \
		-o requirements/torch.txt

screenshot: demo ## draw docs/page.png, page-dark.png, page-phone.png and card.svg from the demo (needs chromium)
	$(BIN)/python docs/make_screenshots.py $(DEMO)
	$(BIN)/ncutool report $(SAMPLE)/decoder-layer-synthetic.json.gz -o docs/card.svg --force

clean: ## remove the environment, caches and everything generated
	rm -rf $(VENV) $(TORCH_VENV) $(MUTANTS_VENV) $(AUDIT_VENV) .mutants build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis benchmarks/data fuzz/found fuzz/sums.json $(DEMO)
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
		echo "ncutool needs Python 3.10 or newer, and '$(PYTHON)' is $$($(PYTHON) --version 2>&1 | tail -n 1)." >&2; \
		echo "Name another one: make $(or $(MAKECMDGOALS),test) PYTHON=python3.12" >&2; exit 1; }
	@echo "Setting up $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.demo-installed: requirements/demo.txt pyproject.toml | $(BIN)/python
	@$(PIP) install --require-hashes -r requirements/demo.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev-installed: requirements/dev.txt pyproject.toml | $(BIN)/python
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# PyTorch comes from TORCH_INDEX, or else from wherever pip looks. On Linux the package index's own
# build is the one for CUDA, of several gigabytes; it serves too, but the CPU wheels are far smaller.
$(TORCH_VENV)/.installed: requirements/torch.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "ncutool needs Python 3.10 or newer: make test-torch PYTHON=python3.12" >&2; exit 1; }
	@echo "Setting up $(TORCH_VENV) (once)"
	@$(PYTHON) -m venv $(TORCH_VENV)
	@$(TORCH_PIP) install --require-hashes -r requirements/torch.txt
	@$(TORCH_PIP) install --only-binary :all: \
		$(if $(TORCH_INDEX),--index-url '$(TORCH_INDEX)') torch==$(TORCH_VERSION) || \
		{ echo "PyTorch $(TORCH_VERSION) is not to be had. Name an index of its CPU wheels:" \
		"make test-torch TORCH_INDEX=URL" >&2; exit 1; }
	@$(TORCH_PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(MUTANTS_VENV)/.installed: requirements/dev.txt pyproject.toml
	@echo "Setting up $(MUTANTS_VENV) (once)"
	@$(PYTHON) -m venv $(MUTANTS_VENV)
	@$(MUTANTS_PIP) install --require-hashes -r requirements/dev.txt
	@$(MUTANTS_PIP) install coverage==$(COVERAGE_VERSION)
	@$(MUTANTS_PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

torch-available:
	@test -e $(TORCH_VENV)/.installed || $(VENV)/bin/python -m pip --disable-pip-version-check \
		--quiet install --dry-run --ignore-installed --no-deps --only-binary :all: \
		$(if $(TORCH_INDEX),--index-url '$(TORCH_INDEX)') torch==$(TORCH_VERSION)

.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder
PIP_INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check
DATA ?=
SEED ?=
STUDENTS ?=
EVENTS ?=
FULL ?=
FUZZED := tests/ikt_model/data/test_any_bytes.py tests/db/repositories/test_lives.py
SOURCES := api worker ikt_model db clients tests docs

.PHONY: help demo serve test journeys browser clients clients-tools docs check audit faults faults-short fuzz fuzz-short soak soak-short bench-calibration bench-recovery bench-training bench-gpu bench-accuracy bench-comparison bench-dashboard bench-serving bench-limits bench-streaming bench-upload study lock clean

help: ## Say what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-18s %s\n", $$1, $$2}'

demo: .venv/.installed ## Run the whole loop once and show it (DATA=file.csv for your own data)
	@$(BIN)/ikt demo $(if $(DATA),--data "$(DATA)")

serve: .venv/.installed ## Start the service: API and one worker, until Ctrl-C
	@$(BIN)/ikt up

test: .venv/.installed-dev ## Run the tests of every room, on SQLite and on a real PostgreSQL and Redis
	$(PYTEST) $(ARGS)

journeys: .venv/.installed-dev ## Go the ways that users go: README, demo, study, pages in a browser, short benchmarks
	$(PYTEST) tests/end_to_end tests/browser tests/benchmarks tests/clients $(ARGS)

browser: ## Install what the tests of the pages need: Chromium (Debian, as root) and axe-core (npm)
	@sh .ci/browser

clients-tools: ## Install what generates the clients and looks at the document (npm, pip)
	@PYTHON="$(PYTHON)" sh .ci/clients

clients: .venv/.installed-dev clients-tools ## Write openapi.json anew, and both clients from it
	$(BIN)/python -m tests.clients.generate
	npm run --silent --prefix clients/typescript generate

docs: .venv/.installed-dev ## Build the documentation as a site in .site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict && echo "Open .site/index.html"

check: .venv/.installed-dev ## Lint, format, types, import rules
	$(BIN)/ruff check $(SOURCES) && $(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy && $(BIN)/lint-imports

audit: .venv/.installed-dev ## Look for unsafe code, and for known vulnerabilities of what is locked
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive api worker ikt_model db docs .ci
	$(BIN)/python .ci/audit.py requirements-dev.lock

bench-calibration: .venv/.installed ## Time every reference on one core (DATA=file.csv for your own data)
	@$(BIN)/python -m tests.benchmarks.calibration "$(DATA)"

bench-recovery: .venv/.installed ## Hold the references to the truth of 50,000 simulated students (SEED=1 for others)
	@$(BIN)/python -m tests.benchmarks.recovery "$(SEED)"

bench-training: .venv/.installed ## Hold training to the padded loop that everybody writes first (DATA=train_valid.csv)
	@$(BIN)/python -m tests.benchmarks.training "$(DATA)"

bench-gpu: .venv/.installed ## Hold training on a GPU to its bounds; needs a CUDA device (DATA=train_valid.csv)
	@$(BIN)/python -m tests.benchmarks.gpu "$(DATA)"

bench-accuracy: .venv/.installed ## Hold the whole loop to its figures on ASSISTments 2015 (DATA=train_valid.csv)
	@$(BIN)/python -m tests.benchmarks.real_data "$(DATA)"

bench-comparison: .venv/.installed ## Time a comparison of 100,000 predictions on one core
	@$(BIN)/python -m tests.benchmarks.comparison

bench-dashboard: .venv/.installed-dev browser ## Time the first page in a real browser
	@$(BIN)/python -m tests.benchmarks.dashboard

bench-serving: .venv/.installed-dev ## Hold serving students to its bounds (FULL=1 for a million; MODEL=skill-wise)
	@$(BIN)/python -m tests.benchmarks.serving "$(STUDENTS)" "$(FULL)"

bench-limits: .venv/.installed-dev ## Hold keys and limits to what they may cost
	@$(BIN)/python -m tests.benchmarks.limits

bench-streaming: .venv/.installed ## Import, calibrate and train beyond memory (FULL=1 for 100 million events)
	@$(BIN)/python -m tests.benchmarks.streaming main "$(EVENTS)" "$(FULL)"

bench-upload: .venv/.installed-dev ## Send a gigabyte of random bytes, and hold what the API grows by
	@$(BIN)/python -m tests.benchmarks.big_upload

faults: .venv/.installed-dev ## Kill, fill, stop and set back what can be, on both stacks (POINTS=50 SEED=7 ARGS="-k disk")
	POINTS="$(POINTS)" SEED="$(SEED)" $(BIN)/python -m pytest -n 2 --dist worksteal --timeout 3600 tests/fault_injection $(ARGS)

faults-short: .venv/.installed-dev ## One of each kind that matters most, smaller
	SHORT=1 POINTS=4 SEED="$(SEED)" $(BIN)/python -m pytest -n 2 --dist worksteal -m short tests/fault_injection

soak: .venv/.installed-dev ## Mixed traffic while things break, then settle the accounts (MINUTES=10 STACK=embedded SEED=7)
	@$(BIN)/python -m tests.soak --minutes "$(or $(MINUTES),10)" --stack "$(or $(STACK),services)" $(if $(SEED),--seed $(SEED))

soak-short: .venv/.installed-dev ## The same for under two minutes
	@$(BIN)/python -m tests.soak --minutes 0.6 --every 8 $(if $(SEED),--seed $(SEED))

fuzz: .venv/.installed-dev ## Inputs that nobody thought of: every operation, readers, lives (EXAMPLES=200 SECONDS=300 SEED=7)
	EXAMPLES=$(or $(EXAMPLES),200) FUZZ_SECONDS=$(or $(SECONDS),300) FUZZ_EXAMPLES=$(or $(LIVES),1000) SEED=$(SEED) \
	$(BIN)/python -m pytest -n 2 --dist worksteal --timeout 0 tests/fuzz $(FUZZED)

fuzz-short: .venv/.installed-dev ## The same for two minutes, on SQLite
	EXAMPLES=3 FUZZ_SECONDS=15 SEED=$(SEED) $(BIN)/python -m pytest -n 2 --dist worksteal -k "not services" tests/fuzz

study: .venv/.installed ## Run the study, or what is left of it (DATA=train_valid.csv DATA2009=events.csv PART=a; STUDY=short)
	@$(BIN)/python -m docs.study --study "$(STUDY)" --data "$(DATA)" --data2009 "$(DATA2009)" --part "$(PART)"

lock: .venv/.installed-dev ## Renew both lock files
	BIN=$(BIN) sh .ci/lock requirements.lock
	BIN=$(BIN) sh .ci/lock requirements-dev.lock --extra dev -c requirements.lock

clean: ## Remove the environment, caches and the demo's state
	rm -rf .venv .ikt .site .work/generator .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else f"Python 3.11 or newer is needed, {sys.executable} is {sys.version.split()[0]}; say make PYTHON=/path/to/python3.12")'
	@$(PYTHON) -m venv .venv

# torch goes first: pip then takes the build that suits the machine, and the lock leaves it as it is.
.venv/.installed: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Preparing the environment in .venv (a minute or two, only once)"
	@$(PIP_INSTALL) torch==2.13.0 && $(PIP_INSTALL) -r requirements.lock
	@$(PIP_INSTALL) --no-deps -e . && touch $@

.venv/.installed-dev: requirements-dev.lock .venv/.installed
	@$(PIP_INSTALL) -r requirements-dev.lock && touch $@

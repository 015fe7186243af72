# The commands for people. Each target describes itself; `make` alone lists them.

PYTHON ?= python3
STACK = .venv/bin/python -m local

# Turns a variable that is given into a program's option. An empty one is passed on too, so that the program refuses it.
option = $(if $(filter undefined,$(origin $(2))),,$(1) '$($(2))')

.DEFAULT_GOAL := help
.PHONY: help setup run up down check test chaos conformance bench dist

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install the tools (quick when nothing changed)
	@$(PYTHON) scripts/setup.py

run: setup ## Migrate a fresh local database once: make run [ENV=prod] [MIGRATIONS=directory]
	@$(STACK) run

up: setup ## Start a local stack and leave it running: make up [ENV=qa] [MIGRATIONS=directory]
	@$(STACK) up

down: setup ## Stop the local stack and delete its database
	@$(STACK) down

check: setup ## Run what needs no server: format, lints, unit tests; minutes, for each change
	@scripts/test --quick

test: setup ## Run every check, or the steps of one name: make test [ONLY=engine]
	@scripts/test $(call option,--only,ONLY)

chaos: setup ## Inject faults while migrating, and look for what they leave: make chaos [SEED=7] [POINT=own:cut-server@31]
	@.venv/bin/python -m proofs.chaos $(call option,--seed,SEED) $(call option,--only,POINT)

conformance: setup ## Have Prisma's and sqlx's own engines look at what Lockstep leaves, and the other way round
	@.venv/bin/python -m proofs.conformance

bench: setup ## Measure against other tools and what PostgreSQL allows; half an hour on a quiet machine: make bench [ARGS=--quick]
	@.venv/bin/python -m proofs.bench $(ARGS)

dist: setup ## Build and pack a release into dist/: make dist [REPOSITORY=owner/name]; a quarter of an hour the first time
	@.venv/bin/python -m scripts.dist dist $(call option,--repository,REPOSITORY)

# Everything starts from a fresh clone, with Python 3.11, pip and make; `make` alone lists what there is.

BIN := .venv/bin
REGISTRY :=
EXTRAS :=
INVENTORY := tonnage.duckdb
BENCH :=
PUBLISH :=
MAKEFLAGS += --no-print-directory

# Where it is set, as in many containers, each command compiles all it imports again, and the tests start thousands.
unexport PYTHONDONTWRITEBYTECODE

PREFIX := /usr/local
DESTDIR :=

.PHONY: help demo install share scan lint test-quick test test-image docs lock site build release-check bench clean

help: ## say what there is to make
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1	\2/p' Makefile | expand -t 20

demo: .venv/ready ## build a sample registry in demo/, scan it, show what fills it
	@$(BIN)/tonnage demo demo
	@echo "The command is here: export PATH=$(CURDIR)/$(BIN):\$$PATH" >&2

install: ## install the command for you, with manual page and completion: make install EXTRAS=plan,postgresql
	@scripts/install.sh $(EXTRAS)

scan: .venv/ready ## scan a registry: make scan REGISTRY=/var/lib/registry
	@test -n "$(REGISTRY)" || { echo "which one? make scan REGISTRY=/var/lib/registry" >&2; exit 2; }
	@$(BIN)/tonnage scan "$(REGISTRY)" -i "$(INVENTORY)" || [ $$? -eq 3 ] # 3: finished, and found problems
	@$(BIN)/tonnage -i "$(INVENTORY)"

share: .venv/ready ## put the manual page and completions below PREFIX (/usr/local), for all users
	install -D -m 644 docs/man/tonnage.1 "$(DESTDIR)$(PREFIX)/share/man/man1/tonnage.1"
	install -d "$(DESTDIR)$(PREFIX)/share/bash-completion/completions" "$(DESTDIR)$(PREFIX)/share/zsh/site-functions" \
	    "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d"
	$(BIN)/tonnage completion bash > "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/tonnage"
	$(BIN)/tonnage completion zsh > "$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_tonnage"
	$(BIN)/tonnage completion fish > "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/tonnage.fish"

lint: .venv/ready-dev ## check all that can be checked without running tonnage
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check .
	$(BIN)/mypy --no-error-summary
	$(BIN)/lint-imports --no-logo
	$(BIN)/python scripts/generate_docs.py --check
	$(BIN)/python scripts/generate_deploy.py --check
	$(BIN)/python scripts/lock.py --check
	$(BIN)/python scripts/licences.py --check

test-quick: .venv/ready-dev ## check and test what needs no server and little time: a minute
	@$(MAKE) lint
	$(BIN)/pytest -n 2 --dist worksteal -m "not slow and not integration" tests/unit

test: .venv/ready-dev ## check and test everything, the real registry included
	scripts/install-test-programs.sh
	@$(MAKE) lint
	$(BIN)/pytest -n 3 --dist worksteal -m "not image"
	scripts/test-lowest.sh -n 2 tests/unit/test_sql_files.py tests/unit/test_verify.py tests/unit/test_closure.py

test-image: .venv/ready-dev ## build the container image with buildah, and run it: a minute and more
	$(BIN)/pytest tests/integration/test_image.py

docs: .venv/ready-dev ## rewrite what follows from something else: docs/reference, parts of deploy, licences
	$(BIN)/python scripts/generate_docs.py
	$(BIN)/python scripts/generate_deploy.py
	$(BIN)/python scripts/licences.py

site: .venv/ready-dev ## build the documents as a site in build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

lock: .venv/ready-dev ## lock what the container is built from, with hashes
	$(BIN)/python scripts/lock.py

build: .venv/ready-dev ## build wheel and sdist in dist/
	scripts/build.sh

# PUBLISH=v0.1.0 asks also for what only a release has: its tag and the project's addresses.
release-check: lint build ## run what a release would, short of publishing
	scripts/install-test-programs.sh
	$(BIN)/python scripts/release_check.py $(if $(PUBLISH),--publish $(PUBLISH))
	$(BIN)/pytest tests/unit/test_release_check.py tests/unit/test_site.py tests/unit/test_workflows.py tests/unit/test_container_file.py \
	    tests/integration/test_packages.py tests/integration/test_container.py tests/integration/test_image.py tests/integration/test_chart.py

bench: .venv/ready-dev ## measure scan and reports against find, du and the registry's collector, and the page
	scripts/install-test-programs.sh
	$(BIN)/python bench/scan.py $(BENCH)
	$(BIN)/python bench/page.py

clean: ## remove what was installed and built; inventories stay
	rm -rf .venv .uv .lowest .spark .azurite .actionlint .helm demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests scripts bench -name __pycache__ -prune -exec rm -rf {} +

.venv/ready: pyproject.toml constraints.txt scripts/setup.sh scripts/uv.sh
	@scripts/setup.sh
	@touch $@

.venv/ready-dev: pyproject.toml constraints.txt scripts/setup.sh scripts/uv.sh
	@scripts/setup.sh dev
	@touch .venv/ready $@

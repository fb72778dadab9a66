# What a person types. Each target says what it does and installs what it lacks (Debian, Ubuntu); see scripts/bootstrap.sh.
PREFIX ?= /usr/local
.DEFAULT_GOAL := build
.PHONY: build release install run test e2e chaos fuzz check bench protos clean help
# Targets share .build, which SwiftPM locks: one after the other.
.NOTPARALLEL:

bootstrap = @scripts/bootstrap.sh

build: ## build for debugging (plain `make`)
	$(bootstrap) build
	swift build --product cmdop

release: ## build dist/cmdop: optimised, stripped, one file that needs no toolchain
	$(bootstrap) build
	scripts/release.sh

install: release ## install binary, role links and completions under PREFIX (/usr/local)
	scripts/install.sh "$(PREFIX)"

run: build ## try it: relay and agent in throwaway homes, and a terminal through them
	@scripts/run.sh

test: ## all tests, end to end included
	$(bootstrap) build protos python mcp browser shell
	swift build
	swift build --build-tests
	scripts/test.sh --skip-build --no-parallel --skip EndToEndTests
	scripts/test.sh --skip-build --filter EndToEndTests

e2e: ## only the tests that start the real binary
	$(bootstrap) build protos python mcp browser
	swift build
	scripts/test.sh --filter EndToEndTests

chaos: ## 300 random faults under terminals, 100 kills of a relay that writes (CMDOP_CHAOS_FAULTS, CMDOP_KILLS, CMDOP_CHAOS_SEED)
	$(bootstrap) build protos python
	swift build
	CMDOP_CHAOS_FAULTS=$${CMDOP_CHAOS_FAULTS:-300} CMDOP_KILLS=$${CMDOP_KILLS:-100} \
	  swift test --no-parallel --filter 'EndToEndTests\.(Chaos|Kill)Tests'

fuzz: ## 100,000 random scripts through the gate's parser and shfmt, a million hurt lines through the MCP server (CMDOP_SHELL_SCRIPTS, CMDOP_MCP_LINES; …_SEED)
	$(bootstrap) build shell
	CMDOP_SHELL_SCRIPTS=$${CMDOP_SHELL_SCRIPTS:-100000} CMDOP_MCP_LINES=$${CMDOP_MCP_LINES:-1000000} \
	  swift test --no-parallel --filter 'PermissionTests\.ShfmtTests|MCPTests\.LineFuzzTests'

check: ## format, house rules, generated code fresh
	$(bootstrap) build protos
	scripts/lint.sh
	scripts/protos.sh --check
	swift test --filter HouseTests

bench: ## measure against ssh, tmate and others (release build); figures for docs/performance.md
	$(bootstrap) build bench
	scripts/release.sh
	scripts/bench/run.sh

protos: ## remake Sources/Wire/Generated from protos/
	$(bootstrap) build protos
	scripts/protos.sh

clean: ## remove what was built (.venv stays)
	swift package clean
	rm -rf dist

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' Makefile

# `make help` lists the targets.

GO        ?= go
LINT      := bin/golangci-lint
LINT_AT   := v2.15.0
PROMTOOL  := bin/promtool
PROM_AT   := v0.316.0
SEEDS     ?= 20000
FOR       ?= 10m

.PHONY: help dev build image test compiler chromium postgres shells lint conformance deployment alerts simulation \
	mutation mutation-table accessibility clients clients-table soak bench

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

dev: ## Run everything on this machine: simulators, service, sample app
	$(GO) run ./cmd/lockstep dev

# What lockstep version shows. The date is the commit's, so that a commit builds the same program each time. To build
# without git, set them: make build VERSION=v1.2.3
VERSION = $(shell git describe --tags --match 'v[0-9]*' --dirty 2>/dev/null || echo v0.0.0-$$(git describe --always --dirty 2>/dev/null || echo unknown))
COMMIT  = $(shell git rev-parse HEAD 2>/dev/null)
DATE    = $(shell TZ=UTC git log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd 2>/dev/null)
BUILD   = github.com/lockstep-dev/lockstep/internal/buildinfo
STAMP   = -X $(BUILD).version=$(VERSION) -X $(BUILD).commit=$(COMMIT) -X $(BUILD).date=$(DATE)

build: ## Build bin/lockstep
	$(GO) build -trimpath -ldflags '$(STAMP)' -o bin/lockstep ./cmd/lockstep

image: ## Build the container images dist/lockstep-linux-*.tar, without a daemon
	cd deploy && $(GO) run ./image -out ../dist -version '$(VERSION)' -commit '$(COMMIT)' -date '$(DATE)'

# The race detector skips SQLite's own code, which is C translated to Go: its data lies outside of Go's memory, which the
# detector cannot see, and it would take three times as long. The driver and its locks are checked.
RACE = GOFLAGS="$$($(GO) env GOFLAGS) -gcflags=modernc.org/sqlite/lib=-race=false" $(GO) test -race -timeout 15m

# Under the race detector a world takes ten times as long. So the scripts and most worlds run without it.
test: compiler chromium postgres shells ## Run all tests, with the race detector where it is affordable
	$(RACE) -skip '^TestScripts$$/^[^m]' $$($(GO) list ./... | grep -v '/internal/check/simtest$$')
	$(RACE) -run TestWorld ./internal/check/simtest
	$(GO) test -count=1 -timeout 15m ./internal/check/simtest ./cmd/lockstep
	$(GO) test -count=1 -run TestKilledProcess ./sqlitestore # with 50,000 rows

compiler: ## Install the C compiler that the race detector needs, where apt-get can
	@command -v gcc >/dev/null || command -v clang >/dev/null || { \
		if [ "$$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi; \
		$$sudo apt-get update -qq -o Acquire::Retries=3 && $$sudo apt-get install -y -qq -o Acquire::Retries=3 --no-install-recommends gcc libc6-dev >/dev/null; } || \
		echo "no C compiler could be installed; the race detector needs one"

chromium: ## Install the browser that a test drives, where apt-get can
	@command -v chromium >/dev/null || { \
		if [ "$$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi; \
		$$sudo apt-get update -qq -o Acquire::Retries=3 && $$sudo apt-get install -y -qq -o Acquire::Retries=3 --no-install-recommends chromium >/dev/null; } || \
		echo "chromium could not be installed; the browser's test needs it on the PATH"

postgres: ## Install the PostgreSQL and the PgBouncer that tests start, where apt-get can
	@{ ls /usr/lib/postgresql/*/bin/initdb || command -v initdb; } >/dev/null 2>&1 && { command -v pgbouncer || ls /usr/sbin/pgbouncer; } >/dev/null 2>&1 || { \
		if [ "$$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi; \
		$$sudo apt-get update -qq -o Acquire::Retries=3 && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq -o Acquire::Retries=3 --no-install-recommends postgresql pgbouncer >/dev/null; } || \
		echo "PostgreSQL could not be installed; its tests need initdb, or LOCKSTEP_TEST_POSTGRES, and pgbouncer"

shells: ## Install the shells in which a test completes commands, where apt-get can
	@command -v bash >/dev/null && command -v zsh >/dev/null && command -v fish >/dev/null || { \
		if [ "$$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi; \
		$$sudo apt-get update -qq -o Acquire::Retries=3 && $$sudo apt-get install -y -qq -o Acquire::Retries=3 --no-install-recommends bash zsh fish >/dev/null; } || \
		echo "zsh and fish could not be installed; the test of completion needs them on the PATH"

lint: $(LINT) ## Check formatting, vet and linters
	@out=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$out" || { echo "gofmt these:"; echo "$$out"; exit 1; }
	$(GO) mod tidy -diff
	$(LINT) run --allow-parallel-runners ./...
	cd conformance && $(GO) mod tidy -diff && $(GO) vet ./... && ../$(LINT) run --allow-parallel-runners ./... # a module of its own
	cd deploy && $(GO) mod tidy -diff && $(GO) vet ./... && ../$(LINT) run --allow-parallel-runners ./... # and another

$(LINT):
	GOBIN=$(CURDIR)/bin $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_AT)

conformance: simulation mutation clients accessibility deployment alerts ## Run the longer suites: more worlds, mutated code, other people's clients, the image, and the alerts

deployment: ## Build and run the image for this machine, and check what is in deploy/
	cd deploy && $(GO) test -count=1 -timeout 15m ./...

alerts: $(PROMTOOL) ## Check and test the alert rules, and parse the dashboard's expressions
	$(PROMTOOL) check rules deploy/prometheus/alerts.yaml
	$(PROMTOOL) test rules deploy/prometheus/alerts_test.yaml
	$(GO) run ./internal/check/alerts deploy/grafana/lockstep.json | $(PROMTOOL) check rules

$(PROMTOOL):
	GOBIN=$(CURDIR)/bin $(GO) install github.com/prometheus/prometheus/cmd/promtool@$(PROM_AT)

simulation: ## Simulate 90 more worlds than make test
	$(GO) test ./internal/check/simtest -run TestWorld -count=1 -timeout 20m -seeds=90 -first=61

mutation: ## Break the code in each way of docs/mutation.md and require that the simulation notices
	$(GO) run ./internal/check/mutation

mutation-table: ## Do the same, and write the table in docs/mutation.md
	$(GO) run ./internal/check/mutation -write docs/mutation.md

clients: conformance/node_modules examples/nextjs/node_modules examples/convex/node_modules ## Run stripe-node, @clerk/backend, both CLIs and better-auth against the simulator, and check the examples' types
	cd conformance && LOCKSTEP_CONFORMANCE=1 $(GO) test -count=1 -timeout 10m ./...
	LOCKSTEP_CONFORMANCE=1 $(GO) test -count=1 -timeout 10m ./internal/check/openapicheck

accessibility: chromium conformance/node_modules ## Judge every page by axe-core
	LOCKSTEP_AXE=$(CURDIR)/conformance/node_modules/axe-core/axe.min.js $(GO) test -count=1 -timeout 10m -run 'Browser|Overview|Deletions' \
		./internal/web/console

clients-table: conformance/node_modules ## Do the same, and write the table in docs/stripe-cli.md
	cd conformance && LOCKSTEP_CONFORMANCE=1 LOCKSTEP_WRITE_TABLE=1 $(GO) test -count=1 -timeout 10m ./...

conformance/node_modules: conformance/package-lock.json | node
	npm ci --prefix conformance --loglevel=error
	@touch $@

# Optional packages are compilers for other systems, which a type check does not need.
examples/%/node_modules: examples/%/package-lock.json | node
	npm ci --prefix examples/$* --omit=optional --loglevel=error
	@touch $@

.PHONY: node
node:
	@node -e 'process.exit(process.versions.node.split(".")[0] >= 20 ? 0 : 1)' && command -v npm >/dev/null || { \
		echo "make clients needs Node 20.9 or newer with npm on the PATH (https://nodejs.org; Debian 12 has an older one)"; exit 1; }

soak: ## Run many more worlds, and disturb replicas for longer: make soak SEEDS=100000 FOR=1h
	$(GO) test ./internal/check/simtest -run TestWorld -count=1 -timeout 0 -seeds=$(SEEDS) -first=1000
	$(GO) test ./internal/check/fleet -count=1 -timeout 0 -v -for=$(FOR)

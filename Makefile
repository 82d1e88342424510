# Needs Go and nothing else, but: lint and check load golangci-lint through Go's
# module proxy, check needs a C compiler for -race, score needs Python 3.11, capture
# needs PyPI as well.

GO       ?= go
GOLANGCI ?= github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
FUZZTIME ?= 30s
VERSION  ?=

LDFLAGS = -s -w $(if $(VERSION),-X main.version=$(VERSION))

.PHONY: build test check lint fuzz score capture bench cover kafka kubernetes reference packages deploy-check

# The binary is static and holds the time zones that --timezone may name.
build:
	CGO_ENABLED=0 $(GO) build -trimpath -tags timetzdata -ldflags '$(LDFLAGS)' -o tailer ./cmd/tailer

test:
	$(GO) test -timeout 30m ./...

check: lint
	@files=$$(gofmt -l .); test -z "$$files" || { echo "gofmt these files:"; echo "$$files"; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags kafka ./cmd/tailer
	$(GO) test -race -timeout 60m ./...

lint:
	$(GO) run $(GOLANGCI) run ./...

# Every fuzz target of every package, one after another.
fuzz:
	@for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "$$package $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -parallel 1 $$package || exit 1; \
		done; \
	done

# What tailer makes of every capture, compared with what was really sent.
score: build
	python3 testdata/score/score_all.py --command './tailer backfill --to file:{out} --date {date} --timezone {zone} {log}'

# Runs LiteLLM VERSION in the lab and adds its logs, with what was really sent, to
# the captures that score and test compare. VARIANTS are those of testdata/lab/variants.py.
capture:
	@test -n "$(VERSION)" || { echo "say which: make capture VERSION=1.106.0"; exit 2; }
	python3 testdata/lab/capture.py $(VERSION) $(if $(VARIANTS),--variants $(VARIANTS))

# Three tailers and a real broker, which needs Java 17 and Maven.
kafka:
	$(GO) test -tags kafka -run TestFleet -v -timeout 30m ./cmd/tailer

# The manifests against Kubernetes' schemas; needs Python 3.
kubernetes:
	deploy/kubernetes/check.sh

# Each stage by itself; then tailer beside other programs: bench/README.md.
bench:
	$(GO) test -run '^$$' -bench . -benchmem ./...
	python3 bench/bench.py throughput $(BENCHFLAGS)

cover:
	mkdir -p dist
	$(GO) test -coverprofile dist/cover.out -coverpkg ./... ./...
	$(GO) tool cover -func dist/cover.out | tail -1

# Every command, flag and setting, as docs/reference.md shows them.
reference:
	$(GO) test ./cmd/tailer -run 'TestReference' -update

# deb, rpm, apk, archives, SBOM and checksums, into dist/packages.
packages:
	packaging/build.sh

# Alert rules, dashboard, image and compose file; needs Python 3.
deploy-check:
	deploy/check.sh

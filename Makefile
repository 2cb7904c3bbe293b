# resnet: train and run image classifiers in Go.
#
#   make train    fetch Fashion-MNIST, build, train the seed network
#   make test     every test, no C compiler needed

GO      ?= go
TAGS    ?= nocuda
BIN     := bin/resnet
EPOCHS  ?= 8
SEED    ?= 1
ARGS    ?=

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
SOURCES     := $(shell find cmd bench data kernels nn -name '*.go' -o -name '*.s') go.mod go.sum

.DEFAULT_GOAL := help
.PHONY: help build train test race lint bench data generate check-generated clean

help: ## show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: $(BIN) ## build bin/resnet

$(BIN): $(SOURCES)
	CGO_ENABLED=0 $(GO) build -tags $(TAGS) -trimpath -o $@ ./cmd/resnet

data: $(BIN) ## find or fetch Fashion-MNIST and verify it
	@$(BIN) data fetch || { command -v apt-get >/dev/null && bash data/fetch-debian.sh; }
	@$(BIN) data info

train: data ## train the seed network (EPOCHS=8 SEED=1 ARGS=...)
	$(BIN) train --epochs $(EPOCHS) --seed $(SEED) $(ARGS)

test: ## run every test (no C compiler needed)
	CGO_ENABLED=0 $(GO) test -tags $(TAGS) ./...

race: ## run the data and training tests under the race detector (needs a C compiler)
	$(GO) test -race -tags $(TAGS) ./data ./nn/train

lint: check-generated ## formatting, vet, staticcheck, shellcheck, generated files
	@out=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$out" ] || { echo "gofmt would change: $$out"; exit 1; }
	$(GO) vet -tags $(TAGS) ./...
	$(GO) vet ./...
	GOARCH=arm64 $(GO) vet -tags $(TAGS) ./...
	GOOS=windows $(GO) vet -tags $(TAGS) ./cmd/... ./nn/... ./data/... ./kernels/...
	$(GO) run $(STATICCHECK) -tags $(TAGS) ./...
	@if command -v shellcheck >/dev/null; then shellcheck $$(git ls-files '*.sh') .ci/run; fi

generate: ## write the SIMD kernels' assembly anew (needs the Go module proxy)
	$(GO) generate ./kernels/cpu

check-generated: generate
	@git diff --exit-code --stat -- 'kernels/cpu/*_amd64.s' 'kernels/cpu/*_amd64.go' || { echo "generated kernels differ from their generator: commit what 'make generate' wrote"; exit 1; }

bench: $(BIN) ## measure throughput on this machine
	$(BIN) bench $(ARGS)

clean: ## remove what was built (runs and data stay)
	rm -rf bin

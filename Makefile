# resnet: train and run image classifiers in Go.
#
#   make train    fetch Fashion-MNIST, build, train the seed network
#   make test     every test, no C compiler needed
#   make cuda     the build that trains on NVIDIA GPUs, bin/resnet-cuda
#
# build, train, test and bench use the CPU alone. With TAGS= behind them they
# are for GPUs: make train TAGS=

GO      ?= go
TAGS    ?= nocuda
EPOCHS  ?= 8
SEED    ?= 1
ARGS    ?=

# CUDA runs a command with the toolkit at hand, which it installs into .cuda/sdk
# if the machine has none. CUDA_SDK=12.9-9.28 is another than that, with other
# folders for what is built from it: CUDA 12.9 and cuDNN 9.28, one of
# gpu/sdk/versions.
CUDA := gpu/sdk/with-cuda.sh
EMU  := $(CURDIR)/.cuda/emu$(CUDA_SDK:%=-%)
ifneq ($(findstring nocuda,$(TAGS)),)
BIN    := bin/resnet
BUILD  := CGO_ENABLED=0 $(GO)
RESNET := $(BIN)
CUBINS :=
else
BIN    := bin/resnet-cuda
BUILD  := $(CUDA) $(GO)
RESNET := $(CUDA) $(BIN)
CUBINS := cubins
endif

# The compute capabilities that the kernels are assembled for; other GPUs' drivers
# compile them at the first start.
CUBIN_ARCHS ?= 75 80 86 89 90 100 120

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
LINTERS     := .cache/linters
SOURCES     := $(shell find cmd bench data gpu kernels nn \
	-name '*.go' -o -name '*.[chsS]' -o -name '*.ptx' -o -name '*.html' -o -name '*.css' -o -name '*.js' \
	-o -path '*/completion/*') go.mod go.sum

.DEFAULT_GOAL := help
.PHONY: help build data train bench test race fuzz cuda cubins test-cuda test-gpu emu test-emu check-cuda-libs \
	check-cuda-versions ptx check-ptx cuda-sdk cuda-env generate check-generated lint image clean data-real

help: ## show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-19s %s\n", $$1, $$2} /^##@/{printf "\n%s\n", substr($$0, 5)}' \
		$(MAKEFILE_LIST)

##@ Train

build: $(BIN) $(CUBINS) ## build bin/resnet

$(BIN): $(SOURCES)
	$(BUILD) build -tags '$(TAGS)' -trimpath -o $@ ./cmd/resnet

data: $(BIN) ## find or fetch Fashion-MNIST and verify it
	@$(RESNET) data fetch || { command -v apt-get >/dev/null && bash data/fetch-debian.sh; }
	@$(RESNET) data info

data-real: $(BIN) ## fetch three real sets of pictures (385 MB; Debian, pip) and look at them
	@sh data/fetch-real.sh .cache/real
	@for set in openclipart tuxpaint elpv/labels.csv; do \
		$(RESNET) data check --on-bad-image skip ".cache/real/$$set" || exit 1; done

train: data $(CUBINS) ## train the seed network (EPOCHS=8 SEED=1 ARGS=...)
	$(RESNET) train --epochs $(EPOCHS) --seed $(SEED) $(ARGS)

bench: $(BIN) $(CUBINS) ## measure throughput on this machine
	$(RESNET) bench $(ARGS)

cuda: ## build bin/resnet-cuda, for NVIDIA GPUs (needs a C compiler)
	@$(MAKE) --no-print-directory build TAGS=

cubins: ## assemble the kernels' machine code into bin/kernels (CUBIN_ARCHS='75 80 86 89 90 100 120')
	@$(CUDA) kernels/cuda/assemble.sh bin/kernels $(CUBIN_ARCHS)

image: ## build the Docker image resnet-train
	docker build -f Dockerfile.cuda -t resnet-train .

##@ Test

test: ## run every test (no C compiler needed)
	$(BUILD) test -tags '$(TAGS)' ./...

race: ## run every test under the race detector (needs a C compiler)
	$(GO) test -race -tags nocuda -timeout 30m ./...

FUZZTIME ?= 5s
fuzz: ## fuzz every reader of files for a while (FUZZTIME=5s each)
	@GO='$(GO)' .ci/fuzz.sh $(FUZZTIME)

# The packages that have code of the CUDA build; the others' tests are the same in both. Libraries that are loaded while
# a test runs escape the cache of test results.
CUDA_PACKAGES = $(shell grep -rl --include='*.go' '^//go:build !nocuda' bench cmd data gpu kernels nn | \
	xargs -n 1 dirname | sort -u | sed 's|^|./|')
test-cuda: emu ## test the packages with CUDA code on emulated libraries (no GPU needed)
	RESNET_REQUIRE_GPU=1 RESNET_CUDA_LIBS=$(EMU) $(CUDA) $(GO) test -count=1 -timeout 20m $(CUDA_PACKAGES)

test-gpu: ## run every test of the CUDA build on this machine's GPU
	RESNET_REQUIRE_GPU=1 RESNET_CUDA_LIBS= $(CUDA) $(GO) test -count=1 -timeout 20m ./...

check-cuda-libs: ## look for every function that is used in the real cuDNN and cuBLAS
	$(CUDA) gpu/forward/check.sh

check-cuda-versions: ## build and test with every toolkit of gpu/sdk/versions, one by one (VERSIONS='12.4-8.9')
	gpu/sdk/check-versions.sh $(VERSIONS)

lint: check-generated check-ptx $(LINTERS)
lint: ## line widths, formatting, vet, staticcheck, shellcheck, hadolint, generated files
	.ci/check-lines.py
	@out=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$out" ] || { echo "gofmt would change: $$out"; exit 1; }
	$(GO) vet -tags nocuda ./...
	$(CUDA) $(GO) vet ./...
	GOARCH=arm64 $(GO) vet -tags nocuda ./...
	GOOS=windows $(GO) vet -tags nocuda ./cmd/... ./nn/... ./data/... ./kernels/...
	$(GO) run $(STATICCHECK) -tags nocuda ./...
	$(CUDA) $(GO) run $(STATICCHECK) ./...
	PATH=$(LINTERS)/bin:$$PATH shellcheck $$(git ls-files '*.sh') .ci/run
	$(LINTERS)/bin/hadolint Dockerfile.cuda
	.ci/check-dockerfile.sh Dockerfile.cuda

$(LINTERS): .ci/linters.txt
	rm -rf $@
	PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --no-cache-dir --no-deps --only-binary :all: \
		--require-hashes --target $@ -r $<
	@touch $@

##@ Generated files

generate: ## write the SIMD kernels' assembly and the command's reference anew (needs the Go module proxy)
	$(GO) generate ./kernels/cpu
	$(GO) generate -tags nocuda ./cmd/resnet

check-generated: generate
	@git diff --exit-code --stat -- 'kernels/cpu/*_amd64.s' 'kernels/cpu/*_amd64.go' kernels/cpu/vector.go \
		cmd/resnet/README.md || \
		{ echo "generated files differ from their generator: commit what 'make generate' wrote"; exit 1; }

# The compiler is always the one of .cuda/sdk: another version writes another PTX.
ptx: cuda-sdk ## compile the CUDA kernels and write their launchers anew
	CUDA_HOME=$(CURDIR)/.cuda/sdk $(CUDA) kernels/cuda/generate.sh

check-ptx: cuda-sdk ## fail if the kernels' PTX and launchers are not what the sources make
	CUDA_HOME=$(CURDIR)/.cuda/sdk $(CUDA) kernels/cuda/generate.sh --check

##@ CUDA without a system toolkit, without a GPU

cuda-sdk: ## install a CUDA toolkit and cuDNN in .cuda (2 GB; needs python3 with pip; CUDA_SDK=12.9-9.28)
	@gpu/sdk/install.sh $(CUDA_SDK)

cuda-env: ## print the CUDA build's environment: eval "$(make -s cuda-env)"
	@env="$$(gpu/sdk/env.sh)" && eval "$$env" && gpu/forward/build.sh "$$CUDA_LINK" && echo "$$env"

emu: ## build the emulated CUDA, cuDNN and cuBLAS that the tests run on
	@$(CUDA) $(MAKE) -s -j$(shell nproc) -C gpu/emu OUT=$(EMU)

test-emu: ## test the emulation itself
	@$(CUDA) $(MAKE) -s -j$(shell nproc) -C gpu/emu OUT=$(EMU) test

clean: ## remove what was built (runs, data and the CUDA toolkit stay)
	rm -rf bin .cuda/link* .cuda/emu*

include bench/gpu-check.mk

# The check of a machine with an NVIDIA GPU; bench/gpu-check.sh describes it.

##@ Check a machine with an NVIDIA GPU

.PHONY: gpu-check gpu-check-bundle gpu-check-smoke

gpu-check: ## check this machine's GPU: tests, accuracy, speed beside PyTorch's (9 minutes; ARGS=--first: 2)
	bench/gpu-check.sh $(ARGS)

gpu-check-bundle: ## build .gpu-check for a machine without Go (GOLDEN=file: with golden values, no images)
	bench/gpucheck/bundle.sh $(if $(GOLDEN),--golden '$(GOLDEN)')

gpu-check-smoke: emu ## run the GPU check's machinery on the emulated libraries
	python3 -B -m unittest discover -b -s bench/gpucheck
	bench/gpucheck/bundle.sh --bare bin/gpu-check
	RESNET_CUDA_LIBS='$(CURDIR)/.cuda/emu' python3 -B bench/gpucheck/smoke.py bin/gpu-check runs/gpu-check-smoke

#!/usr/bin/env bash
# Proves that the CUDA build works with each toolkit of versions, one after
# another: it is compiled, linked and vetted with the toolkit's headers; every
# function that is used is looked for in its real cuDNN and cuBLAS; its ptxas
# assembles the kernels; and package gpu's tests run on libraries emulated with
# its headers. This downloads 2 GB a version, and needs no GPU.
#
# A toolkit that was not there before is removed again.
#
# Usage: check-versions.sh [VERSION...], by default all: 12.4-8.9 and so on.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ $# = 0 ]; then
	for list in gpu/sdk/versions/*.txt; do
		set -- "$@" "$(basename "$list" .txt)"
	done
fi

out="$(mktemp -d)"
log="$out/log"
new=''
trap 'rm -rf "$out" ${new:+"$new"}' EXIT

# check runs a command in the environment of CUDA_SDK, and shows what it wrote if it fails.
check() {
	local what="$1"
	shift
	if ! gpu/sdk/with-cuda.sh "$@" >"$log" 2>&1; then
		cat "$log" >&2
		echo "gpu/sdk: $CUDA_SDK: $what: failed" >&2
		exit 1
	fi
}

for CUDA_SDK in "$@"; do
	export CUDA_SDK
	emu="$PWD/.cuda/emu-$CUDA_SDK"
	[ -d ".cuda/sdk-$CUDA_SDK" ] || new=".cuda/sdk-$CUDA_SDK"

	check "go build" go build -o "$out/resnet" ./cmd/resnet
	check "go vet" go vet ./...
	check "functions of the libraries" gpu/forward/check.sh
	cat "$log"
	check "kernels" kernels/cuda/assemble.sh "$out/kernels-$CUDA_SDK" 75 80 86 89 90 100 120
	cat "$log"
	check "emulated libraries" make -s -j"$(getconf _NPROCESSORS_ONLN)" -C gpu/emu OUT="$emu" test-libs
	check "tests of package gpu" \
		env RESNET_REQUIRE_GPU=1 RESNET_CUDA_LIBS="$emu/test" go test -count=1 -timeout 20m ./gpu
	echo "ok: $CUDA_SDK"

	rm -rf "$emu" ".cuda/link-$CUDA_SDK" ${new:+"$new"}
	new=''
done

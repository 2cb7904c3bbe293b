#!/bin/sh
# Writes the PTX modules in ptx and testdata, and launchers.go, from the CUDA sources in src. With --check, it writes
# nothing, and fails if these files are not what it would write. It needs nvcc and ptxas of CUDA 13 and a C++ compiler,
# but no GPU.
set -eu
cd "$(dirname "$0")"

modules='tensor_f32 tensor_f16 tensor_bf16 typed_f32 typed_f16 typed_bf16 kernels'
# Modules that only tests load.
testing='testing_f32 testing_f16 testing_bf16'

fail() {
	echo "kernels/cuda/generate.sh: $*" >&2
	exit 1
}

check=
case "${1:-}" in
"") ;;
--check) check=yes ;;
*) fail "unknown argument $1, want --check or none" ;;
esac

if [ -z "${NVCC:-}" ]; then
	for NVCC in "${CUDA_HOME:-/usr/local/cuda}/bin/nvcc" "$(command -v nvcc || true)" ../../.cuda/sdk/bin/nvcc; do
		[ ! -x "$NVCC" ] || break
	done
fi
[ -x "$NVCC" ] || fail "no nvcc: set NVCC or CUDA_HOME, or run make cuda-sdk"
export NVCC

if [ -n "$check" ]; then
	version=$("$NVCC" --version | sed -n 's/.*, V//p')
	made_by=$(sed -n 's/^\/\/ Compiled by nvcc //p' ./*/*.ptx | sort -u)
	[ "$made_by" = "$version" ] ||
		fail "the PTX was made by nvcc $made_by, by which it must be checked, but $NVCC is $version"
fi

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

mkdir -p "$out/made/ptx" "$out/made/testdata"
echo "$modules $testing" | tr ' ' '\n' | xargs -P "$(getconf _NPROCESSORS_ONLN)" -I MODULE ./compile.sh MODULE "$out"
${GO:-go} run ./gen -o "$out/made/launchers.go" src/kernels.cu src/typed.cu src/tensor.cu
mv "$out"/testing_*.ptx "$out/made/testdata"
mv "$out"/*.ptx "$out/made/ptx"

if [ -n "$check" ]; then
	for file in launchers.go ./*/*.ptx $(cd "$out/made" && echo ./*/*.ptx); do
		cmp -s "$out/made/$file" "$file" || fail "$file is not what the sources make: run make ptx and commit it"
	done
else
	rm -f ./*/*.ptx
	cp -R "$out"/made/* .
fi

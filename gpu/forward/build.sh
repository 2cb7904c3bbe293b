#!/usr/bin/env bash
# Builds the archives that satisfy -lcuda, -lcudnn and -lcublas (forward.h):
# one archive under three names, so that the order in which they are linked
# does not matter. Does nothing when they are up to date.
#
# The lists in symbols/ hold what gorgonia.org/cu, gorgonia.org/cu/dnn and package
# gpu call, compiled against CUDA 12 and 13, cuDNN 8 and 9. When the linker says
# "undefined reference to `cuSomething'", add that line to its library's list
# (sorted, one a line, the name as the linker has it, with its _v2) and build
# again. A word may follow: zero for a function that does not return a status,
# old for one that cuDNN 9 no longer has, new for one that cuDNN 8 lacks.
#
# Usage: build.sh FOLDER, with CUDA_INCLUDE and CUDNN_INCLUDE set.
set -euo pipefail

mkdir -p "${1:?usage: build.sh FOLDER}"
out="$(cd "$1" && pwd)"
cd "$(dirname "$0")"
sources=(build.sh forward.c forward.h missing.c trampolines.awk symbols/*.txt)
# A compiler and its flags may be several words.
read -ra cc <<<"${CC:-cc}"
compile=("${cc[@]}" -O2 -g -fPIC -Wall -Wextra -Werror "-I$CUDNN_INCLUDE" "-I$CUDA_INCLUDE" -c)

stamp="${compile[*]} $(cat "${sources[@]}" "$CUDNN_INCLUDE/cudnn_version.h" | cksum)"
if [ -f "$out/stamp" ] && [ "$(cat "$out/stamp")" = "$stamp" ]; then
	exit 0
fi

tmp="$(mktemp -d "$out/build.XXXXXX")"
trap 'rm -rf "$tmp"' EXIT

objects=()
for lib in cuda cudnn cublas; do
	LC_ALL=C sort --check --unique "symbols/$lib.txt"
	awk -v lib="$lib" -f trampolines.awk "symbols/$lib.txt" >"$tmp/$lib.S"
	"${compile[@]}" -o "$tmp/$lib.o" "$tmp/$lib.S"
	objects+=("$tmp/$lib.o")
done
for source in forward missing; do
	"${compile[@]}" -o "$tmp/$source.o" "$source.c"
	objects+=("$tmp/$source.o")
done

"${AR:-ar}" crsD "$tmp/libcuda.a" "${objects[@]}"
mv "$tmp/libcuda.a" "$out/libcuda.a"
ln -sf libcuda.a "$out/libcudnn.a"
ln -sf libcuda.a "$out/libcublas.a"
echo "$stamp" >"$out/stamp"

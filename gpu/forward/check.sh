#!/usr/bin/env bash
# Builds check.c and runs it on the toolkit's cuDNN and cuBLAS.
#
# Usage: ../sdk/with-cuda.sh check.sh
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"

# library prints the path of the real library that the headers are for.
library() {
	local folder
	for folder in "$CUDA_HOME/lib64" "${CUDNN_HOME:-$CUDA_HOME}/lib" "/usr/lib/$(uname -m)-linux-gnu"; do
		if [ -f "$folder/$1" ]; then
			echo "$folder/$1"
			return
		fi
	done
	echo "gpu/forward: no $1 in $CUDA_HOME/lib64 nor where the system has it" >&2
	return 1
}

# version prints what MACRO is in a header.
version() {
	printf '#include <%s>\n%s\n' "$1" "$2" | "${CC:-cc}" -E -P "-I$CUDNN_INCLUDE" "-I$CUDA_INCLUDE" - | tail -n 1
}

cudnn="$(library "libcudnn.so.$(version cudnn_version.h CUDNN_MAJOR)")"
cublas="$(library "libcublas.so.$(version cublas_v2.h CUBLAS_VER_MAJOR)")"
"${CC:-cc}" -O2 -g -Wall -Wextra -Werror "-I$CUDNN_INCLUDE" "-I$CUDA_INCLUDE" \
	-o "$CUDA_LINK/check" "$here/check.c" "-L$CUDA_LINK" -lcudnn -lcublas -ldl
"$CUDA_LINK/check" "$here/symbols" "$cudnn" "$cublas"

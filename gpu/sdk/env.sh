#!/usr/bin/env bash
# Prints, for eval, the environment in which plain go build and go test make
# and run the CUDA build.
#
#   CUDA_HOME                   the toolkit: that of versions/$CUDA_SDK.txt where
#                               CUDA_SDK is set, else $CUDA_HOME where that is
#                               set, else /usr/local/cuda, else .cuda/sdk
#   CUDA_INCLUDE CUDNN_INCLUDE  its headers, and cuDNN's: from $CUDNN_HOME, the
#                               toolkit, or where the system has them
#   NVCC                        its compiler, where it has one
#   CUDA_LINK                   where the archives of gpu/forward are
#   CGO_CFLAGS CGO_LDFLAGS      the headers of gpu/shim before the toolkit's,
#                               and those archives
#
# Usage: env.sh [--install], which installs (install.sh) .cuda/sdk, or that of
# CUDA_SDK, when it comes to that.
set -euo pipefail

root="$(cd "$(dirname "$0")/../.." && pwd)"
suffix="${CUDA_SDK:+-$CUDA_SDK}"
sdk="$root/.cuda/sdk$suffix"
# A compiler and its flags may be several words.
read -ra cc <<<"${CC:-cc}"

fail() {
	echo "gpu/sdk: $*" >&2
	exit 1
}

# cudnn_of prints the folder of cudnn.h as the compiler finds it beside a
# toolkit that has the other headers too, and fails where one is missing.
cudnn_of() {
	printf '#include <%s.h>\n' cuda cublas_v2 cudnn |
		"${cc[@]}" -x c -E ${CUDNN_HOME:+"-I$CUDNN_HOME/include"} "-I$1/include" - 2>/dev/null |
		sed -n 's|^# 1 "\(.*\)/cudnn\.h".*|\1|p' | grep .
}

command -v "${cc[0]}" >/dev/null || fail "the CUDA build needs a C compiler, and there is no ${cc[0]}"

if [ -n "${CUDA_SDK:-}" ]; then
	home="$sdk"
	if [ "${1:-}" = --install ]; then
		"$root/gpu/sdk/install.sh" "$CUDA_SDK"
	fi
	cudnn="$(cudnn_of "$home")" || fail "no CUDA toolkit in ${home#"$root"/}: run make cuda-sdk CUDA_SDK=$CUDA_SDK"
elif [ -n "${CUDA_HOME:-}" ]; then
	home="$CUDA_HOME"
	cudnn="$(cudnn_of "$home")" ||
		fail "CUDA_HOME=$home lacks one of cuda.h, cublas_v2.h and cudnn.h:" \
			"set CUDNN_HOME, or unset CUDA_HOME and run make cuda-sdk"
elif cudnn="$(cudnn_of /usr/local/cuda)"; then
	home=/usr/local/cuda
else
	home="$sdk"
	if [ "${1:-}" = --install ]; then
		"$root/gpu/sdk/install.sh"
	fi
	cudnn="$(cudnn_of "$home")" ||
		fail "no CUDA toolkit with cuDNN in \$CUDA_HOME, /usr/local/cuda or .cuda/sdk: run make cuda-sdk"
fi

# Go's build cache does not see the headers and archives that lie outside its
# packages. A definition that changes with them makes it build anew.
inputs="$(find "$root/gpu/shim" "$root/gpu/forward" "$home/include/cuda.h" "$cudnn/cudnn_version.h" \
	\( -type f -o -type l \) -print0 | LC_ALL=C sort -z | xargs -0 cat | cksum | cut -d' ' -f1)"

echo "export CUDA_HOME='$home'"
echo "export CUDA_INCLUDE='$home/include'"
echo "export CUDNN_INCLUDE='$cudnn'"
if [ -x "$home/bin/nvcc" ]; then
	echo "export NVCC='$home/bin/nvcc'"
fi
echo "export CUDA_LINK='$root/.cuda/link$suffix'"
echo "export CGO_ENABLED=1"
echo "export CGO_CFLAGS='-g -O2 \"-I$root/gpu/shim\" \"-I$cudnn\" \"-I$home/include\" -DRESNET_CUDA_INPUTS=$inputs'"
echo "export CGO_LDFLAGS='\"-L$root/.cuda/link$suffix\"'"

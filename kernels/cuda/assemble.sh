#!/bin/sh
# assemble.sh DIR ARCH...: writes machine code for the modules in ptx, so that the driver need not compile them. ARCH is
# a compute capability without its point: 90. It writes to DIR
#
#   MODULE-HASH.sm_ARCH.cubin   of MODULE.ptx or, from 90 on, of MODULE.sm_90.ptx where there is one. HASH is the
#                               beginning of the SHA-256 of the PTX, so that code of another PTX is not used
#   SHA256SUMS                  by which the program detects damaged files
#
# Files that exist are kept; those that are damaged or belong to another PTX are removed. Left out, with a line that
# says so, is an ARCH that is too new for ptxas, and everything without ptxas.
set -eu
mkdir -p "$1"
DIR=$(cd "$1" && pwd)
shift
cd "$(dirname "$0")/ptx"

PTXAS="${CUDA_HOME:-/usr/local/cuda}/bin/ptxas"
[ -x "$PTXAS" ] || PTXAS=$(command -v ptxas) || {
	echo "kernels/cuda/assemble.sh: no ptxas in \$CUDA_HOME: the driver will compile the kernels" >&2
	exit 0
}
export DIR PTXAS

known=$("$PTXAS" --help | grep -o "'sm_[0-9]*'")
archs='' unknown=''
for arch in "$@"; do
	if echo "$known" | grep -qxF "'sm_$arch'"; then
		archs="$archs $arch"
	else
		unknown="$unknown sm_$arch"
	fi
done
if [ -n "$unknown" ]; then
	version=$("$PTXAS" --version | sed -n 's/.*release \([0-9.]*\),.*/\1/p')
	echo "kernels/cuda/assemble.sh: ptxas of CUDA $version does not know$unknown: the driver will compile there" >&2
fi

modules=$(for ptx in *.ptx; do echo "${ptx%.ptx}-$(sha256sum "$ptx" | cut -c 1-8)"; done)

damaged=$(cd "$DIR" && sha256sum --check --quiet SHA256SUMS 2>/dev/null | sed -n 's/: FAILED.*//p')
for file in "$DIR"/*.cubin; do
	name=${file##*/}
	if echo "$damaged" | grep -qxF -e "$name" || ! echo "$modules" | grep -qxF -e "${name%.sm_*}"; then
		rm -f "$file"
	fi
done

# shellcheck disable=SC2016 # the inner shell expands them
assemble='"$PTXAS" -arch="sm_$1" -o "$DIR/$3.new" "$2" && mv "$DIR/$3.new" "$DIR/$3"'
for module in $modules; do
	ptx=${module%-*}.ptx
	oldest=$(sed -n 's/^\.target sm_//p' "$ptx")
	for arch in $archs; do
		[ "$arch" -lt 90 ] || [ ! -e "${ptx%.ptx}.sm_90.ptx" ] || continue
		name=$module.sm_$arch.cubin
		[ -e "$DIR/$name" ] || [ "$arch" -lt "$oldest" ] || echo "$arch $ptx $name"
	done
done | xargs -r -P "$(getconf _NPROCESSORS_ONLN)" -n 3 sh -ec "$assemble" assemble

cd "$DIR"
sha256sum -- *.cubin >SHA256SUMS.new
mv SHA256SUMS.new SHA256SUMS

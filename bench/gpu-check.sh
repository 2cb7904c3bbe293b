#!/usr/bin/env bash
# gpu-check.sh [OPTION...] [OUTDIR] - checks resnet on a machine with an NVIDIA GPU.
#
# One command, nine minutes: tests, golden values, compute-sanitizer, captured against eager steps, accuracy in every
# precision, speed beside PyTorch's, six epochs from start to accuracy. Writes a JSON and a Markdown report, a log and
# what was measured to choose algorithms to OUTDIR (runs/gpu-check); exit status 1 where something failed; a speed below
# its aim fails nothing. No step stops the ones after it.
#
# The machine needs Python 3.10 and CUDA's libraries, cuDNN and cuBLAS, installed or among Python's packages. Where it
# has no Go, bring the folder .gpu-check that `make gpu-check-bundle` writes. compute-sanitizer and PyTorch are used if
# they are there.
#
#   --bundle DIR   programs and data (default: .gpu-check, built anew where Go is)
#   --seconds N    time for everything (default: 540); steps that do not fit are left out and named
#   --device NAME  as resnet names it (default: cuda)
#   --smoke        as little of everything as there can be, for the emulated libraries
set -euo pipefail

fail() {
	echo "gpu-check: $*" >&2
	exit 1
}

root="$(cd "$(dirname "$0")/.." && pwd)"
bundle="$root/.gpu-check" build=yes
args=()
while [ $# -gt 0 ]; do
	case "$1" in
	--bundle)
		[ $# -gt 1 ] || fail "--bundle needs a folder"
		bundle="$2" build=no
		shift
		;;
	-h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" && exit ;;
	*) args+=("$1") ;;
	esac
	shift
done

python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || fail "needs python3, 3.10 or newer"
if [ "$build" = yes ] && command -v go >/dev/null; then
	"$root/bench/gpucheck/bundle.sh" "$bundle"
fi
[ -f "$bundle/bundle.json" ] ||
	fail "no programs in $bundle: run make gpu-check-bundle where Go is, and bring the folder"
exec python3 -B "$root/bench/gpucheck" --bundle "$bundle" "${args[@]}"

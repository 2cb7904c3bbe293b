#!/usr/bin/env bash
# gpu-check.sh [OPTION...] [OUTDIR] - checks resnet on a machine with an NVIDIA GPU.
#
# One command, nine minutes: tests, golden values, captured against eager steps, accuracy in every precision, speed
# beside PyTorch's, six epochs from start to accuracy, compute-sanitizer. --first is the first contact, two minutes:
# does anything work, and about how fast. --continue takes up a report of either and leaves out what passed in it.
#
# To use 15 minutes of a GPU: bring the bundle; run --first OUTDIR; read its first lines, and failed.log where something
# failed; then --continue OUTDIR with the time that is left. Where each call starts on a machine of its own, bring
# report.json along and name that. What was killed, by a lease that ended say, goes on the same way: every outcome is on
# disk the moment it is known.
#
# OUTDIR (runs/gpu-check; with --continue REPORT's folder) gets report.md, its first lines printed at the end too;
# report.json, every figure; gpu-check.log; failed.log, what failed once more with cuDNN's log; nvidia-smi.txt, clocks
# before and after the measurements; tuning.json, what was measured to choose algorithms. Exit status 1 where something
# failed; a speed below its aim fails nothing. No step stops the ones after it, but a GPU that is lost does.
#
# The machine needs Python 3.10 and CUDA's libraries, cuDNN and cuBLAS, installed or among Python's packages. Where it
# has no Go, bring the folder .gpu-check that `make gpu-check-bundle` writes. compute-sanitizer and PyTorch are used if
# they are there.
#
#   --first            two minutes: doctor, short tests, a captured step, a look at speed beside PyTorch's
#   --continue REPORT  a folder or report.json, of the same programs on the same kind of machine: run what did not pass
#                      in it, put all into one report that says which run each part comes from
#   --bundle DIR       programs and data (default: .gpu-check, built anew where Go is)
#   --seconds N        time for everything (default: 540; --first 120); steps that do not fit are left out and named
#   --device NAME      as resnet names it (default: cuda)
#   --smoke            as little of everything as there can be, for the emulated libraries
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

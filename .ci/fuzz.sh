#!/usr/bin/env bash
# Fuzzes every target of the repository for a while, from its seeds and its
# corpus, without CUDA. New targets are found by their name.
#
# Usage: .ci/fuzz.sh [TIME], the time of each target as go test -fuzztime takes
# it: 5s, or 1000x for so many inputs. LIMIT, in seconds (900), bounds the whole.
set -euo pipefail
cd "$(dirname "$0")/.."

time="${1:-5s}"
limit="${LIMIT:-900}"
go="${GO:-go}"
export CGO_ENABLED=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

ran=0
while read -r dir package; do
	grep -qs '^func Fuzz' "$dir"/*_test.go || continue
	# Built once for all its targets; with -fuzz it measures coverage.
	"$go" test -tags nocuda -fuzz=Fuzz -c -o "$scratch/test" "$package"
	mapfile -t targets < <(cd "$dir" && "$scratch/test" -test.list='^Fuzz')
	for target in "${targets[@]}"; do
		if [ "$SECONDS" -ge "$limit" ]; then
			echo "fuzz: $ran targets took $SECONDS s, and there are more: raise LIMIT ($limit)" >&2
			exit 1
		fi
		echo "== $package $target"
		(cd "$dir" && "$scratch/test" -test.run='^$' -test.fuzz="^$target\$" -test.fuzztime="$time" \
			-test.fuzzminimizetime=1x -test.fuzzcachedir="$scratch/corpus" -test.timeout=10m)
		ran=$((ran + 1))
	done
done < <("$go" list -tags nocuda -f '{{.Dir}} {{.ImportPath}}' ./...)

[ "$ran" -gt 0 ] || { echo "fuzz: no target found" >&2; exit 1; }
echo "fuzz: $ran targets, $time each, $SECONDS s"

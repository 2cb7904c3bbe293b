#!/usr/bin/env bash
# bundle.sh [--bare | --golden FILE] [DIR] - builds what a GPU machine without Go needs for bench/gpu-check.sh.
#
# Needs Go and a C compiler, no GPU. DIR, by default .gpu-check beside the Makefile, gets
#
#   bundle.json       what was built, of which commit, with what, and a digest of the programs
#   programs.tar.xz   resnet and the test programs of the packages that use the GPU, linked without debug information,
#                     and the kernels' machine code for $CUBIN_ARCHS, by default 90, Hopper
#   data/             Fashion-MNIST, compressed as published; instead of it, so that a bundle stays small,
#   golden/           FILE, the larger golden set (--golden), or nothing (--bare)
set -euo pipefail

fail() {
	echo "bundle.sh: $*" >&2
	exit 1
}

root="$(cd "$(dirname "$0")/../.." && pwd)"
dir="$root/.gpu-check" with=data golden=
most=64 # MiB
while [ $# -gt 0 ]; do
	case "$1" in
	--bare) with=nothing ;;
	--golden)
		with=golden golden="${2:-}"
		[ -f "$golden" ] || fail "--golden needs a file"
		golden="$(realpath "$golden")"
		shift
		;;
	-*) fail "unknown option $1, want --bare or --golden FILE" ;;
	*) dir="$1" ;;
	esac
	shift
done

mkdir -p "$dir"
dir="$(cd "$dir" && pwd)"
tmp="$(mktemp -d "$dir/.build.XXXXXX")"
trap 'rm -rf "$tmp"' EXIT

env="$(make -s --no-print-directory -C "$root" cuda-env)"
eval "$env"
cd "$root"

flags=(-trimpath -ldflags '-s -w')
mkdir "$tmp/programs"
go build "${flags[@]}" -o "$tmp/programs/resnet" ./cmd/resnet
for package in gpu kernels/cuda nn/cuda cmd/resnet; do
	go test -c "${flags[@]}" -o "$tmp/programs/${package//\//-}.test" "./$package"
done
read -ra archs <<<"${CUBIN_ARCHS:-90}"
kernels/cuda/assemble.sh bin/bundle-kernels "${archs[@]}"
cp -R bin/bundle-kernels "$tmp/programs/kernels"
tar -C "$tmp/programs" -cJf "$tmp/programs.tar.xz" .

case "$with" in
data)
	mkdir "$tmp/data"
	make -s --no-print-directory data >/dev/null
	source="$("$tmp/programs/resnet" data info --format json |
		python3 -c 'import json, sys; print(json.load(sys.stdin)["dir"])')"
	for name in {train,t10k}-{images-idx3,labels-idx1}-ubyte; do
		if [ -f "$source/$name.gz" ]; then
			cp "$source/$name.gz" "$tmp/data/"
		else
			gzip -c "$source/$name" >"$tmp/data/$name.gz"
		fi
	done
	;;
golden)
	mkdir "$tmp/golden"
	cp "$golden" "$tmp/golden/full.safetensors"
	;;
esac

programs="$(cd "$tmp/programs" && find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c 1-12)"
python3 - "$tmp/bundle.json" "$programs" <<-END
	import json, subprocess, sys
	def said(*command): return subprocess.run(command, capture_output=True, text=True).stdout.strip()
	facts = dict(
	    commit=said("git", "rev-parse", "--short=12", "HEAD") or "unknown",
	    uncommitted_changes=bool(said("git", "status", "--porcelain")), programs=sys.argv[2],
	    go=said("go", "env", "GOVERSION"), platform=said("go", "env", "GOOS") + "/" + said("go", "env", "GOARCH"))
	json.dump(facts, open(sys.argv[1], "w"))
END

rm -rf "$dir/data" "$dir/golden"
for part in programs.tar.xz data golden bundle.json; do
	if [ -e "$tmp/$part" ]; then
		mv -f "$tmp/$part" "$dir/"
	fi
done
kib="$(du -skc "$dir"/[!.]* | tail -1 | cut -f1)"
echo "$((kib >> 10)) MiB in $dir" >&2
((kib <= most << 10)) || echo "bundle.sh: more than the $most MiB that some machines take; --bare leaves out data" >&2

#!/bin/sh
# fetch-real.sh [DIR] - put three real sets of pictures into DIR, to try `resnet data check` and training on.
#
#   DIR/openclipart      8,121 drawings in nested class folders, from the Debian package openclipart-png: transparency,
#                        palettes, symbolic links, two pictures of 623 megapixels (public domain, 131 MB)
#   DIR/tuxpaint         796 stamps among sounds and texts, from the Debian package tuxpaint-stamps-default (GPL-2,
#                        161 MB)
#   DIR/elpv/labels.csv  2,624 grey photographs of solar cells and their labels, from elpv-dataset of PyPI (CC BY-NC-SA,
#                        93 MB)
#
# Needs no root and installs nothing: apt-get and pip download, dpkg-deb and tar unpack. What is there and whole stays.
# DIR defaults to resnet/real in the user's cache. Exit status: 0 all three are there with the files and bytes that they
# should have, 1 otherwise.
set -eu

dest=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/resnet/real}

say() { printf 'fetch-real: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# whole DIR FILES BYTES: does DIR have so many files, counting links, of so many bytes, not counting them?
whole() {
	[ -d "$1" ] || return 1
	files=$(find -L "$1" -type f | wc -l)
	bytes=$(find "$1" -type f -exec cat {} + | wc -c)
	[ "$files" -eq "$2" ] && [ "$bytes" -eq "$3" ]
}

# deliver NAME FROM FILES BYTES: move the unpacked folder FROM to DIR/NAME.
deliver() {
	whole "$2" "$3" "$4" || die "$1: $((files)) files of $((bytes)) bytes, want $3 of $4: another version?"
	rm -rf "${dest:?}/$1"
	mv "$2" "$dest/$1"
	say "$1 is in $dest/$1"
}

# debian PACKAGE NAME FOLDER FILES BYTES
debian() {
	if whole "$dest/$2" "$4" "$5"; then
		return
	fi
	say "downloading package $1"
	(cd "$tmp" && apt-get -qq -o APT::Sandbox::User=root download "$1") ||
		die "apt-get download $1 failed: is this Debian, its list of packages new (apt-get update), a mirror reachable?"
	dpkg-deb -x "$tmp/$1"_*.deb "$tmp/$2"
	deliver "$2" "$tmp/$2/$3" "$4" "$5"
}

# elpv FILES BYTES
elpv() {
	if whole "$dest/elpv" "$1" "$2"; then
		return
	fi
	say "downloading elpv-dataset"
	python3 -m pip download -q --no-deps --no-binary :all: -d "$tmp" elpv-dataset==1.0.0.post1 ||
		die "pip download elpv-dataset failed: is there pip, and PyPI reachable?"
	tar -xzf "$tmp"/elpv_dataset-*.tar.gz -C "$tmp"
	deliver elpv "$tmp/elpv_dataset-1.0.0.post1/src/elpv_dataset/data" "$1" "$2"
}

for tool in apt-get dpkg-deb python3 tar; do
	command -v "$tool" >/dev/null || die "$tool not found; this script needs Debian or a relative, and Python with pip"
done

mkdir -p "$dest"
dest=$(cd "$dest" && pwd)
tmp=$(mktemp -d "$dest/.fetch-real.XXXXXX") # on the same file system
trap 'rm -rf "$tmp"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

debian openclipart-png openclipart usr/share/openclipart/png 8121 153274519
debian tuxpaint-stamps-default tuxpaint usr/share/tuxpaint/stamps 10397 217271716
elpv 2625 90374757
say "all three are in $dest"

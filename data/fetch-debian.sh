#!/bin/sh
# fetch-debian.sh [DIR] - put Fashion-MNIST into DIR from the Debian/Ubuntu package dataset-fashion-mnist.
#
# For machines that reach a package mirror and nothing else. Needs no root and installs nothing: the package is
# downloaded with apt-get and unpacked with dpkg-deb. DIR defaults to the cache that `resnet` reads by itself.
# Exit status: 0 the four files are in DIR and their contents have the published SHA-256, 1 otherwise.
set -eu

package=dataset-fashion-mnist
dest=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/resnet/fashion-mnist}

# SHA-256 of the uncompressed files, so that it does not matter who compressed them.
digests='
c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888 train-images-idx3-ubyte
bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9 train-labels-idx1-ubyte
5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b t10k-images-idx3-ubyte
0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34 t10k-labels-idx1-ubyte
'

say() { printf 'fetch-debian: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# each CMD: run CMD DIGEST NAME for the four files, stopping at the first failure.
each() {
	echo "$digests" | while read -r digest name; do
		[ -z "$digest" ] || "$1" "$digest" "$name" || exit 1
	done
}

# intact FILE.gz DIGEST: does FILE.gz hold the content that DIGEST names? What inflates to more than the largest of the
# four, 47 MB, is cut off.
intact() {
	[ -f "$1" ] && [ "$(gzip -dc "$1" 2>/dev/null | head -c 50000000 | sha256sum | cut -d' ' -f1)" = "$2" ]
}

have() { intact "$dest/$2.gz" "$1"; }

deliver() {
	found=$(find "$tmp/root" -type f -name "$2.gz" | head -n 1)
	[ -n "$found" ] || die "package $package holds no $2.gz"
	intact "$found" "$1" || die "$2.gz in package $package: SHA-256 of the content is not $1"
	chmod 644 "$found"
	mv -f "$found" "$dest/$2.gz" # same file system, so a reader sees the old file or the whole new one
}

if each have; then
	say "already complete: $dest"
	exit 0
fi

for tool in apt-get dpkg-deb gzip sha256sum; do
	command -v "$tool" >/dev/null || die "$tool not found; this script needs Debian, Ubuntu or a relative"
done

mkdir -p "$dest"
dest=$(cd "$dest" && pwd)
for left in "$dest"/.fetch-debian.*.??????; do # of processes that were killed
	pid=${left%.*}
	pid=${pid##*.}
	case $pid in *[!0-9]*) continue ;; esac
	[ -L "$left" ] || [ -d "/proc/$pid" ] || rm -rf "$left"
done
tmp=$(mktemp -d "$dest/.fetch-debian.$$.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

mkdir -p "$tmp/deb" "$tmp/root" "$tmp/lists/partial" "$tmp/cache/archives/partial"

# download [APT OPTION...]: the package into $tmp/deb, checked by apt against its signed lists. Run as root, apt would
# hand the transfer to a user who cannot enter $tmp and warn about it.
download() {
	(cd "$tmp/deb" && rm -f -- *.deb && apt-get -qq -o APT::Sandbox::User=root "$@" download "$package")
}

say "downloading package $package"
if ! download 2>"$tmp/log"; then
	# The system's package lists are missing or older than the mirror, and only root may renew them; so make our own.
	# The hooks that distributions run after an update act on the system's directories and have no business here.
	say "the system's package lists do not serve; fetching lists of our own"
	cat >"$tmp/apt.conf" <<-END
		Dir::State::lists "$tmp/lists";
		Dir::Cache "$tmp/cache";
		Acquire::Languages "none";
		#clear APT::Update::Pre-Invoke;
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
	END
	apt-get -qq -c "$tmp/apt.conf" -o APT::Sandbox::User=root update ||
		say "apt-get update reports errors; trying with what it got" # one broken third-party source is enough for that
	download -c "$tmp/apt.conf" ||
		die "apt-get download $package failed: is a mirror reachable (behind a proxy, set http_proxy), and its" \
			"section enabled (main on Debian, universe on Ubuntu)?"
fi

dpkg-deb -x "$tmp"/deb/*.deb "$tmp/root"
each deliver
say "Fashion-MNIST is in $dest"

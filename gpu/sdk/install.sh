#!/usr/bin/env bash
# Installs the CUDA toolkit and cuDNN into .cuda/sdk (2 GB), from the Python
# wheels that requirements.txt pins by hash, or another VERSION into
# .cuda/sdk-VERSION, from those of versions/VERSION.txt. It changes nothing
# outside that folder, and does nothing when the same wheels are there already.
#
# Usage: install.sh [VERSION]
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
version="${1:-}"
sdk="$(cd "$here/../.." && pwd)/.cuda/sdk${version:+-$version}"
list="$here/${version:+versions/}${version:-requirements}.txt"

fail() {
	echo "gpu/sdk: $*" >&2
	exit 1
}

[ -f "$list" ] ||
	fail "no list of wheels for $version, want one of $(cd "$here/versions" && echo *.txt | sed 's/\.txt//g')"
stamp="$(cat "$list" "$here/layout.py" | cksum)"
if [ -f "$sdk/stamp" ] && [ "$(cat "$sdk/stamp")" = "$stamp" ]; then
	exit 0
fi

case "$(uname -sm)" in
"Linux x86_64" | "Linux aarch64") ;;
*) fail "CUDA's wheels are for Linux on x86_64 and aarch64, not $(uname -sm)" ;;
esac
command -v python3 >/dev/null ||
	fail "python3 is needed to install the CUDA toolkit (or point CUDA_HOME at one that is installed)"
python3 -m pip --version >/dev/null 2>&1 ||
	fail "python3 has no pip: install python3-pip (or point CUDA_HOME at a toolkit that is installed)"

# Everything happens in a folder that gets its name last, so that an install
# that was broken off is never taken for a whole one. pip unpacks under TMPDIR
# and moves from there, which is free within a file system.
new="$sdk.new"
rm -rf "$new" "$new.old"
mkdir -p "$new/tmp"
trap 'rm -rf "$new" "$new.old"' EXIT

echo "installing the CUDA toolkit and cuDNN into ${sdk#"$PWD"/} (2 GB, once)" >&2
TMPDIR="$(cd "$new/tmp" && pwd)" PIP_ROOT_USER_ACTION=ignore python3 -m pip install \
	--quiet --no-cache-dir --disable-pip-version-check --no-compile \
	--no-deps --only-binary :all: --require-hashes \
	--target "$new/wheels" --requirement "$list" >&2 ||
	fail "pip could not install the wheels of ${list#"$PWD"/}"
rm -rf "$new/tmp"
python3 "$here/layout.py" "$new/wheels" "$new"
echo "$stamp" >"$new/stamp"

if [ -e "$sdk" ]; then
	mv "$sdk" "$new.old"
fi
mv "$new" "$sdk"

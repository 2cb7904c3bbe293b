#!/usr/bin/env bash
# Installs the CUDA toolkit and cuDNN into .cuda/sdk (2 GB), from the Python
# wheels that requirements.txt pins by hash. It changes nothing outside that
# folder, and does nothing when the same versions are there already.
#
# Usage: install.sh [FOLDER], by default .cuda/sdk beside the Makefile.
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
sdk="${1:-$(cd "$here/../.." && pwd)/.cuda/sdk}"
stamp="$(cat "$here/requirements.txt" "$here/layout.py" | cksum)"

fail() {
	echo "gpu/sdk: $*" >&2
	exit 1
}

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
	--target "$new/wheels" --requirement "$here/requirements.txt" >&2 ||
	fail "pip could not install the wheels of gpu/sdk/requirements.txt"
rm -rf "$new/tmp"
python3 "$here/layout.py" "$new/wheels" "$new"
echo "$stamp" >"$new/stamp"

if [ -e "$sdk" ]; then
	mv "$sdk" "$new.old"
fi
mv "$new" "$sdk"

#!/usr/bin/env bash
# Runs a command in the environment of the CUDA build (env.sh), with the
# archives of gpu/forward built and, where there is no toolkit, one installed.
#
# Usage: with-cuda.sh COMMAND [ARGUMENT...]
set -euo pipefail

root="$(cd "$(dirname "$0")/../.." && pwd)"
env="$("$root/gpu/sdk/env.sh" --install)"
eval "$env"
"$root/gpu/forward/build.sh" "$CUDA_LINK"
exec "$@"

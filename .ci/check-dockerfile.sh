#!/usr/bin/env bash
# Holds a Dockerfile to what can be checked without Docker: every RUN line is
# one make target that the Makefile has, or one script that is there, and every
# COPY from the context names something that .dockerignore lets through.
#
# Usage: check-dockerfile.sh Dockerfile, from the folder that is the context.
set -euo pipefail

file="${1:?usage: check-dockerfile.sh Dockerfile}"
failed=0
runs=0

complain() {
	echo "$file: $*" >&2
	failed=1
}

# allowed says whether .dockerignore lets a path of the context through, by its
# first component: a file that begins with * and then names exceptions.
allowed() {
	[ "$1" = . ] || grep -qxF -e "!${1%%/*}" -e "!$1" .dockerignore
}

# The context as Docker sees it, by links: make is tried in there.
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
while read -r pattern; do
	while read -r path; do
		mkdir -p "$context/$(dirname "$path")"
		ln -s "$PWD/$path" "$context/$path"
	done < <(compgen -G "$pattern" || true)
done < <(sed -n 's/^!//p' .dockerignore)

check_run() {
	local words
	read -ra words <<<"$1"
	while [[ "${words[0]}" == --* ]]; do
		words=("${words[@]:1}")
	done
	case "${words[*]}" in
	*[\;\&\|\<\>\$\`]*) complain "RUN ${words[*]}: more than one command: make it a make target" ;;
	"make "*)
		(cd "$context" && "${words[@]}" --dry-run) >/dev/null 2>&1 ||
			complain "RUN ${words[*]}: make refuses: no such target, or .dockerignore leaves out what it reads"
		;;
	*)
		if ! [ -f "${words[0]}" ] || ! [ -x "${words[0]}" ]; then
			complain "RUN ${words[*]}: neither make nor a script that is here"
		fi
		;;
	esac
}

check_copy() {
	local words source
	read -ra words <<<"$1"
	while [[ "${words[0]}" == --* ]]; do
		[[ "${words[0]}" != --from=* ]] || return 0
		words=("${words[@]:1}")
	done
	for source in "${words[@]:0:${#words[@]}-1}"; do
		[ -e "$source" ] || complain "COPY ${words[*]}: no $source"
		allowed "$source" || complain "COPY ${words[*]}: .dockerignore leaves out $source"
	done
}

# Comment lines go, and continued lines are joined.
while read -r instruction rest; do
	case "$instruction" in
	RUN)
		runs=$((runs + 1))
		check_run "$rest"
		;;
	COPY | ADD) check_copy "$rest" ;;
	esac
done < <(sed -e '/^[[:space:]]*#/d' "$file" | sed -e ':join' -e '/\\$/{N;s/\\\n[[:space:]]*/ /;b join' -e '}')

[ "$runs" -gt 0 ] || complain "no RUN line found"

# What .dockerignore lets through has to be there too.
while read -r path; do
	compgen -G "$path" >/dev/null || complain ".dockerignore lets through $path, which is not there"
done < <(sed -n 's/^!//p' .dockerignore)

exit "$failed"

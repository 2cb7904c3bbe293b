#!/usr/bin/env python3
"""Lists the lines of hand-written source that are wider than 120 columns, where a tab is 4."""
import subprocess
import sys

WIDTH = 120
SOURCE = "*.go *.s *.cu *.cuh *.c *.cc *.h *.sh *.py Makefile Dockerfile.cuda .ci/run".split()

files = subprocess.run(["git", "ls-files", "-z", *SOURCE], capture_output=True, check=True).stdout.decode()
wide = 0
for path in filter(None, files.split("\0")):
    try:
        with open(path, encoding="utf-8") as f:
            lines = f.read().split("\n")
    except FileNotFoundError:  # deleted and not committed yet
        continue
    if any("Code generated" in line for line in lines[:5]):
        continue
    for number, line in enumerate(lines, 1):
        if len(line.expandtabs(4)) > WIDTH:
            wide += 1
            print(f"{path}:{number}: {len(line.expandtabs(4))} columns, want at most {WIDTH}")
sys.exit(wide > 0)

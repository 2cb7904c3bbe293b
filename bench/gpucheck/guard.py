"""Ends a check's programs when the check itself is gone, however it ended.

Reads lines from a pipe, "+PID" of a program that was started and "-PID" of one that has ended. When the other end is
closed, which the kernel does for a process that was killed too, it ends what is left, with all of its processes.
"""
import os
import signal
import sys


def main() -> None:
    live: set[int] = set()
    for line in sys.stdin:
        pid = int(line[1:])
        if line[0] == "+":
            live.add(pid)
        else:
            live.discard(pid)
    for pid in live:
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


if __name__ == "__main__":
    main()

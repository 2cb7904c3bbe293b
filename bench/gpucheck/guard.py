"""Ends a check's programs and removes its working folder when the check itself is gone, however it ended.

Reads lines from a pipe: "+PID" of a program that was started, "-PID" of one that has ended, "=FOLDER". When the other
end is closed, which the kernel does for a process that was killed too, it ends what is left, with all of its processes.
"""
import os
import shutil
import signal
import sys


def main() -> None:
    live: set[int] = set()
    folders: list[str] = []
    for line in sys.stdin:
        sign, what = line[0], line[1:].rstrip("\n")
        if sign == "+":
            live.add(int(what))
        elif sign == "-":
            live.discard(int(what))
        else:
            folders.append(what)
    for pid in live:
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

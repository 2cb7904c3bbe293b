"""Runs what failed once more, alone, with cuDNN's log of errors and warnings."""
import pathlib

import gotest
from check import Again, Check
from process import Ended, middle_out

LOG = {"CUDNN_LOGLEVEL_DBG": "2", "CUDNN_LOGDEST_DBG": "stderr"}
SECTION, FILE = 512 << 10, 4 << 20  # bytes kept of a program, and of all


def again(c: Check) -> None:
    """Takes one failure after the other for as long as there is time."""
    while c.failures and c.left() > 1:
        f = c.failures.pop(0)
        ended = c.run(f.command, f.cwd, {**f.env, **LOG})
        c.report.amend(f.name, f"{became(ended)}; see {c.report.failures.name}")
        keep(c.report.failures, f, ended)


def became(ended: Ended) -> str:
    """Returns in a line what came of it."""
    if ended.passed:
        return "passed"
    found = gotest.parse(ended.output, ended.errors)
    return f"failed too, {found.summary() if found.results else ended.why()}"


def keep(file: pathlib.Path, f: Again, ended: Ended) -> None:
    """Appends what a program said to a file that stays within its bounds."""
    text = middle_out(ended.output + ended.errors, SECTION)
    if file.exists() and file.stat().st_size + len(text) > FILE:
        text = f"[left out: this file has at most {FILE:,} bytes]\n"
    with file.open("a") as out:
        out.write(f"# {f.name}\n$ {' '.join(map(str, f.command))}\n{text}({ended.why()}, {ended.seconds:.1f} s)\n\n")

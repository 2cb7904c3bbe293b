"""Whether the GPU is still there after something crashed, hung or failed."""
import time

from check import Check
from correctness import answers, ask

TRIES = 2


def lost(c: Check) -> str:
    """Asks doctor, twice at most, and returns why the GPU must be taken for lost: doctor does not end, or can no longer
    say what it could. Nothing where all is well, where there is no time to ask, or where doctor never got an answer."""
    why = ""
    for _ in range(TRIES if c.answers else 0):
        limit = min(c.settings.alive_seconds, c.end - time.monotonic())
        if limit < 1:
            return ""
        findings, ended = ask(c, "fp32", limit)
        gone = sorted(c.answers - answers(findings))
        if not gone:
            return ""
        why = f"doctor has no answer from {', '.join(gone)} any more" if findings else f"doctor: {ended.why()}"
    return why

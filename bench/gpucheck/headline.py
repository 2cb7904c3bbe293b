"""What a report says first, short enough for a terminal: whether resnet works, how fast, and against PyTorch."""
import re
from typing import Any

FAILURES = 5  # that are named
IN_TIME = re.compile("stopped at its limit|test timed out after")  # in the detail of what did not end in its time

Row = dict[str, Any]


def lines(d: Row) -> list[str]:
    """Returns the first lines of a report."""
    return [verdict(d), *failures(d["steps"]), *(fastest(d["speed"], b) for b in batches(d["speed"])),
            *([f"clocks were held down while speed was measured: {d['throttled']}"] if d["throttled"] else [])]


def verdict(d: Row) -> str:
    counts, run = d["counts"], d["runs"][-1]
    passed, failed, skipped = (counts[s] for s in ("passed", "failed", "skipped"))
    rest = f", {skipped} skipped" if skipped else ""
    slow = sum(s["status"] == "failed" and bool(IN_TIME.search(s["detail"])) for s in d["steps"])
    if failed and failed == slow:
        said = f"NOT SHOWN TO WORK: {slow} of {failed + passed} parts did not end in their time{rest}"
    elif failed:
        late = f", {slow} by not ending in their time" if slow else ""
        said = f"DOES NOT WORK: {failed} of {failed + passed} parts failed{late}{rest}"
    elif passed:
        said = f"works: {passed} parts passed{rest}"
    else:
        said = f"nothing is known yet{rest}"
    if run["state"] == "ended":
        return said
    return f"{said} ({run['state']}{' in ' + run['step'] if run['step'] else ''})"


def failures(steps: list[Row]) -> list[str]:
    """Returns a line for what failed, and what became of it when it ran again."""
    bad = [s for s in steps if s["status"] == "failed"]
    said = []
    for s in bad[:FAILURES]:
        again = f"; again, alone: {s['again']}" if s["again"] else ""
        said.append(f"  {s['name']}: {cut(s['detail'], 160)}{cut(again, 80)}")
    return said + ([f"  and {len(bad) - FAILURES} more"] if len(bad) > FAILURES else [])


def batches(speed: list[Row]) -> list[int]:
    return sorted({c["batch_size"] for c in speed if c["phase"] == "train"})


def fastest(speed: list[Row], batch: int) -> str:
    """Returns the precision that trains fastest at a batch size, and its ratio to PyTorch in the same precision."""
    best = max((c for c in speed if c["phase"] == "train" and c["batch_size"] == batch),
               key=lambda c: c["images_per_second"].get("resnet", 0))
    rate, mode = best["images_per_second"], best.get("best_mode")
    parts = [f"training, batch {batch}: {best['precision']} is fastest, {rate.get('resnet', 0):,.0f} img/s"]
    if rate.get("eager"):
        parts.append(f"{rate['resnet'] / rate['eager']:.2f} times PyTorch eager")
    if mode not in (None, "eager"):
        parts.append(f"{best['ratio']:.2f} times its best ({mode})")
    if mode is None:
        parts.append("no PyTorch beside it")
    return ", ".join(parts)


def cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."

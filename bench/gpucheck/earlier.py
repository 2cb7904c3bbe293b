"""An earlier report that a check goes on with: read, compared with what is at hand, and taken over."""
import json
import pathlib
from typing import Any

from report import FAILED, FILE, GPU, KEYS, PASSED, SKIPPED, UNDER_WAY, Outcome, Report, Run

MOST = 16 << 20  # bytes of a report; a long one has some hundred thousand
DEVICE = ("name", "compute_capability", "multiprocessors", "memory_bytes", "driver", "cuDNN", "cuBLAS")


class Refused(Exception):
    """A report that a check cannot go on with, and why, in a line."""


def file_of(path: pathlib.Path) -> pathlib.Path:
    return path / FILE if path.is_dir() else path


def load(path: pathlib.Path) -> dict[str, Any]:
    """Reads a report, by its folder or its JSON file."""
    file = file_of(path)
    try:
        if file.stat().st_size > MOST:
            raise Refused(f"{file}: {file.stat().st_size:,} bytes, want a report of at most {MOST:,}")
        d = json.loads(file.read_text())
    except OSError as e:
        raise Refused(f"{file}: {e.strerror}, want the folder or the {FILE} of an earlier check") from None
    except ValueError as e:
        raise Refused(f"{file}: no JSON ({e}), want the {FILE} of an earlier check") from None
    try:
        taken_over(d, Report(file.parent, d["bundle"], "", d["smoke"])).document()
    except (KeyError, TypeError, AttributeError, ValueError) as e:
        raise Refused(f"{file}: not a report of this check ({type(e).__name__}: {e}), want the {FILE} of an earlier one"
                      ) from None
    return d


def same_programs(d: dict[str, Any], report: Report, path: pathlib.Path) -> None:
    """Refuses a report of other programs, or of the emulated libraries beside a real GPU's."""
    if d["smoke"] != report.smoke:
        raise Refused(f"{path}: a report {'with' if d['smoke'] else 'without'} --smoke, want one "
                      f"{'with' if report.smoke else 'without'} it, as this run")
    for what in ("commit", "programs"):
        was, now = d["bundle"].get(what), report.bundle.get(what)
        if was != now:
            raise Refused(f"{path}: {what} {was}, want {now}, which this bundle has: numbers of other programs are not "
                          "mixed (bring that bundle, or leave out --continue)")


def same_device(d: dict[str, Any], device: dict[str, Any], path: pathlib.Path) -> None:
    """Refuses a report of another GPU, or of other libraries; a report that knows no GPU fits all."""
    for what in DEVICE:
        was, now = d["device"].get(what), device.get(what)
        if d["device"] and was != now:
            raise Refused(f"{path}: {what} {was}, want {now or 'none'}, as resnet doctor finds here: numbers of other "
                          "machines are not mixed (leave out --continue)")


def taken_over(d: dict[str, Any], report: Report) -> Report:
    """Puts into a report, as of runs before its own, what passed, what failed and was not run again yet, and what was
    measured. What was skipped says nothing, nor does a GPU that was lost and is there again."""
    runs = [Run(**r) for r in d["runs"]]
    for run in runs:
        run.state = "killed" if run.state == UNDER_WAY else run.state
    report.this.run = runs[-1].run + 1
    report.runs = runs + [report.this]
    if unknown := {s["run"] for s in d["steps"]} - {r.run for r in runs}:
        raise ValueError(f"outcomes of runs {unknown}")
    report.outcomes = [o for o in map(outcome, d["steps"]) if o.status != SKIPPED and o.name != GPU]
    for kind in KEYS:
        rows: list[dict[str, Any]] = d[kind]
        if not all(isinstance(r["run"], int) for r in rows):
            raise TypeError(f"a row of {kind} without a run")
        setattr(report, kind, list(rows))
    for fact in ("device", "peer", "clocks", "throttled", "tuning"):
        setattr(report, fact, d[fact])
    return report


def outcome(d: dict[str, Any]) -> Outcome:
    o = Outcome(**d)
    words = o.name, o.status, o.detail, o.tail, o.again, o.step
    if not all(isinstance(w, str) for w in words) or o.status not in (PASSED, FAILED, SKIPPED) or o.run < 1:
        raise ValueError(f"an outcome {o.name!r:.40} {o.status!r:.40}")
    return o

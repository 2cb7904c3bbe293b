"""Steps that ask whether results are right: doctor and the test programs."""
import functools
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import clocks
import gotest
from check import Check, Command
from process import Ended
from settings import TestProgram

T = TypeVar("T")
AT_ONCE = 8  # processes on the GPU at most; each has a context of its own
GPU_FINDINGS = ("gpu ", "step on cuda")  # what names of doctor's findings about GPUs begin with


def doctor(c: Check) -> None:
    """Asks resnet what it found, which also names the device for the report, and takes a step in every precision."""
    c.report.note(clocks=c.report.clocks + clocks.brief())
    for precision in c.settings.precisions:
        if c.wants(f"doctor, {precision}"):
            examine(c, precision)


def examine(c: Check, precision: str) -> None:
    name, findings, ended = f"doctor, {precision}", *ask(c, precision)
    if not c.report.device:
        c.report.note(device=device_of(findings))
    c.answers = c.answers or answers(findings)
    if ended.passed:
        told = [f["text"] for f in findings if f["name"].startswith(("tensor cores", "step on cuda"))]
        c.passed(name, "; ".join(told), ended.seconds)
    else:
        bad = [f"{f['name']}: {f['text']}" for f in findings if f["state"] == "failed"]
        c.failed(name, "; ".join(bad) or ended.why(), ended.seconds, "" if bad else ended.tail(),
                 asking(c, precision))


def asking(c: Check, precision: str) -> Command:
    return [c.resnet, "doctor", "--device", c.settings.device, "--precision", precision, "--format", "json"]


def ask(c: Check, precision: str, limit: float | None = None) -> tuple[list[dict], Ended]:
    """Returns doctor's findings, none where it printed none, and how it ended."""
    ended = c.run(asking(c, precision), limit=limit)
    try:
        return json.loads(ended.output)["findings"], ended
    except (json.JSONDecodeError, KeyError):
        return [], ended


def answers(findings: list[dict]) -> frozenset[str]:
    """Returns the findings about GPUs for which one did something: a step whose numbers are off is an answer too."""
    return frozenset(f["name"] for f in findings
                     if f["name"].startswith(GPU_FINDINGS) and (f["state"] == "ok" or f.get("details")))


def device_of(findings: list[dict]) -> dict[str, object]:
    """Returns what the report's head says of the machine."""
    details = {f["name"]: f.get("details") or {} for f in findings}
    gpu, cpu = details.get("gpu 0", {}), details.get("cpu", {})
    device = {key: gpu.get(key) for key in ("name", "compute_capability", "multiprocessors", "memory_bytes")}
    device |= {name: details.get(name, {}).get("version") for name in ("driver", "cuDNN", "cuBLAS")}
    return {k: v for k, v in (device | dict(cpu=cpu.get("name"), cores=cpu.get("processors"))).items() if v}


def tests(c: Check, programs: Sequence[TestProgram]) -> None:
    """Runs test programs, several at once: much of their time is the reference's, on the CPU."""
    together([functools.partial(test, c, t, name, pattern) for t in programs for name, pattern in processes(c, t)])


def processes(c: Check, t: TestProgram) -> list[tuple[str, str]]:
    """Returns the outcome's name and the tests of each process of a test program."""
    name = f"tests of {t.package}" + (f", {t.label}" if t.label else "")
    if t.processes == 1:
        return [(name, t.pattern)]
    listed = c.run([c.programs / t.name, "-test.list", t.pattern], c.tree / t.package).output.split()
    if t.processes == 0:
        return [(f"{name}, {test}", f"^{test}$") for test in listed] or [(name, t.pattern)]
    groups = [listed[i :: t.processes] for i in range(t.processes)]
    return [(f"{name}, group {i} of {t.processes}", only(g)) for i, g in enumerate(groups, 1) if g] or [
        (name, t.pattern)]


def only(names: Sequence[str]) -> str:
    """Returns the pattern of some tests."""
    return f"^({'|'.join(names)})$"


def together(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Makes calls, as many at once as the GPU should have, and returns what they returned."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [done.result() for done in [pool.submit(call) for call in calls]]


def test(c: Check, t: TestProgram, name: str, pattern: str) -> None:
    if not c.wants(name):
        return
    seconds = max(1, int(c.left()) - 2)  # so that it says itself where it stood
    program, cwd = c.programs / t.name, c.tree / t.package
    options = ["-test.v", *["-test.short"] * t.short]
    ended = c.run([program, *options, "-test.run", pattern, "-test.timeout", f"{seconds}s"], cwd)
    found = gotest.parse(ended.output, ended.errors)
    if not ended.passed:
        bad, below = found.names("FAIL") + found.names(""), "".join(pattern.partition("/")[1:])
        how = f"exit status {ended.code}" if ended.code is not None else ended.why()
        c.failed(name, f"{found.summary()}; {how}", ended.seconds, found.failures() or ended.tail(),
                 [program, *options, "-test.run", only(bad) + below if bad else pattern], cwd)
    elif found.names("PASS"):
        c.passed(name, found.summary(), ended.seconds)
    elif found.names("SKIP"):
        c.skipped(name, found.last_words(found.names("SKIP")[0]), ended.seconds)
    else:
        c.failed(name, found.summary(), ended.seconds)

"""Steps that ask whether results are right: doctor, the test programs, NVIDIA's compute-sanitizer."""
import functools
import json
import pathlib
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import gotest
from check import Check
from settings import TestProgram

T = TypeVar("T")
Command = Sequence[str | pathlib.Path]


def doctor(c: Check) -> None:
    """Asks resnet what it found, which also names the device for the report, and takes a step in every precision."""
    c.report.clocks += clocks()
    for precision in c.settings.precisions:
        examine(c, f"doctor, {precision}", precision)


def examine(c: Check, name: str, precision: str) -> None:
    if not c.fits(name):
        return
    ended = c.run([c.resnet, "doctor", "--device", c.settings.device, "--precision", precision, "--format", "json"])
    try:
        findings = json.loads(ended.output)["findings"]
    except (json.JSONDecodeError, KeyError):
        findings = []
    c.report.device = c.report.device or device_of(findings)
    if ended.passed:
        steps = [f["text"] for f in findings if f["name"].startswith("step on cuda")]
        c.passed(name, "; ".join(steps), ended.seconds)
    else:
        bad = [f"{f['name']}: {f['text']}" for f in findings if f["state"] == "failed"]
        c.failed(name, "; ".join(bad) or ended.why(), ended.seconds, "" if bad else ended.tail())


def device_of(findings: list[dict]) -> dict[str, object]:
    """Returns what the report's head says of the machine."""
    details = {f["name"]: f.get("details") or {} for f in findings}
    gpu, cpu = details.get("gpu 0", {}), details.get("cpu", {})
    device = {key: gpu.get(key) for key in ("name", "compute_capability", "multiprocessors", "memory_bytes")}
    device |= {name: details.get(name, {}).get("version") for name in ("driver", "cuDNN", "cuBLAS")}
    return {k: v for k, v in (device | dict(cpu=cpu.get("name"), cores=cpu.get("processors"))).items() if v}


def clocks() -> list[str]:
    """Returns the state of the GPUs in nvidia-smi's words; empty without it."""
    fields = "name,driver_version,memory.used,temperature.gpu,power.draw,clocks.sm,clocks.max.sm"
    try:
        p = subprocess.run(["nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader"], capture_output=True,
                           text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return p.stdout.strip().splitlines() if p.returncode == 0 else []


def tests(c: Check) -> None:
    """Runs the test programs, all at once: most of their time is the reference's, on the CPU."""
    together([functools.partial(test, c, t, pattern) for t in c.settings.tests for pattern in patterns(c, t)])


def patterns(c: Check, t: TestProgram) -> list[str]:
    """Returns what each process of a test program runs."""
    if not t.apart:
        return [t.pattern]
    listed = c.run([c.programs / t.name, "-test.list", t.pattern], c.tree / t.package)
    return [f"^{name}$" for name in listed.output.split()] or [t.pattern]


def together(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Makes calls at once and returns what they returned."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [done.result() for done in [pool.submit(call) for call in calls]]


def test(c: Check, t: TestProgram, pattern: str) -> None:
    seconds = max(1, int(c.left()) - 2)  # so that it says itself where it stood
    ended = c.run([c.programs / t.name, "-test.v", "-test.run", pattern, "-test.timeout", f"{seconds}s"],
                  c.tree / t.package)
    found = gotest.parse(ended.output, ended.errors)
    name = f"tests of {t.package}" + f", {pattern.strip('^$')}" * t.apart
    if not ended.passed:
        c.failed(name, f"{found.summary()}; exit status {ended.code}", ended.seconds, found.failures() or ended.tail())
    elif found.names("PASS"):
        c.passed(name, found.summary(), ended.seconds)
    elif found.names("SKIP"):
        c.skipped(name, found.last_words(found.names("SKIP")[0]), ended.seconds)
    else:
        c.failed(name, found.summary(), ended.seconds)


def sanitizers(c: Check) -> None:
    """Runs every kernel's tests, and steps of the network, under compute-sanitizer's memcheck and racecheck. Steps
    whose kernels are all our own come first; those of cuDNN's are left to the time that remains."""
    tool = shutil.which("compute-sanitizer") or shutil.which("compute-sanitizer", path="/usr/local/cuda/bin")
    if tool is None:
        c.skipped("compute-sanitizer", "there is none on this machine")
        return
    steps: Command = [c.resnet, "bench", "--device", c.settings.device, "--batch-size", "8", "--seconds", "0",
                      "--quiet", "--no-roofline", "--tune", "off", *c.settings.model]
    fused: Command = [*steps, "--precision", "bf16", "--fuse", "on"]
    apart: Command = [*steps, "--precision", "tf32", "--fuse", "off"]
    kernels: Command = [c.programs / "kernels-cuda.test", "-test.run", "."]
    for commands in ({"fused steps": fused, "kernels": kernels}, {"steps apart": apart}):
        together([
            functools.partial(sanitize, c, tool, kind, what, command)
            for kind in ("memcheck", "racecheck") for what, command in commands.items()])


FOUND = 99  # the exit status by which the sanitizer says that it found something
FINDING = re.compile(r"^========= (?:Invalid|Misaligned|Error|Warning|Program hit)", re.MULTILINE)
SUMMARY = re.compile(r"(?:ERROR|RACECHECK) SUMMARY: (.*)")
REFUSED = re.compile(r"Device not supported|Unable to (?:find|load|launch)|No attachable process", re.IGNORECASE)


def sanitize(c: Check, tool: str, kind: str, what: str, command: Command) -> None:
    if not c.fits(f"{kind} of {what}"):
        return
    options = ["--report-api-errors", "no"] if kind == "memcheck" else []  # calls that fail on purpose are in the tests
    ended = c.run([tool, "--tool", kind, *options, "--error-exitcode", str(FOUND), "--print-limit", "20", *command],
                  c.tree)
    name, text = f"{kind} of {what}", ended.output + ended.errors
    summary = SUMMARY.findall(text)
    refused = REFUSED.search(text)
    if ended.passed and summary and summary[-1].startswith("0 "):
        c.passed(name, summary[-1], ended.seconds)
    elif refused:
        c.skipped(name, f"it does not work here: {refused.group()}", ended.seconds)
    elif ended.code is None and not FINDING.search(text):
        c.skipped(name, f"not done after {ended.seconds:.0f} s, nothing found until then", ended.seconds)
    else:
        c.failed(name, f"{summary[-1] if summary else 'no summary'}; {ended.why()}", ended.seconds,
                 "\n".join([line for line in text.splitlines() if line.startswith("=========")][:40]) or ended.tail())

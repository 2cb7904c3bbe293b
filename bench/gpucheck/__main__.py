"""Checks resnet on a machine with an NVIDIA GPU; run by bench/gpu-check.sh, which has the description.

Exit status 0 where nothing failed, 1 where something did, 2 for wrong usage.
"""
import argparse
import dataclasses
import importlib.metadata
import json
import os
import pathlib
import signal
import sys
import tempfile
import time

import earlier
import libraries
import plan
import process
from alive import lost
from check import Check, run_steps
from correctness import answers, ask, device_of
from report import ENDED, FILE, FULL, STOPPED, Report
from settings import FIRST, SMOKE, Settings, write_tiny_data

TREE = pathlib.Path(__file__).resolve().parents[2]
OUT = TREE / "runs" / "gpu-check"
ENDING = 4.0  # seconds that are kept for ending programs and removing what they left


def arguments() -> argparse.Namespace:
    a = argparse.ArgumentParser(prog="gpu-check.sh", description="Checks resnet on a machine with an NVIDIA GPU.")
    a.add_argument("--bundle", type=pathlib.Path, required=True, help="folder that bench/gpucheck/bundle.sh wrote")
    a.add_argument("--first", action="store_true", help="the first contact: two minutes")
    a.add_argument("--continue", dest="report", type=pathlib.Path, metavar="REPORT",
                   help="leave out what passed in this report, a folder or its JSON file")
    a.add_argument("--seconds", type=float,
                   help=f"for everything (default: {Settings.seconds:.0f}, with --first {FIRST.seconds:.0f})")
    a.add_argument("--device", default=Settings.device, help="as resnet names it (default: cuda)")
    a.add_argument("--smoke", action="store_true",
                   help="as little of everything as there can be, for emulated libraries")
    a.add_argument("outdir", nargs="?", type=pathlib.Path,
                   help="where the report goes (default: REPORT's folder, or runs/gpu-check)")
    return a.parse_args()


def settings_of(a: argparse.Namespace) -> Settings:
    settings = SMOKE if a.smoke else FIRST if a.first else Settings()
    settings = dataclasses.replace(settings, device=a.device)
    return settings if a.seconds is None else dataclasses.replace(settings, seconds=a.seconds)


def main() -> int:
    began, a = time.monotonic(), arguments()
    try:
        with tempfile.TemporaryDirectory(prefix="gpu-check-") as work:
            process.owns(pathlib.Path(work))
            return check(a, began, pathlib.Path(work))
    except (earlier.Refused, OSError) as e:
        print(f"gpu-check: {e}", file=sys.stderr)
        return 1
    finally:
        process.end_all()


def check(a: argparse.Namespace, began: float, work: pathlib.Path) -> int:
    folder = a.outdir or (earlier.file_of(a.report).parent if a.report else OUT)
    bundle = json.loads((a.bundle / "bundle.json").read_text())
    report = Report(folder, bundle, "first" if a.first else FULL, a.smoke)
    before = earlier.load(a.report) if a.report else None
    if before:
        earlier.same_programs(before, report, a.report)
    folder.mkdir(parents=True, exist_ok=True)
    c = prepare(settings_of(a), a.bundle.resolve(), work, report)
    c.end = began + c.settings.seconds - ENDING
    if before:
        findings, _ = ask(c, "fp32", min(c.settings.alive_seconds, c.settings.seconds))
        c.answers = answers(findings)
        earlier.same_device(before, device_of(findings), a.report)
        earlier.taken_over(before, report)
    set_aside(folder, a.report and earlier.file_of(a.report))
    return carry_out(c, a.first)


def set_aside(folder: pathlib.Path, going_on: pathlib.Path | None) -> None:
    """Moves what an earlier check left in a folder into a folder of its own there, unless this one goes on with it."""
    there = folder / FILE
    if there.exists() and not (going_on and there.samefile(going_on)):
        aside = folder / time.strftime("until-%Y%m%d-%H%M%S")
        aside.mkdir()
        for path in [p for p in folder.iterdir() if p.is_file()]:
            path.rename(aside / path.name)


def prepare(settings: Settings, bundle: pathlib.Path, work: pathlib.Path, report: Report) -> Check:
    base = os.environ | {"RESNET_REQUIRE_GPU": "1"}
    found = libraries.folders(importlib.metadata.distributions())
    peer_env = os.environ | {"TORCHINDUCTOR_CACHE_DIR": str(work / "inductor")}
    c = Check(settings, bundle, TREE, work, libraries.environment(base, found), peer_env, report)
    if report.smoke:
        c.data = write_tiny_data(work / "tiny")
    return c


def carry_out(c: Check, first: bool) -> int:
    """Runs the steps and says what came of them; the report is written as they go."""
    state = STOPPED
    signal.signal(signal.SIGTERM, stop)
    try:
        run_steps(c, (plan.first if first else plan.full)(c.settings), lost)
        state = ENDED
    finally:
        process.end_all()
        c.report.close(state)
        print("", *c.report.document()["headline"], f"the report is in {c.report.folder}", sep="\n", flush=True)
    return 1 if c.report.failed() else 0


def stop(*_: object) -> None:
    process.end_all()  # threads wait for these
    sys.exit(143)


if __name__ == "__main__":
    sys.exit(main())

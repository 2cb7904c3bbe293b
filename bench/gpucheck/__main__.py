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

import correctness
import epochs
import libraries
import process
import speed
import training
from check import Check, Step, run_steps
from peer import Compiling
from report import FAILED, Outcome, Report
from rival import compile_ahead
from settings import SMOKE, Settings, write_tiny_data

TREE = pathlib.Path(__file__).resolve().parents[2]


def steps(ahead: Compiling | None) -> tuple[Step, ...]:
    """Returns the steps in order of worth; their seconds add up to a full check's."""
    return (
        Step("doctor", 20, correctness.doctor),
        Step("tests", 110, correctness.tests),
        Step("captured and eager steps", 30, training.captured),
        Step("accuracy, fp32", 50, training.reference_accuracy),
        Step("compute-sanitizer", 60, correctness.sanitizers),
        Step("speed", 155, lambda c: speed.speed(c, ahead)),
        Step("epochs", 40, epochs.epochs),
        Step("accuracy, others", 65, training.other_accuracies),
        Step("time by op", 10, speed.by_op),
    )


def arguments() -> argparse.Namespace:
    a = argparse.ArgumentParser(prog="gpu-check.sh", description="Checks resnet on a machine with an NVIDIA GPU.")
    a.add_argument("--bundle", type=pathlib.Path, required=True, help="folder that bench/gpucheck/bundle.sh wrote")
    a.add_argument("--seconds", type=float, help=f"for everything (default: {Settings.seconds:.0f})")
    a.add_argument("--device", default=Settings.device, help="as resnet names it (default: cuda)")
    a.add_argument("--smoke", action="store_true",
                   help="as little of everything as there can be, for emulated libraries")
    a.add_argument("outdir", nargs="?", type=pathlib.Path, default=TREE / "runs" / "gpu-check",
                   help="where the report goes")
    return a.parse_args()


def main() -> int:
    a = arguments()
    settings = dataclasses.replace(SMOKE if a.smoke else Settings(), device=a.device)
    if a.seconds is not None:
        settings = dataclasses.replace(settings, seconds=a.seconds)
    a.outdir.mkdir(parents=True, exist_ok=True)
    report = Report(a.outdir, json.loads((a.bundle / "bundle.json").read_text()), a.smoke)
    signal.signal(signal.SIGTERM, stop)
    try:
        with tempfile.TemporaryDirectory(prefix="gpu-check-") as work:
            check(settings, a.bundle.resolve(), pathlib.Path(work), report)
    except SystemExit:
        report.add(Outcome("the check", FAILED, "ended by a signal"))
        raise
    finally:
        process.end_all()
        report.write()
        print(f"the report is in {a.outdir}", flush=True)
    return 1 if report.failed() else 0


def stop(*_: object) -> None:
    process.end_all()  # threads wait for these
    sys.exit(143)


def check(settings: Settings, bundle: pathlib.Path, work: pathlib.Path, report: Report) -> None:
    base = os.environ | {"RESNET_REQUIRE_GPU": "1"}
    found = libraries.folders(importlib.metadata.distributions())
    peer_env = os.environ | {"TORCHINDUCTOR_CACHE_DIR": str(work / "inductor")}
    c = Check(settings, bundle, TREE, work, libraries.environment(base, found), peer_env, report)
    if report.smoke:
        c.data = write_tiny_data(work / "tiny")
    run_steps(c, steps(compile_ahead(c)))


if __name__ == "__main__":
    sys.exit(main())

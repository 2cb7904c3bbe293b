"""Runs the check's machinery on the emulated libraries, as CI does: a first contact, killed by SIGKILL and continued,
and then the rest.

    smoke.py BUNDLE OUTDIR        with RESNET_CUDA_LIBS set
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
from typing import Any

BEFORE_KILL = 3  # outcomes
PATIENCE = 120.0  # seconds for these


def main() -> None:
    bundle, out = sys.argv[1], pathlib.Path(sys.argv[2])
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-B", str(pathlib.Path(__file__).parent), "--smoke", "--bundle", bundle]
    known = kill(subprocess.Popen([*command, "--first", str(out)], start_new_session=True), out / "report.json")
    for options in (["--first"], []):
        code = subprocess.run([*command, *options, "--continue", str(out)]).returncode
        if code:
            sys.exit(f"smoke.py: {' '.join([*options, '--continue'])}: exit status {code}, want 0")
    done = read(out / "report.json")
    kept = [(s["name"], s["run"]) for s in done["steps"] if s["name"] in known]
    if kept != [(name, 1) for name in known]:
        sys.exit(f"smoke.py: {kept} in the end, want {known} of run 1, which was killed")
    if (states := [r["state"] for r in done["runs"]]) != ["killed", "ended", "ended"]:
        sys.exit(f"smoke.py: runs {states}, want one killed and two that ended")


def kill(check: subprocess.Popen[bytes], report: pathlib.Path) -> list[str]:
    """Kills a check in the midst of its work and returns what had passed."""
    end = time.monotonic() + PATIENCE
    try:
        while check.poll() is None and time.monotonic() < end:
            passed = [s["name"] for s in read(report)["steps"] if s["status"] == "passed"] if report.exists() else []
            if len(passed) >= BEFORE_KILL:
                break
            time.sleep(0.05)
        if check.poll() is not None:
            sys.exit(f"smoke.py: the check ended by itself, exit status {check.returncode}, want it under way")
    finally:
        os.killpg(check.pid, signal.SIGKILL)
        check.wait()
    return [s["name"] for s in read(report)["steps"] if s["status"] == "passed"]


def read(report: pathlib.Path) -> dict[str, Any]:
    return json.loads(report.read_text())


if __name__ == "__main__":
    main()

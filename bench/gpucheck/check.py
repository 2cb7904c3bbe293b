"""What the steps of a check share."""
import gzip
import json
import pathlib
import shutil
import time
from collections.abc import Callable, Mapping, Sequence

import process
from report import FAILED, PASSED, SKIPPED, Outcome, Report
from settings import Settings


class Check:
    """One check of one machine: the programs of a bundle, where to run them, and the time that is left."""

    def __init__(self, settings: Settings, bundle: pathlib.Path, tree: pathlib.Path, work: pathlib.Path,
                 env: dict[str, str], peer_env: dict[str, str], report: Report):
        self.settings, self.tree, self.work, self.report = settings, tree, work, report
        self.cache = work / "cache"  # its own, so that what is measured there is of this check
        self.env, self.peer_env = env | {"XDG_CACHE_HOME": str(self.cache)}, peer_env
        self.deadline = 0.0  # of the step under way
        self.programs = work / "programs"
        shutil.unpack_archive(bundle / "programs.tar.xz", self.programs)
        self.resnet = self.programs / "resnet"
        self.data: tuple[str, ...] | None = None  # train's options for it; None: there is no data set
        if (bundle / "data").is_dir():
            self.data = ()
            self.env["RESNET_DATA"] = str(unzip(bundle / "data", work / "data"))
        if (bundle / "golden").is_dir():
            self.env["RESNET_GOLDEN_DIR"] = str(bundle / "golden")

    def left(self) -> float:
        """Returns the seconds that the step under way still has."""
        return self.deadline - time.monotonic()

    def run(self, command: Sequence[str | pathlib.Path], cwd: pathlib.Path | None = None,
            env: Mapping[str, str] | None = None) -> process.Ended:
        """Runs a program for as long as the step has."""
        return process.run([str(c) for c in command], self.report.log, self.left(), self.env if env is None else env,
                           cwd or self.work)

    def json(self, command: Sequence[str | pathlib.Path],
             env: Mapping[str, str] | None = None) -> tuple[dict, process.Ended]:
        """Runs a program that prints JSON; empty where it failed."""
        ended = self.run(command, env=env)
        return json.loads(ended.output) if ended.passed else {}, ended

    def fits(self, name: str) -> bool:
        """Says whether there is time to begin something, and reports it skipped if not."""
        if self.left() < 1:
            self.skipped(name, "no time was left for it")
            return False
        return True

    def passed(self, name: str, detail: str, seconds: float = 0) -> None:
        self.report.add(Outcome(name, PASSED, detail, seconds))

    def failed(self, name: str, detail: str, seconds: float = 0, tail: str = "") -> None:
        self.report.add(Outcome(name, FAILED, detail, seconds, tail))

    def skipped(self, name: str, why: str, seconds: float = 0) -> None:
        self.report.add(Outcome(name, SKIPPED, why, seconds))


def unzip(source: pathlib.Path, to: pathlib.Path) -> pathlib.Path:
    """Unpacks the .gz files of a folder into another one, once for all programs that read them."""
    to.mkdir()
    for path in source.glob("*.gz"):
        with gzip.open(path) as packed, (to / path.stem).open("wb") as plain:
            shutil.copyfileobj(packed, plain)
    return to


class Step:
    """A part of the check, with the seconds of a full check that are kept for it."""

    def __init__(self, name: str, share: float, run: Callable[[Check], None]):
        self.name, self.share, self.run = name, share, run


def run_steps(c: Check, steps: Sequence[Step]) -> None:
    """Runs every step, whatever became of those before it. A step has all the time that is not kept for later ones, so
    what one leaves over the next ones may use."""
    end = time.monotonic() + c.settings.seconds
    scale = c.settings.seconds / sum(s.share for s in steps)
    for i, step in enumerate(steps):
        c.deadline = end - scale * sum(s.share for s in steps[i + 1 :])
        began = time.monotonic()
        if c.left() < 1:
            c.skipped(step.name, f"none of the {c.settings.seconds:.0f} s is left")
            continue
        try:
            step.run(c)
        except Exception as e:
            c.failed(step.name, f"the check itself failed: {type(e).__name__}: {e}", time.monotonic() - began)

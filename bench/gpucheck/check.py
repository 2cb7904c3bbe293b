"""What the steps of a check share."""
import dataclasses
import gzip
import json
import pathlib
import shutil
import time
from collections.abc import Callable, Mapping, Sequence

import process
from report import FAILED, GPU, PASSED, SKIPPED, Outcome, Report
from settings import Settings

Command = Sequence[str | pathlib.Path]


@dataclasses.dataclass
class Again:
    """A program that failed, and how to run it once more."""

    name: str  # of the outcome
    command: Command
    cwd: pathlib.Path
    env: Mapping[str, str]


class Check:
    """One check of one machine: the programs of a bundle, where to run them, and the time that is left."""

    def __init__(self, settings: Settings, bundle: pathlib.Path, tree: pathlib.Path, work: pathlib.Path,
                 env: dict[str, str], peer_env: dict[str, str], report: Report):
        self.settings, self.tree, self.work, self.report = settings, tree, work, report
        self.end = time.monotonic() + settings.seconds
        self.cache = work / "cache"  # its own, so that what is measured there is of this check
        self.env, self.peer_env = env | {"XDG_CACHE_HOME": str(self.cache)}, peer_env
        self.deadline = 0.0  # of the step under way
        self.failures: list[Again] = []  # that have not run again
        self.answers: frozenset[str] = frozenset()  # what doctor could say of the GPU when it first ran
        self.doubtful = False  # whether something ended in a way that the GPU may not have survived
        self.late = False  # whether the step under way left something out for want of time
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

    def run(self, command: Command, cwd: pathlib.Path | None = None, env: Mapping[str, str] | None = None,
            limit: float | None = None) -> process.Ended:
        """Runs a program for as long as the step has, or for a limit."""
        ended = process.run([str(c) for c in command], self.report.log, self.left() if limit is None else limit,
                            self.env if env is None else env, cwd or self.work)
        if ended.code is None or ended.code < 0:
            self.doubtful = True
        return ended

    def json(self, command: Command, env: Mapping[str, str] | None = None) -> tuple[dict, process.Ended]:
        """Runs a program that prints JSON; empty where it failed."""
        ended = self.run(command, env=env)
        return json.loads(ended.output) if ended.passed else {}, ended

    def wants(self, name: str) -> bool:
        """Says whether to begin something: not what passed in an earlier run, nor what there is no time for, which is
        reported as skipped."""
        if self.report.holds(name):
            return False
        if self.left() < 1:
            self.no_time(name)
            return False
        return True

    def passed(self, name: str, detail: str, seconds: float = 0) -> None:
        self.report.add(Outcome(name, PASSED, detail, seconds))

    def failed(self, name: str, detail: str, seconds: float = 0, tail: str = "", command: Command = (),
               cwd: pathlib.Path | None = None, env: Mapping[str, str] | None = None) -> None:
        """Reports a failure; a command given with it will run once more (see again)."""
        self.doubtful = True
        self.report.add(Outcome(name, FAILED, detail, seconds, tail))
        if command:
            self.failures.append(Again(name, command, cwd or self.work, self.env if env is None else env))

    def skipped(self, name: str, why: str, seconds: float = 0) -> None:
        self.report.add(Outcome(name, SKIPPED, why, seconds))

    def no_time(self, name: str, what: str = "it", seconds: float = 0) -> None:
        self.late = True
        self.skipped(name, f"no time was left for {what}", seconds)


def unzip(source: pathlib.Path, to: pathlib.Path) -> pathlib.Path:
    """Unpacks the .gz files of a folder into another one, once for all programs that read them."""
    to.mkdir()
    for path in source.glob("*.gz"):
        with gzip.open(path) as packed, (to / path.stem).open("wb") as plain:
            shutil.copyfileobj(packed, plain)
    return to


class Step:
    """A part of the check, with the seconds of a whole check that are kept for it."""

    def __init__(self, name: str, share: float, run: Callable[[Check], None]):
        self.name, self.share, self.run = name, share, run


def run_steps(c: Check, steps: Sequence[Step], lost: Callable[[Check], str] = lambda c: "") -> None:
    """Runs every step, whatever became of those before it. A step has all the time that is not kept for later ones, so
    what one leaves over the next ones may use. After a step that may have taken the GPU with it, lost says whether it
    did; then no other step begins."""
    scale = (c.end - time.monotonic()) / sum(s.share for s in steps)
    for i, step in enumerate(steps):
        c.report.begin(step.name)
        c.deadline = c.end - scale * sum(s.share for s in steps[i + 1 :])
        began = time.monotonic()
        if c.left() < 1:
            c.skipped(step.name, f"none of the {c.settings.seconds:.0f} s is left")
            continue
        c.doubtful = c.late = False
        try:
            step.run(c)
        except Exception as e:
            c.failed(step.name, f"the check itself failed: {type(e).__name__}: {e}", time.monotonic() - began)
        if not c.late:
            c.report.settle(step.name)
        if c.doubtful and (why := lost(c)):
            c.failed(GPU, f"is lost after {step.name}: {why}; {len(steps) - i - 1} steps were not begun")
            return

"""The report: one JSON object with every figure, and a page of Markdown, on disk the moment anything is known."""
import dataclasses
import json
import os
import pathlib
import threading
import time
from typing import Any

import aims
import headline
import tables

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
FULL = "full"  # the length of a run; the other is a first contact's
UNDER_WAY, ENDED, STOPPED = "under way", "ended", "stopped by a signal"

FILE = "report.json"
GPU = "the GPU"  # the outcome of one that was lost

Row = dict[str, Any]

# What tells the rows of a list of measurements apart: a row measured again takes the place of the one before.
KEYS = dict(accuracy=("precision", "seed"), speed=("precision", "phase", "batch_size"),
            apart=("precision", "phase", "batch_size"), epochs=("program", "start"))


@dataclasses.dataclass
class Outcome:
    name: str
    status: str
    detail: str  # a line
    seconds: float = 0
    tail: str = ""  # of the log, where it failed
    again: str = ""  # what became of it when it ran once more, alone, after it failed
    step: str = ""  # the step that it belongs to
    run: int = 1  # the run of the check that it comes from


@dataclasses.dataclass
class Run:
    """One run of the check: a report has several where one went on with what another left."""

    run: int
    length: str
    date: str
    seconds: float = 0
    state: str = UNDER_WAY
    step: str = ""  # under way, or the last one


class Report:
    """Replaces its files whole after everything that becomes known, and waits until they are on the disk: a check that
    is cut off, even by SIGKILL, leaves what it found."""

    def __init__(self, folder: pathlib.Path, bundle: Row, length: str, smoke: bool):
        self.folder, self.bundle, self.smoke = folder, bundle, smoke  # bundle: what was built, of which commit
        self.log, self.failures = folder / "gpu-check.log", folder / "failed.log"
        self.states = folder / "nvidia-smi.txt"
        self.device: Row = {}
        self.peer: Row = {}  # PyTorch as it describes itself
        self.clocks: list[str] = []
        self.throttled = ""  # what held clocks down during the measurements
        self.outcomes: list[Outcome] = []
        self.accuracy: list[Row] = []
        self.speed: list[Row] = []
        self.apart: list[Row] = []  # what resnet gains by ops that share kernels
        self.tuning: dict[str, list[Row]] = {}  # see tuning.summary
        self.epochs: list[Row] = []  # the recipe from start to accuracy
        self.runs = [Run(1, length, time.strftime("%Y-%m-%d %H:%M:%S %Z"))]
        self._began = time.monotonic()
        self._lock = threading.RLock()  # a signal may come while it is held

    @property
    def this(self) -> Run:
        return self.runs[-1]

    def add(self, outcome: Outcome) -> None:
        """Adds an outcome of this run. One of that name of an earlier run is past, but for a failure that was only
        skipped this time."""
        with self._lock:
            outcome.run, outcome.step = self.this.run, outcome.step or self.this.step
            print(f"{outcome.status:8} {outcome.name}: {outcome.detail} ({outcome.seconds:.1f} s)", flush=True)
            before = [o for o in self.outcomes if o.name == outcome.name and o.run < outcome.run]
            if outcome.status == SKIPPED and any(o.status == FAILED for o in before):
                return
            self.outcomes = [o for o in self.outcomes if o not in before] + [outcome]
            self.write()

    def put(self, kind: str, *rows: Row) -> None:
        """Adds measurements of this run to the list of a kind, in place of those of the same thing."""
        with self._lock:
            kept: list[Row] = getattr(self, kind)
            for row in rows:
                row = row | dict(run=self.this.run)
                same = [i for i, r in enumerate(kept) if all(r[k] == row[k] for k in KEYS[kind])]
                if same:
                    kept[same[0]] = row
                else:
                    kept.append(row)
            self.write()

    def note(self, **facts: Any) -> None:
        """Sets facts, such as device, peer or tuning."""
        with self._lock:
            for name, value in facts.items():
                setattr(self, name, value)
            self.write()

    def amend(self, name: str, again: str) -> None:
        """Says of a failed outcome of this run what became of it when it ran once more."""
        with self._lock:
            for o in self.outcomes:
                if o.name == name and o.run == self.this.run:
                    o.again = again
            print(f"again    {name}: {again}", flush=True)
            self.write()

    def holds(self, name: str) -> bool:
        """Says whether something passed in an earlier run, and so need not run again."""
        return any(o.name == name and o.status == PASSED and o.run < self.this.run for o in self.outcomes)

    def begin(self, step: str) -> None:
        """Notes that a step is under way, so that a machine that it takes down with it can be blamed on it."""
        with self._lock:
            self.this.step = step
            self.write()

    def settle(self, step: str) -> None:
        """Forgets what a step left of earlier runs that did not pass, as it has now run again: what a first contact
        left, or, of a full check, only where this is one."""
        lengths = {r.run: r.length for r in self.runs}
        with self._lock:
            self.outcomes = [o for o in self.outcomes
                             if o.step != step or o.run == self.this.run or o.status == PASSED
                             or lengths[o.run] == FULL != self.this.length]
            self.write()

    def close(self, state: str) -> None:
        with self._lock:
            self.this.state = state
            self.write()

    def failed(self) -> bool:
        return any(o.status == FAILED for o in self.outcomes)

    def document(self) -> Row:
        self.this.seconds = round(time.monotonic() - self._began, 1)
        counts = {s: sum(o.status == s for o in self.outcomes) for s in (PASSED, FAILED, SKIPPED)}
        d: Row = dict(
            smoke=self.smoke, date=self.this.date, seconds=round(sum(r.seconds for r in self.runs), 1),
            runs=[dataclasses.asdict(r) for r in self.runs], device=self.device, bundle=self.bundle, peer=self.peer,
            clocks=self.clocks, throttled=self.throttled, counts=counts,
            steps=[dataclasses.asdict(o) for o in self.outcomes], aims=aims.rows(self.speed, self.epochs),
            accuracy=self.accuracy, epochs=self.epochs, speed=self.speed, apart=self.apart, tuning=self.tuning)
        return dict(headline=headline.lines(d)) | d

    def write(self) -> None:
        with self._lock:
            d = self.document()
            for name, text in ((FILE, json.dumps(d, indent=1) + "\n"), ("report.md", tables.page(d))):
                replace(self.folder / name, text)


def replace(path: pathlib.Path, text: str) -> None:
    """Writes a file that is there as it was or as it is to be, whatever happens meanwhile."""
    new = path.with_name(path.name + ".new")
    with new.open("w") as f:
        f.write(text)
        f.flush()
        os.fsync(f.fileno())
    os.replace(new, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

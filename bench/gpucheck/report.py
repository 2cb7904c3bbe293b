"""The report: one JSON object with every figure, and a page of Markdown."""
import dataclasses
import json
import os
import pathlib
import re
import threading
import time

import aims
import tables

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclasses.dataclass
class Outcome:
    name: str
    status: str
    detail: str  # a line
    seconds: float = 0
    tail: str = ""  # of the log, where it failed


class Report:
    """Writes what is known after every outcome, so that a check that is cut off leaves what it found."""

    def __init__(self, folder: pathlib.Path, bundle: dict[str, object], smoke: bool):
        self.folder, self.smoke = folder, smoke
        self.log = folder / "gpu-check.log"
        self.log.write_text("")
        self.began = time.time()
        self.bundle = bundle  # what was built, of which commit, with what
        self.device: dict[str, object] = {}
        self.peer: dict[str, object] = {}  # PyTorch as it describes itself
        self.clocks: list[str] = []
        self.outcomes: list[Outcome] = []
        self.accuracy: list[dict] = []
        self.speed: list[dict] = []
        self.apart: list[dict] = []  # what resnet gains by ops that share kernels
        self.tuning: dict[str, list[dict]] = {}  # see tuning.summary
        self.epochs: list[dict] = []  # the recipe from start to accuracy
        self._lock = threading.RLock()  # a signal may come while it is held
        self._name = ""

    def add(self, outcome: Outcome) -> None:
        with self._lock:
            self.outcomes.append(outcome)
            print(f"{outcome.status:8} {outcome.name}: {outcome.detail} ({outcome.seconds:.1f} s)", flush=True)
            self.write()

    def failed(self) -> bool:
        return any(o.status == FAILED for o in self.outcomes)

    def document(self) -> dict[str, object]:
        counts = {s: sum(o.status == s for o in self.outcomes) for s in (PASSED, FAILED, SKIPPED)}
        return dict(
            smoke=self.smoke, date=time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(self.began)),
            seconds=round(time.time() - self.began, 1), device=self.device, bundle=self.bundle, peer=self.peer,
            clocks=self.clocks, counts=counts, steps=[dataclasses.asdict(o) for o in self.outcomes],
            aims=aims.rows(self.speed, self.epochs), accuracy=self.accuracy, epochs=self.epochs, speed=self.speed,
            apart=self.apart, tuning=self.tuning)

    def write(self) -> None:
        document = self.document()
        day = time.strftime("%Y-%m-%d", time.localtime(self.began))
        name = f"gpu-check-{slug(str(self.device.get('name', 'unknown')))}-{day}"
        for suffix, text in ((".json", json.dumps(document, indent=1) + "\n"), (".md", tables.page(document))):
            new = self.folder / ".new"
            new.write_text(text)
            os.replace(new, self.folder / (name + suffix))
            if self._name not in ("", name):  # the device has a name by now
                (self.folder / (self._name + suffix)).unlink(missing_ok=True)
        self._name = name


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "unknown"

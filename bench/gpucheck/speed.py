"""Speed of resnet and of PyTorch on the same card, in turn."""
import sys
import time

from check import Check
from correctness import clocks
from peer import SCRIPT, Case, Compiling
from rival import Rival, rivals

sys.path.append(str(SCRIPT.parent))
from ratios import OURS, summary

PHASES = ("train", "infer")


class OutOfTime(Exception):
    pass


def speed(c: Check, ahead: Compiling | None) -> None:
    """Measures every precision, phase and batch size, resnet first and then each of PyTorch's modes, round after round
    until the time or the rounds are over."""
    began = time.monotonic()
    contest = Contest(c, rivals(c, ahead))
    try:
        for _ in range(c.settings.rounds):
            for precision in c.settings.precisions:
                contest.turn(precision)
    except OutOfTime:
        pass
    finally:
        for rival in contest.rivals:
            rival.close(c)
        c.report.clocks += clocks()
    contest.conclude(time.monotonic() - began)


def by_op(c: Check) -> None:
    """Times each op of a training step. The tables are in the log."""
    for precision, batch in c.settings.by_op:
        name = f"time by op, {precision}, batch {batch}"
        if not c.fits(name):
            continue
        ended = c.run([
            c.resnet, "bench", "--quiet", "--layers", "--device", c.settings.device, "--precision", precision, *c.settings.model,
            "--phase", "train", "--batch-size", str(batch), "--seconds", str(c.settings.measure_seconds)])
        if ended.passed:
            c.passed(name, f"see {c.report.log.name}", ended.seconds)
        else:
            c.failed(name, ended.why(), ended.seconds, ended.tail())


class Contest:
    """Rounds of measurements."""

    def __init__(self, c: Check, rivals: list[Rival]):
        self.c, self.rivals = c, rivals
        self.rounds: dict[Case, list[dict[str, float]]] = {}
        self.failed: set[str] = set()  # precisions in which resnet does not run

    def turn(self, precision: str) -> None:
        """Adds one round of a precision. A round that the end of the time cuts off lacks what was not measured."""
        if precision in self.failed:
            return
        c, began = self.c, time.monotonic()
        turns = self.ours(precision)
        for case, rates in turns.items():
            self.rounds.setdefault(case, []).append(rates)
        spent = time.monotonic() - began
        for rival in self.rivals:
            for case, rates in turns.items():
                if c.left() < spent / len(turns) + 1:
                    break
                rate = rival.rate(case, c.settings.measure_seconds, c.left())
                if rate is not None:
                    rates[rival.mode] = rate
        c.report.speed = [
            dict(precision=p, phase=phase, batch_size=batch) | summary(r) for (phase, batch, p), r in self.rounds.items()]
        if c.left() < spent + 2:
            raise OutOfTime

    def ours(self, precision: str) -> dict[Case, dict[str, float]]:
        """Returns resnet's images per second in every case of a precision; none where it failed."""
        c, s = self.c, self.c.settings
        result, ended = c.json([
            c.resnet, "bench", "--quiet", "--format", "json", "--device", s.device, "--precision", precision, *s.model,
            "--phase", ",".join(PHASES), "--batch-size", ",".join(map(str, s.batch_sizes)), "--seconds", str(s.measure_seconds)])
        if ended.code is None:
            raise OutOfTime
        if not result:
            self.failed.add(precision)
            c.failed(f"speed, {precision}", ended.why(), ended.seconds, ended.tail())
            return {}
        return {(r["phase"], r["batch_size"], precision): {OURS: r["images_per_second"]} for r in result["results"]}

    def conclude(self, seconds: float) -> None:
        counts = [len(r) for r in self.rounds.values()]
        if not counts:
            if not self.failed:
                self.c.skipped("speed", "no time was left for a round", seconds)
            return
        parts = [f"{len(counts)} cases, {min(counts)} to {max(counts)} rounds"]
        for phase in PHASES:
            ratios = [case["ratio"] for case in self.c.report.speed if case["phase"] == phase and "ratio" in case]
            if ratios:
                parts.append(f"{phase} {min(ratios):.2f} to {max(ratios):.2f} times the best of PyTorch")
        self.c.passed("speed", "; ".join(parts), seconds)

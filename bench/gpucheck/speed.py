"""Speed of resnet and of PyTorch on the same card, in turn."""
import re
import statistics
import sys
import time

import tuning
from check import Check
from correctness import clocks
from peer import SCRIPT, Case, Compiling
from process import Ended
from rival import Rival, rivals

sys.path.append(str(SCRIPT.parent))
from ratios import OURS, summary

PHASES = ("train", "infer", "latency")
# How resnet used the GPU: names in our report, and in bench's.
USAGE = dict(launches="launches_per_step", device_ms="device_ms_per_step", idle_share="idle_share")


class OutOfTime(Exception):
    pass


def speed(c: Check, ahead: Compiling | None) -> None:
    """Measures every precision, phase and batch size, resnet before and after each of PyTorch's modes, round after
    round until the time or the rounds are over."""
    began = time.monotonic()
    contest = Contest(c, rivals(c, ahead))
    try:
        for rival in contest.rivals:
            rival.greet(c)  # nothing else may run while resnet measures algorithms
        for round in range(c.settings.rounds):
            contest.round(round)
    except OutOfTime:
        pass
    finally:
        for rival in contest.rivals:
            rival.close(c)
        c.report.clocks += clocks()
        tuning.collect(c)
    contest.conclude(time.monotonic() - began)


def by_op(c: Check) -> None:
    """Times each op of a training step, and says what it is held against. The tables are in the log."""
    for precision, batch in c.settings.by_op:
        name = f"time by op, {precision}, batch {batch}"
        if not c.fits(name):
            continue
        ended = c.run([
            c.resnet, "bench", "--quiet", "--layers", "--device", c.settings.device, "--precision", precision,
            *c.settings.model, "--tune", c.settings.tune, *c.settings.by_op_options, "--phase", "train",
            "--batch-size", str(batch), "--seconds", str(c.settings.measure_seconds)])
        if ended.passed:
            measured = re.search(r"^measured: (.*)$", ended.output, re.MULTILINE)
            c.passed(name, f"{measured[1]}; see {c.report.log.name}" if measured else f"see {c.report.log.name}",
                     ended.seconds)
        else:
            c.failed(name, ended.why(), ended.seconds, ended.tail())


class Contest:
    """Rounds of measurements."""

    def __init__(self, c: Check, rivals: list[Rival]):
        self.c, self.rivals = c, rivals
        self.rounds: dict[Case, list[dict[str, float]]] = {}
        self.usage: dict[Case, list[dict]] = {}  # how resnet used the GPU
        self.unfused: dict[Case, dict] = {}  # resnet whose ops share no kernels
        self.tuned: set[str] = set()
        self.failed: set[str] = set()  # precisions in which resnet does not run

    def round(self, number: int) -> None:
        """Measures what every round has, and in the second round what is measured only once. The most important comes
        first, since time may run out."""
        s = self.c.settings
        often = [p for p in s.every_round if p in s.precisions]
        for precision in often:
            self.turn(precision)
        if number == min(1, s.rounds - 1):
            for precision in often:
                self.apart(precision)
            for precision in s.precisions:
                if precision not in often:
                    self.turn(precision)

    def tune(self, precision: str) -> None:
        """Has resnet measure its algorithms, which takes it seconds, once and apart from the rounds."""
        if precision in self.tuned:
            return
        self.tuned.add(precision)
        result, ended = self.bench(precision, 0, "--tune", "on")
        if result:
            self.c.passed(f"tuning, {precision}", result["machine"]["gpu"]["tuning"], ended.seconds)
        tuning.collect(self.c)

    def turn(self, precision: str) -> None:
        """Adds one round of a precision: resnet, PyTorch, resnet again, whose rate is the mean of the two, so that a
        clock that drifts favours neither. A round that the end of the time cuts off lacks what was not measured."""
        self.tune(precision)
        if precision in self.failed:
            return
        c, began = self.c, time.monotonic()
        turns = self.ours(precision)
        spent = time.monotonic() - began
        for case, rates in turns.items():
            self.rounds.setdefault(case, []).append(rates)
            if c.left() > spent + 1:
                self.theirs(case, rates)
        c.report.speed = [self.row(case) for case in self.rounds]
        if turns and c.left() > spent:
            for case, again in self.ours(precision).items():
                turns[case][OURS] = statistics.mean((turns[case][OURS], again[OURS]))
            c.report.speed = [self.row(case) for case in self.rounds]
        if c.left() < 2 * spent + 2:
            raise OutOfTime

    def theirs(self, case: Case, rates: dict[str, float]) -> None:
        """Adds what PyTorch does in each of its modes."""
        for rival in self.rivals:
            for mode in rival.modes:
                rate = rival.rate(self.c, mode, case)
                if rate is not None:
                    rates[mode] = rate

    def row(self, case: Case) -> dict:
        phase, batch, precision = case
        used = self.usage.get(case, [])
        gpu = {ours: statistics.median(u[theirs] for u in used) for ours, theirs in USAGE.items()} if used else {}
        if used:
            gpu["fused"] = used[-1]["fused"]
        return dict(precision=precision, phase=phase, batch_size=batch) | gpu | summary(self.rounds[case])

    def ours(self, precision: str) -> dict[Case, dict[str, float]]:
        """Returns resnet's images per second in every case of a precision; none where it failed."""
        result, _ = self.bench(precision, self.c.settings.measure_seconds)
        rates: dict[Case, dict[str, float]] = {}
        for r in result.get("results", []):
            case = r["phase"], r["batch_size"], precision
            rates[case] = {OURS: r["images_per_second"]}
            if "gpu" in r:
                self.usage.setdefault(case, []).append(r["gpu"])
        return rates

    def apart(self, precision: str) -> None:
        """Measures resnet with every op by itself, to say what it gains where they share kernels."""
        if precision in self.failed:
            return
        result, _ = self.bench(precision, self.c.settings.measure_seconds, "--fuse", "off")
        for r in result.get("results", []):
            case = r["phase"], r["batch_size"], precision
            if "gpu" in r and case in self.usage:
                self.unfused[case] = r
        self.c.report.apart = [self.gain(case, r) for case, r in self.unfused.items()]

    def gain(self, case: Case, apart: dict) -> dict:
        phase, batch, precision = case
        rate = statistics.median(r[OURS] for r in self.rounds[case])
        used = self.usage[case][-1]
        return dict(precision=precision, phase=phase, batch_size=batch, fused=used["fused"], images_per_second=rate,
                    apart=apart["images_per_second"], ratio=rate / apart["images_per_second"],
                    launches=used["launches_per_step"], launches_apart=apart["gpu"]["launches_per_step"])

    def bench(self, precision: str, seconds: float, *options: str) -> tuple[dict, Ended]:
        """Runs resnet bench on every case of a precision; empty where it failed."""
        c, s = self.c, self.c.settings
        result, ended = c.json([
            c.resnet, "bench", "--quiet", "--no-roofline", "--format", "json", "--device", s.device,
            "--precision", precision, *s.model, "--tune", s.tune, "--phase", ",".join(PHASES),
            "--batch-size", ",".join(map(str, s.batch_sizes)), "--seconds", str(seconds), *options])
        if ended.code is None:
            raise OutOfTime
        if not result:
            self.failed.add(precision)
            c.failed(f"speed, {precision}", ended.why(), ended.seconds, ended.tail())
        return result, ended

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

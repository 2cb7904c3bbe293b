"""Speed of resnet and of PyTorch on the same card, in turn."""
import re
import statistics
import sys
import time
from collections.abc import Iterable

import clocks
import tuning
from check import Check, Command
from peer import SCRIPT, Case, Compiling
from process import Ended
from report import FAILED
from rival import MODES, Rival, rivals

sys.path.append(str(SCRIPT.parent))
from ratios import OURS, summary

PHASES = ("train", "infer", "latency")
LOOK = "speed, first look"
# How resnet used the GPU: names in our report, and in bench's.
USAGE = dict(launches="launches_per_step", device_ms="device_ms_per_step", idle_share="idle_share")


class OutOfTime(Exception):
    pass


def measured(c: Check) -> bool:
    """Says whether an earlier run measured all there is: resnet, and PyTorch in each of its modes."""
    modes = [*MODES, *["compile"] * bool(c.settings.compiled)]
    return all(done(c, name) for name in ["speed", *(f"PyTorch, {mode}" for mode in modes)])


def done(c: Check, name: str) -> bool:
    """Says whether something passed in an earlier run, and no precision failed beside it."""
    return c.report.holds(name) and not any(o.step == "speed" and o.status == FAILED for o in c.report.outcomes)


def speed(c: Check, ahead: Compiling | None) -> None:
    """Measures every precision, phase and batch size, resnet before and after each of PyTorch's modes, round after
    round until the time or the rounds are over."""
    if not measured(c):
        hold(Contest(c, rivals(c, ahead)), "speed", c.settings.rounds)


def look(c: Check, rival: Rival | None) -> None:
    """Takes one quick look at training, beside PyTorch that launches kernel by kernel: no algorithm is measured."""
    if rival and not done(c, LOOK):
        hold(Contest(c, [rival], quick=True), LOOK, 1)


def hold(contest: "Contest", name: str, rounds: int) -> None:
    c, began = contest.c, time.monotonic()
    before = clocks.keep(c.report.states, f"before {name}")
    try:
        for rival in contest.rivals:
            rival.greet(c)  # nothing else may run while resnet measures algorithms
        for round in range(rounds):
            contest.round(round)
    except OutOfTime:
        pass
    finally:
        after = clocks.keep(c.report.states, f"after {name}")
        for rival in contest.rivals:
            rival.close(c)
        c.report.note(clocks=c.report.clocks + clocks.brief(), throttled=clocks.throttled(before, after))
        tuning.collect(c)
    contest.conclude(name, time.monotonic() - began)


def by_op(c: Check) -> None:
    """Times each op of a training step, and says what it is held against. The tables are in the log."""
    for precision, batch in c.settings.by_op:
        name = f"time by op, {precision}, batch {batch}"
        if not c.wants(name):
            continue
        command: Command = [
            c.resnet, "bench", "--quiet", "--layers", "--device", c.settings.device, "--precision", precision,
            *c.settings.model, "--tune", c.settings.tune, *c.settings.by_op_options, "--phase", "train",
            "--batch-size", str(batch), "--seconds", str(c.settings.measure_seconds)]
        ended = c.run(command)
        if ended.passed:
            measured = re.search(r"^measured: (.*)$", ended.output, re.MULTILINE)
            c.passed(name, f"{measured[1]}; see {c.report.log.name}" if measured else f"see {c.report.log.name}",
                     ended.seconds)
        else:
            c.failed(name, ended.why(), ended.seconds, ended.tail(), command)


class Contest:
    """Rounds of measurements; a quick one is of training alone: resnet has one turn and measures no algorithms."""

    def __init__(self, c: Check, rivals: list[Rival], quick: bool = False):
        self.c, self.rivals, self.quick = c, rivals, quick
        self.phases = PHASES[:1] if quick else PHASES
        self.algorithms = "off" if quick else c.settings.tune
        self.rounds: dict[Case, list[dict[str, float]]] = {}
        self.usage: dict[Case, list[dict]] = {}  # how resnet used the GPU
        self.unfused: dict[Case, dict] = {}  # resnet whose ops share no kernels
        self.tuned: set[str] = set()
        self.failed: set[str] = set()  # precisions in which resnet does not run

    def round(self, number: int) -> None:
        """Measures what every round has, and what is measured only once: without sharing in the first round, other
        precisions in the second. The most important comes first, since time may run out."""
        s = self.c.settings
        often = [p for p in s.every_round if p in s.precisions]
        for precision in often:
            self.turn(precision)
        if self.quick:
            return
        if number == 0:
            for precision in often:
                self.apart(precision)
        if number == min(1, s.rounds - 1):
            for precision in s.once:
                if precision in s.precisions:
                    self.turn(precision)

    def tune(self, precision: str) -> None:
        """Has resnet measure its algorithms, which takes it seconds, once and apart from the rounds."""
        if precision in self.tuned or self.quick:
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
        self.report(turns)
        if self.quick:
            return
        if turns and c.left() > spent:
            for case, again in self.ours(precision).items():
                turns[case][OURS] = statistics.mean((turns[case][OURS], again[OURS]))
            self.report(turns)
        if c.left() < 2 * spent + 2:
            raise OutOfTime

    def report(self, cases: Iterable[Case]) -> None:
        self.c.report.put("speed", *(self.row(case) for case in cases))

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
            gpu |= dict(fused=used[-1]["fused"], variant=used[-1].get("variant", ""))
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
        self.c.report.put("apart", *(self.gain(case, r) for case, r in self.unfused.items()))

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
        command: Command = [
            c.resnet, "bench", "--quiet", "--no-roofline", "--format", "json", "--device", s.device,
            "--precision", precision, *s.model, "--tune", self.algorithms, "--phase", ",".join(self.phases),
            "--batch-size", ",".join(map(str, s.batch_sizes)), "--seconds", str(seconds), *options]
        result, ended = c.json(command)
        if ended.code is None:
            raise OutOfTime
        if not result:
            self.failed.add(precision)
            c.failed(f"speed, {precision}", ended.why(), ended.seconds, ended.tail(), command)
        return result, ended

    def conclude(self, name: str, seconds: float) -> None:
        counts = [len(r) for r in self.rounds.values()]
        if not counts:
            if not self.failed:
                self.c.no_time(name, "a round", seconds)
            return
        parts = [f"{len(counts)} cases, {min(counts)} to {max(counts)} rounds"]
        for phase in self.phases:
            rows = [row for row in map(self.row, self.rounds) if row["phase"] == phase]
            ratios = [row["ratio"] for row in rows if "ratio" in row]
            if ratios:
                parts.append(f"{phase} {min(ratios):.2f} to {max(ratios):.2f} times the best of PyTorch")
        self.c.passed(name, "; ".join(parts), seconds)

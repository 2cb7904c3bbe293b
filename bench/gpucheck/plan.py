"""The steps of a check, in the order that tells most if time ends; their seconds add up to a whole check's."""
import functools

import again
import correctness
import epochs
import rival
import sanitizer
import speed
import training
from check import Check, Step
from peer import Compiling
from settings import Settings, TestProgram


def first(s: Settings) -> tuple[Step, ...]:
    """Returns the steps of the first contact with a GPU: does anything work, and about how fast. Each is a part of the
    full check's step of that name, which therefore settles what failed in it."""
    eager: list[rival.Rival] = []  # starts beside tests, as importing PyTorch takes seconds

    def networks(c: Check) -> None:
        if not speed.done(c, speed.LOOK):
            eager.append(rival.Rival(c, ("eager",)))
        correctness.tests(c, s.first_tests)

    return (
        Step("doctor", 22, correctness.doctor),
        programs("tests of gpu", 18, s.gpu_tests),
        programs("short list of kernels", 22, s.short_kernels),
        Step("tests of networks", 24, networks),
        Step("first failures again", 8, again.again),
        Step("speed", 26, lambda c: speed.look(c, eager[0] if eager else None)),
    )


def full(s: Settings) -> tuple[Step, ...]:
    """Returns all steps."""
    ahead: list[Compiling] = []  # PyTorch compiles beside other steps, but not beside gpu's tests, which time things

    def compiling(c: Check) -> None:
        if not speed.measured(c) and (started := rival.compile_ahead(c)):
            ahead.append(started)
        correctness.tests(c, s.short_kernels)

    return (
        Step("doctor", 20, correctness.doctor),
        programs("tests of gpu", 20, s.gpu_tests),
        Step("short list of kernels", 30, compiling),
        programs("tests of networks", 60, s.network_tests),
        Step("captured and eager steps", 30, training.captured),
        Step("first failures again", 10, again.again),
        Step("accuracy, fp32", 45, training.reference_accuracy),
        Step("speed", 140, lambda c: speed.speed(c, ahead[0] if ahead else None)),
        Step("epochs", 35, epochs.epochs),
        Step("accuracy, others", 55, training.other_accuracies),
        Step("compute-sanitizer", 50, sanitizer.sanitizers),
        Step("time by op", 10, speed.by_op),
        programs("all kernels", 25, s.all_kernels),
        Step("failures again", 10, again.again),
    )


def programs(name: str, share: float, tests: tuple[TestProgram, ...]) -> Step:
    return Step(name, share, functools.partial(correctness.tests, programs=tests))

"""Tests of a check's steps, and of what crashes, hangs, fails and loses the GPU, on programs that are made up."""
import dataclasses
import functools
import re
import time
import unittest

import again
import correctness
from alive import lost
from check import Check, Step, run_steps
from fixtures import CheckFolder, gone
from report import FAILED, PASSED, SKIPPED, Outcome
from settings import TestProgram

# A doctor that finds the GPU, and takes a step, until the file "lost" lies beside it.
DOCTOR = """
    import json, pathlib, sys, time
    here = pathlib.Path(__file__)
    if here.with_name("hangs").exists():
        time.sleep(60)
    found = [dict(name="gpu 0", state="ok", text="a GPU", details=dict(name="a GPU"))]
    if here.with_name("lost").exists():
        found[0] = dict(name="gpu 0", state="failed", text="CUDA_ERROR_UNKNOWN")
    else:
        found.append(dict(name="step on cuda:0", state="ok", text="close"))
    print(json.dumps(dict(findings=found)))
    sys.exit(here.with_name("lost").exists())"""

# Test programs: TestA passes; TestB passes with cuDNN's log on; TestC crashes; TestD hangs, with a child.
PROGRAM = """
    import os, re, subprocess, sys, time
    args = sys.argv[1:]
    names = [f"Test{n}" for n in "ABCD"]
    if "-test.list" in args:
        sys.exit(print(*(n for n in names if re.search(args[-1], n)), sep="\\n"))
    print("logs:", os.environ.get("CUDNN_LOGDEST_DBG"), *args, file=sys.stderr, flush=True)
    bad = False
    for name in names:
        if not re.search(args[args.index("-test.run") + 1].split("/")[0], name):
            continue
        print("=== RUN  ", name, flush=True)
        if name == "TestC":
            print("SIGSEGV: segmentation violation", file=sys.stderr, flush=True)
            os.abort()
        if name == "TestD":
            p = subprocess.Popen(["sleep", "600"])
            print("child", p.pid, file=sys.stderr, flush=True)
            time.sleep(600)
        fails = name == "TestB" and "CUDNN_LOGDEST_DBG" not in os.environ
        bad = bad or fails
        print("--- FAIL:" if fails else "--- PASS:", name, "(0.00s)", flush=True)
    sys.exit(bad)"""


def program(pattern: str, processes: int = 1) -> TestProgram:
    return TestProgram("gpu", pattern, processes=processes)


class StepsTest(CheckFolder):
    def test_time_left_over_goes_to_later_steps(self) -> None:
        left: list[float] = []
        run_steps(self.check(seconds=100),
                  [Step(str(share), share, lambda c: left.append(c.left())) for share in (1, 2, 7)])
        for got, want in zip(left, (10, 30, 100)):
            self.assertAlmostEqual(got, want, delta=1)

    def test_no_step_stops_another(self) -> None:
        def broken(c: Check) -> None:
            raise KeyError("gone")

        def slow(c: Check) -> None:
            time.sleep(2.2)
            c.passed("slow", "done")

        run_steps(self.check(seconds=3), [Step("broken", 2, broken), Step("slow", 1, slow), Step("late", 1, slow)])
        self.assertEqual(self.outcomes(), [("broken", FAILED), ("slow", PASSED), ("late", SKIPPED)])

    def test_what_passed_before_is_not_run(self) -> None:
        c = self.check(programs={"gpu.test": PROGRAM})
        (self.dir / "gpu").mkdir()
        correctness.tests(c, [program("TestA|TestB", 0)])
        self.assertEqual(set(self.outcomes()), {("tests of gpu, TestA", PASSED), ("tests of gpu, TestB", FAILED)})
        self.report.outcomes[0].run = self.report.outcomes[1].run = 0  # an earlier one's
        self.report.log.write_text("")
        correctness.tests(c, [program("TestA|TestB", 0)])
        self.assertNotIn("^TestA$", self.report.log.read_text())
        self.assertIn("^TestB$", self.report.log.read_text())
        self.assertEqual({o.name: o.run for o in self.report.outcomes},
                         {"tests of gpu, TestA": 0, "tests of gpu, TestB": 1})

    def test_what_there_was_no_time_for_settles_nothing(self) -> None:
        c = self.check(seconds=30)
        self.report.this.run = 2
        self.report.runs.insert(0, dataclasses.replace(self.report.this, run=1))
        for step in ("late", "in time"):
            self.report.outcomes.append(Outcome(f"old, {step}", FAILED, "", step=step))
        run_steps(c, [Step("late", 1, lambda c: c.no_time("new")), Step("in time", 1, lambda c: None)])
        self.assertEqual(self.outcomes(), [("old, late", FAILED), ("new", SKIPPED)])

    def test_groups(self) -> None:
        c = self.check(programs={"gpu.test": PROGRAM})
        (self.dir / "gpu").mkdir()
        self.assertEqual(correctness.processes(c, program(".", 3)), [
            ("tests of gpu, group 1 of 3", "^(TestA|TestD)$"), ("tests of gpu, group 2 of 3", "^(TestB)$"),
            ("tests of gpu, group 3 of 3", "^(TestC)$")])

    def test_at_most_eight_at_once(self) -> None:
        running: set[int] = set()
        most = []

        def call(i: int) -> None:
            running.add(i)
            most.append(len(running))
            time.sleep(0.05)
            running.discard(i)

        correctness.together([functools.partial(call, i) for i in range(30)])
        self.assertEqual(len(most), 30)
        self.assertLessEqual(max(most), correctness.AT_ONCE)


class FailureTest(CheckFolder):
    def steps(self, c: Check, *patterns: str) -> list[Step]:
        (self.dir / "gpu").mkdir()
        return [Step("doctor", 1, correctness.doctor),
                *(Step(p, 1, functools.partial(correctness.tests, programs=[program(p, 0)])) for p in patterns)]

    def test_crash_and_hang_cost_only_themselves(self) -> None:
        c = self.check(DOCTOR, {"gpu.test": PROGRAM}, seconds=24, precisions=("fp32",))
        began = time.monotonic()
        steps = self.steps(c, "TestC", "TestD", "TestA")
        steps[-1].share = 5
        run_steps(c, steps, lost)
        self.assertLess(time.monotonic() - began, 34)
        self.assertEqual(self.outcomes(), [
            ("doctor, fp32", PASSED), ("tests of gpu, TestC", FAILED), ("tests of gpu, TestD", FAILED),
            ("tests of gpu, TestA", PASSED)])
        self.assertRegex(self.report.outcomes[1].detail, "1 did not end: TestC; TestC: .* SIGSEGV")
        self.assertIn("1 did not end: TestD", self.report.outcomes[2].detail)
        child = re.search(r"child (\d+)", self.report.log.read_text())
        self.assertTrue(child and gone(int(child[1])))
        # doctor was asked after the crash and after the hang.
        self.assertEqual(self.report.log.read_text().count("resnet doctor"), 3)

    def test_lost_gpu_ends_the_check(self) -> None:
        for how in ("lost", "hangs"):
            with self.subTest(how):
                self.setUp()
                c = self.check(DOCTOR, {"gpu.test": PROGRAM}, seconds=60, alive_seconds=1.5, precisions=("fp32",))
                steps = self.steps(c, "TestA", "TestC", "TestA")
                steps.insert(2, Step("breaks it", 1, lambda c: (c.programs / how).touch()))
                run_steps(c, steps, lost)
                self.assertEqual(self.outcomes(), [
                    ("doctor, fp32", PASSED), ("tests of gpu, TestA", PASSED), ("tests of gpu, TestC", FAILED),
                    ("the GPU", FAILED)])
                self.assertIn("is lost after TestC: doctor", self.report.outcomes[-1].detail)
                self.assertIn("1 steps were not begun", self.report.outcomes[-1].detail)

    def test_doctor_that_never_worked_says_nothing_about_the_gpu(self) -> None:
        c = self.check("import sys; sys.exit('no GPU')", {"gpu.test": PROGRAM}, seconds=30, precisions=("fp32",))
        run_steps(c, self.steps(c, "TestA"), lost)
        self.assertEqual(self.outcomes(), [("doctor, fp32", FAILED), ("tests of gpu, TestA", PASSED)])

    def test_a_wrong_number_is_an_answer(self) -> None:
        findings: list[dict] = [
            dict(name="gpu 0", state="ok"), dict(name="step on cuda:0", state="failed", details=dict(parts=[1])),
            dict(name="gpu 1", state="failed"), dict(name="data", state="ok")]
        self.assertEqual(correctness.answers(findings), {"gpu 0", "step on cuda:0"})

    def test_failures_run_again_with_a_log(self) -> None:
        c = self.check(programs={"gpu.test": PROGRAM})
        (self.dir / "gpu").mkdir()
        for t in (program("TestA|TestB"), program("TestC")):
            correctness.test(c, t, t.pattern, t.pattern)
        again.again(c)
        first, second = self.report.outcomes
        self.assertEqual((first.status, first.again), (FAILED, "passed; see failed.log"))
        self.assertRegex(second.again, "failed too, 1 did not end: TestC.*; see failed.log")
        log = self.report.failures.read_text()
        self.assertIn("logs: stderr -test.v -test.run ^(TestB)$", log)  # alone, without TestA
        self.assertIn("# TestC", log)
        self.assertEqual(c.failures, [])
        self.assertIn("again, alone: passed", (self.dir / "report.md").read_text())

    def test_parts_of_tests_run_again(self) -> None:
        c = self.check(programs={"gpu.test": PROGRAM})
        (self.dir / "gpu").mkdir()
        correctness.test(c, program(""), "all", "TestB/bf16/^net")
        self.assertEqual(c.failures[0].command[-1], "^(TestB)$/bf16/^net")

    def test_log_of_failures_is_bounded(self) -> None:
        c = self.check("print('x' * 3_000_000 + 'end'); exit(1)")
        for i in range(12):
            c.failed(str(i), "failed", command=[c.resnet])
        again.again(c)
        log = self.report.failures.read_text()
        self.assertLess(len(log), again.FILE + 12 * 500)
        self.assertEqual((log.count("xend"), log.count("left out: this file")), (6, 6))

    def test_no_time_to_run_again(self) -> None:
        c = self.check("exit(1)")
        c.failed("it", "failed", command=[c.resnet])
        c.deadline = 0
        again.again(c)
        self.assertEqual(len(c.failures), 1)


if __name__ == "__main__":
    unittest.main()

"""Tests of the report, of its first lines, and of going on with an earlier one."""
import json
import pathlib
import unittest
from typing import Any
from unittest import mock

import earlier
import headline
from fixtures import CheckFolder, Folder
from process import Ended
from report import ENDED, FAILED, PASSED, SKIPPED, Outcome, Report

FP32 = dict(precision="fp32", phase="train", batch_size=32, images_per_second=dict(resnet=64000.0, graph=32000.0),
            best_mode="graph", ratio=2.0, ratio_min=1.9, ratio_max=2.1, rounds=[{}, {}], launches=50.0, fused=True,
            device_ms=0.4876, idle_share=0.0061)


class ReportTest(CheckFolder):
    def test_report(self) -> None:
        self.check()
        self.report.add(Outcome("first", FAILED, "a | b", 1, "a tail\nof two lines"))
        self.report.device = {"name": "NVIDIA H200"}
        self.report.put("speed", FP32)
        json_file, page = self.dir / "report.json", self.dir / "report.md"
        self.assertEqual(json.loads(json_file.read_text())["steps"][0]["detail"], "a | b")
        for text in ("a \\| b", "of two lines", "0 passed, 1 failed",
                     "| fp32 | train | 32 | 0.500 | 64,000 | 32,000 | **2.00** | 1.90 to 2.10 | 2 | 50 | yes | 0.4876 "
                     "| 0.6 % | 1 |"):
            self.assertIn(text, page.read_text())
        self.assertEqual(sorted(p.name for p in self.dir.glob("report*")), ["report.json", "report.md"])

    def test_measured_anew(self) -> None:
        self.check()
        self.report.put("speed", FP32, FP32 | dict(batch_size=1024))
        self.report.put("speed", FP32 | dict(ratio=3.0))
        self.assertEqual([(r["batch_size"], r["ratio"]) for r in self.report.speed], [(32, 3.0), (1024, 2.0)])

    def test_written_whole_or_not_at_all(self) -> None:
        self.check()
        self.report.add(Outcome("first", PASSED, "well"))
        before = (self.dir / "report.json").read_text()
        with mock.patch("report.os.fsync", side_effect=OSError("no space")), self.assertRaises(OSError):
            self.report.add(Outcome("second", PASSED, "well"))
        self.assertEqual((self.dir / "report.json").read_text(), before)

    def test_a_step_under_way_is_on_disk(self) -> None:
        self.check()
        self.report.begin("speed")
        run = json.loads((self.dir / "report.json").read_text())["runs"][0]
        self.assertEqual((run["state"], run["step"]), ("under way", "speed"))


class HeadlineTest(CheckFolder):
    def lines(self) -> list[str]:
        return headline.lines(self.report.document())

    def test_works(self) -> None:
        self.check()
        self.assertEqual(self.lines(), ["nothing is known yet (under way)"])
        self.report.add(Outcome("a", PASSED, ""))
        self.report.add(Outcome("b", SKIPPED, ""))
        self.report.begin("speed")
        self.assertEqual(self.lines(), ["works: 1 parts passed, 1 skipped (under way in speed)"])
        self.report.close(ENDED)
        self.assertEqual(self.lines(), ["works: 1 parts passed, 1 skipped"])

    def test_what_does_not_work(self) -> None:
        self.check()
        for i in range(7):
            self.report.add(Outcome(str(i), FAILED, "x" * 300))
        self.report.amend("0", "passed")
        self.report.close(ENDED)
        lines = self.lines()
        self.assertEqual(lines[0], "DOES NOT WORK: 7 of 7 parts failed")
        self.assertTrue(lines[1].startswith("  0: xxx") and lines[1].endswith("...; again, alone: passed"))
        self.assertEqual(lines[6:], ["  and 2 more"])
        self.assertTrue(all(len(line) < 260 for line in lines))

    def test_what_did_not_end(self) -> None:
        self.check()
        self.report.add(Outcome("a", FAILED, "1 did not end: TestA; TestA: panic: test timed out after 9s"))
        self.report.add(Outcome("b", FAILED, Ended(None, "", "", 9).why()))
        self.report.close(ENDED)
        self.assertEqual(self.lines()[0], "NOT SHOWN TO WORK: 2 of 2 parts did not end in their time")
        self.report.add(Outcome("c", FAILED, "wrong"))
        self.assertEqual(self.lines()[0], "DOES NOT WORK: 3 of 3 parts failed, 2 by not ending in their time")

    def test_fastest(self) -> None:
        self.check()
        rate = dict(resnet=160e3, eager=40e3, graph=80e3)
        self.report.put("speed", FP32, FP32 | dict(precision="tf32", images_per_second=rate),
                        FP32 | dict(batch_size=1024, images_per_second=dict(resnet=9e5), best_mode=None),
                        FP32 | dict(phase="infer", batch_size=7))
        self.report.note(throttled="SW Power Capping for 1.00 s")
        self.assertEqual(self.lines()[1:], [
            "training, batch 32: tf32 is fastest, 160,000 img/s, 4.00 times PyTorch eager, 2.00 times its best (graph)",
            "training, batch 1024: fp32 is fastest, 900,000 img/s, no PyTorch beside it",
            "clocks were held down while speed was measured: SW Power Capping for 1.00 s"])
        self.assertIn(self.lines()[1], (self.dir / "report.md").read_text().split("## ")[0])


BUNDLE = dict(commit="abc", programs="012")


class EarlierTest(Folder):
    def report(self, **bundle: str) -> Report:
        return Report(self.dir, BUNDLE | bundle, "full", False)

    def left(self) -> pathlib.Path:
        """Leaves a report of a run that was killed in its second step."""
        r = self.report()
        r.note(device=dict(name="NVIDIA H200", driver="13.0"))
        for step, outcomes in (("one", dict(a=PASSED, b=FAILED)), ("two", dict(c=FAILED, d=SKIPPED))):
            r.begin(step)
            for name, status in outcomes.items():
                r.add(Outcome(name, status, "as it was"))
        r.put("speed", FP32)
        return self.dir

    def test_goes_on(self) -> None:
        r = earlier.taken_over(earlier.load(self.left()), self.report())
        self.assertEqual([(o.name, o.run) for o in r.outcomes], [("a", 1), ("b", 1), ("c", 1)])
        self.assertEqual([r.holds(name) for name in "abcd"], [True, False, False, False])
        r.begin("one")
        r.add(Outcome("b", PASSED, "now"))
        r.settle("one")
        r.begin("two")
        r.settle("two")
        r.put("speed", FP32 | dict(batch_size=1024))
        self.assertEqual([(o.name, o.status, o.run) for o in r.outcomes], [("a", PASSED, 1), ("b", PASSED, 2)])
        self.assertEqual([(s["batch_size"], s["run"]) for s in r.speed], [(32, 1), (1024, 2)])
        page = (self.dir / "report.md").read_text()
        self.assertIn("- run 1: full, ", page)
        self.assertIn("killed, in two", page)
        # And from there once more; a GPU that is there again is not lost.
        r.add(Outcome("the GPU", FAILED, "is lost"))
        third = earlier.taken_over(earlier.load(self.dir / "report.json"), self.report())
        self.assertEqual([run.run for run in third.runs], [1, 2, 3])
        self.assertNotIn("the GPU", [o.name for o in third.outcomes])

    def test_a_failure_stays_until_it_has_run_again(self) -> None:
        r = earlier.taken_over(earlier.load(self.left()), self.report())
        r.begin("one")
        r.add(Outcome("b", SKIPPED, "no time"))
        r.add(Outcome("e", SKIPPED, "no time"))
        self.assertEqual([(o.name, o.status, o.run) for o in r.outcomes],
                         [("a", PASSED, 1), ("b", FAILED, 1), ("c", FAILED, 1), ("e", SKIPPED, 2)])

    def test_a_first_contact_settles_nothing_of_a_full_check(self) -> None:
        for length, want in (("first", ["a", "b", "c"]), ("full", ["a", "c"])):
            r = earlier.taken_over(earlier.load(self.left()), Report(self.dir, BUNDLE, length, False))
            r.settle("one")
            self.assertEqual([o.name for o in r.outcomes], want)
            (self.dir / "report.json").unlink()

    def refused(self, want: str, **bundle: str) -> None:
        with self.assertRaisesRegex(earlier.Refused, want):
            r = self.report(**bundle)
            d = earlier.load(self.dir / "report.json")
            earlier.same_programs(d, r, self.dir)
            earlier.same_device(d, dict(name="NVIDIA H200", driver="13.0", **self.device), self.dir)

    device: dict[str, Any] = {}

    def test_other_programs_or_gpu(self) -> None:
        self.left()
        self.refused("commit abc, want def, which this bundle has", commit="def")
        self.refused("programs 012, want 345", programs="345")
        self.device = dict(cuDNN="9.19")
        self.refused("cuDNN None, want 9.19, as resnet doctor finds here")
        d = earlier.load(self.dir)
        with self.assertRaisesRegex(earlier.Refused, "name NVIDIA H200, want none"):
            earlier.same_device(d, {}, self.dir)
        with self.assertRaisesRegex(earlier.Refused, "without --smoke, want one with it"):
            earlier.same_programs(d, Report(self.dir, BUNDLE, "full", True), self.dir)

    def test_what_is_no_report(self) -> None:
        self.refused("No such file or directory, want the folder")
        path = self.dir / "report.json"
        self.left()
        whole = path.read_text()
        for text, want in ((whole[:200], "no JSON"), ("\xff", "no JSON"), ("[1]", "not a report"),
                           ("{}", "not a report"),
                           (whole.replace('"status": "passed"', '"status": 3', 1), "not a report"),
                           (whole.replace('"run": 1', '"run": "1"'), "not a report"),
                           (whole.replace('"step": "one",\n   "run": 1', '"step": "one", "run": 7'), "not a report"),
                           (whole.replace('"images_per_second": {', '"images": {'), "not a report")):
            with self.subTest(want):
                path.write_text(text, encoding="latin-1")
                self.refused(want)
        with mock.patch("earlier.MOST", 10):
            self.refused("bytes, want a report of at most 10")


if __name__ == "__main__":
    unittest.main()

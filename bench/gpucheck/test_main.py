"""Tests of the check as a whole: a first contact that is killed, and what goes on with it, on programs made up."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest
from typing import Any

from fixtures import Folder, gone, write_bundle
from report import ENDED

RESNET = """
    import json, os, sys, time
    if "HANG" in os.environ:
        time.sleep(600)
    def option(name): return sys.argv[sys.argv.index(name) + 1]
    if sys.argv[1] == "doctor":
        details = dict(name=os.environ.get("GPU", "a GPU"))
        print(json.dumps(dict(findings=[dict(name="gpu 0", state="ok", text="a GPU", details=details),
                                        dict(name="step on cuda:0", state="ok", text="close")])))
    elif sys.argv[1] == "bench":
        gpu = dict(launches_per_step=3, device_ms_per_step=0.5, idle_share=0.25, fused=True)
        results = [dict(phase="train", batch_size=b, images_per_second=100.0 * b, gpu=gpu)
                   for b in map(int, option("--batch-size").split(","))]
        print(json.dumps(dict(machine={}, results=results)))"""

# Passes; gpu's waits for a file first.
TESTS = """
    import os, pathlib, sys, time
    if "HANG" in os.environ:
        time.sleep(600)
    me, marks = pathlib.Path(sys.argv[0]), pathlib.Path(os.environ["MARKS"])
    if "-test.list" in sys.argv:
        sys.exit(print("TestA", "TestB", sep="\\n"))
    print("=== RUN   TestA", flush=True)
    if me.name == "gpu.test" and not (marks / "go").exists():
        (marks / "pid").write_text(f"{os.getpid()}.")
        time.sleep(600)
    print("--- PASS: TestA (0.00s)")"""


class MainTest(Folder):
    def setUp(self) -> None:
        super().setUp()
        self.out, self.temp = self.dir / "out", self.dir / "temp"
        self.temp.mkdir()
        programs = {f"{name}.test": TESTS for name in ("gpu", "kernels-cuda", "nn-cuda", "cmd-resnet")}
        write_bundle(self.dir / "bundle", {"resnet": RESNET, **programs}, commit="abc", programs="012")

    def start(self, *options: str, **env: str) -> subprocess.Popen[str]:
        check = subprocess.Popen(
            [sys.executable, "-B", str(pathlib.Path(__file__).parent), "--bundle", str(self.dir / "bundle"), *options],
            env=os.environ | dict(MARKS=str(self.dir), TMPDIR=str(self.temp), **env), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, start_new_session=True)
        self.addCleanup(check.communicate)
        self.addCleanup(check.kill)
        return check

    def run_check(self, *options: str, **env: str) -> tuple[int, str, str]:
        check = self.start(*options, **env)
        said = check.communicate(timeout=100)
        return check.returncode, *said

    def written(self) -> dict[str, Any]:
        return json.loads((self.out / "report.json").read_text())

    def killed(self) -> None:
        """Leaves a first contact that was killed while gpu's tests were running."""
        check = self.start("--first", str(self.out))
        pid = self.dir / "pid"
        while not (pid.exists() and pid.read_text().endswith(".")):
            self.assertIsNone(check.poll())
            time.sleep(0.05)
        os.kill(check.pid, signal.SIGKILL)
        check.wait()
        self.assertTrue(gone(int(pid.read_text().strip("."))))

    def test_killed_and_continued(self) -> None:
        self.killed()
        left = self.written()
        self.assertEqual([s["name"] for s in left["steps"]], [f"doctor, {p}" for p in ("fp32", "bf16", "tf32", "fp16")])
        self.assertEqual(left["headline"], ["works: 4 parts passed (under way in tests of gpu)"])
        for _ in range(100):  # the working folder goes after the programs
            if not any(self.temp.iterdir()):
                break
            time.sleep(0.05)
        self.assertEqual(list(self.temp.iterdir()), [])

        (self.dir / "go").touch()
        code, said, errors = self.run_check("--first", "--continue", str(self.out))
        self.assertEqual((code, errors), (0, ""))
        done = self.written()
        self.assertEqual([(r["length"], r["state"]) for r in done["runs"]], [("first", "killed"), ("first", ENDED)])
        by_run = {run: [s["name"] for s in done["steps"] if s["run"] == run] for run in (1, 2)}
        self.assertEqual(by_run[1], [s["name"] for s in left["steps"]])
        for name in ("tests of gpu", "tests of nn/cuda, networks in every precision", "speed, first look"):
            self.assertIn(name, by_run[2])
        self.assertEqual({s["run"] for s in done["speed"]}, {2})
        self.assertIn("\n" + "\n".join(done["headline"]) + "\n", said)

    def test_refused_report_stays_as_it_is(self) -> None:
        self.killed()
        before = {p.name: p.read_bytes() for p in self.out.iterdir() if p.suffix != ".log"}
        code, _, errors = self.run_check("--continue", str(self.out), GPU="another GPU")
        self.assertEqual((code, errors.count("\n")), (1, 1))
        self.assertIn("name a GPU, want another GPU, as resnet doctor finds here", errors)
        bundle = self.dir / "bundle" / "bundle.json"
        bundle.write_text(bundle.read_text().replace("abc", "def"))
        code, _, errors = self.run_check("--first", "--continue", str(self.out / "report.json"))
        self.assertEqual((code, errors.count("\n")), (1, 1))
        self.assertIn("commit abc, want def", errors)
        self.assertEqual({p.name: p.read_bytes() for p in self.out.iterdir() if p.suffix != ".log"}, before)

    def test_time_is_kept_where_all_hangs(self) -> None:
        began = time.monotonic()
        code, said, _ = self.run_check("--first", "--seconds", "10", str(self.out), HANG="1")
        self.assertLess(time.monotonic() - began, 10 + 15)  # and to start and end Python and PyTorch
        self.assertEqual(code, 1)
        self.assertIn("NOT SHOWN TO WORK", said)
        self.assertEqual(self.written()["runs"][0]["state"], ENDED)

    def test_report_of_before_is_set_aside(self) -> None:
        self.out.mkdir()
        (self.out / "report.json").write_text("of before")
        self.run_check("--first", "--seconds", "4", str(self.out))
        (aside,) = self.out.glob("until-*")
        self.assertEqual((aside / "report.json").read_text(), "of before")
        self.assertEqual(self.written()["runs"][0]["run"], 1)

    def test_another_report_in_the_way_is_set_aside_too(self) -> None:
        (self.dir / "go").touch()
        first = self.dir / "first"
        self.run_check("--first", str(first))
        self.out.mkdir()
        (self.out / "report.json").write_text("another")
        self.assertEqual(self.run_check("--first", "--continue", str(first), str(self.out))[0], 0)
        self.assertEqual([p.read_text() for p in self.out.glob("until-*/report.json")], ["another"])
        self.assertEqual(len(self.written()["runs"]), 2)
        self.assertEqual(len(json.loads((first / "report.json").read_text())["runs"]), 1)


if __name__ == "__main__":
    unittest.main()

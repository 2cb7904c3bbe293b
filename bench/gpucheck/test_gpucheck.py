"""Tests of the check itself, on programs that are made up: python3 -m unittest discover -b -s bench/gpucheck"""
import importlib.metadata
import json
import pathlib
import sys
import textwrap
import time
import unittest
from unittest import mock

import correctness
import gotest
import libraries
import process
import training
from check import Check, Step, run_steps
from fixtures import CheckFolder, Folder
from process import Ended
from report import FAILED, PASSED, SKIPPED, Outcome


class ProcessTest(Folder):
    def run_python(self, text: str, limit: float = 30) -> Ended:
        return process.run([sys.executable, str(self.script(text))], self.dir / "log", limit, {}, self.dir)

    def test_output(self) -> None:
        ended = self.run_python("import sys; print('out'); print('why', file=sys.stderr); sys.exit(3)")
        self.assertEqual((ended.code, ended.output, ended.errors), (3, "out\n", "why\n"))
        self.assertEqual(ended.why(), "exit status 3: why")
        self.assertIn("out\nwhy\n(exit status 3: why", (self.dir / "log").read_text())

    def test_limit_ends_children_too(self) -> None:
        ended = self.run_python("""
            import subprocess, sys
            p = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
            print(p.pid, flush=True)
            p.wait()""", limit=1)
        self.assertIsNone(ended.code)
        status = pathlib.Path(f"/proc/{int(ended.output)}/status")
        for _ in range(100):  # what ended may stay a zombie until something waits for it
            if not status.exists() or "State:\tZ" in status.read_text():
                return
            time.sleep(0.05)
        self.fail("the child is still running")

    def test_no_program(self) -> None:
        self.assertEqual(process.run(["/no/such"], self.dir / "log", 5, {}, self.dir).code, 127)

    def test_long_output_loses_its_middle(self) -> None:
        self.run_python("print('first'); print('x' * 200000); print('last')")
        log = (self.dir / "log").read_text()
        self.assertLess(len(log), 1.5 * process.KEPT)
        self.assertIn("first", log)
        self.assertIn("last", log)


class CheckTest(CheckFolder):
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

    def accuracy(self, precision: str, bests: list[float]) -> None:
        self.report.accuracy += [
            dict(precision=precision, seed=i + 1, accuracies=[b], best=b, seconds=1, seconds_per_epoch=1)
            for i, b in enumerate(bests)]

    def test_accuracy_is_held_against_float32(self) -> None:
        c = self.check()
        self.accuracy("bf16", [92.0, 92.0, 92.0])
        training.judge(c, "alone", "bf16")
        self.accuracy("fp32", [92.1, 92.2, 92.5])
        self.accuracy("tf32", [92.0, 91.9, 91.9])
        for precision in ("fp32", "bf16", "tf32", "fp16"):
            training.judge(c, precision, precision)
        self.assertEqual(self.outcomes(), [
            ("alone", SKIPPED), ("fp32", PASSED), ("bf16", PASSED), ("tf32", FAILED), ("fp16", SKIPPED)])
        self.assertIn("0.33 points below fp32's", self.report.outcomes[3].detail)

    def test_weights_must_be_the_same_bytes(self) -> None:
        c = self.check()
        results = {}
        for way, weights in (("captured", b"1"), ("eager", b"1"), ("again", b"2")):
            (self.dir / way).write_bytes(weights)
            results[way] = {"last_weights": str(self.dir / way), "epochs": [{"step": 5}]}, Ended(0, "", "", 1)
        training.compare(c, "three", results)
        del results["again"]
        training.compare(c, "two", results)
        results["broken"] = {}, Ended(1, "", "no", 1)
        training.compare(c, "broken", results)
        self.assertEqual(self.outcomes(), [("three", FAILED), ("two", PASSED), ("broken", FAILED)])

    def test_what_the_sanitizer_says(self) -> None:
        c = self.check()
        for name, printed, code in (
                ("fine", "========= ERROR SUMMARY: 0 errors", 0),
                ("found", "========= Invalid __global__ read of size 4 bytes\n========= ERROR SUMMARY: 1 error",
                 correctness.FOUND),
                ("the program failed", "no such flag\n========= ERROR SUMMARY: 0 errors", 1),
                ("refused", "========= Error: Device not supported. Please refer to the documentation", 1),
                ("hazard", "========= RACECHECK SUMMARY: 1 hazard displayed (1 error, 0 warnings)", correctness.FOUND)):
            tool = self.script(f"#!{sys.executable}\nprint({printed!r})\nexit({code})")
            tool.chmod(0o755)
            correctness.sanitize(c, str(tool), "racecheck", name, ["program"])
        self.assertEqual(self.outcomes(), [
            ("racecheck of fine", PASSED), ("racecheck of found", FAILED), ("racecheck of the program failed", FAILED),
            ("racecheck of refused", SKIPPED), ("racecheck of hazard", FAILED)])

    def test_sanitizers_begin_with_fused_steps(self) -> None:
        c = self.check()
        tool = self.dir / "compute-sanitizer"
        tool.write_text(f"#!{sys.executable}\nimport sys\nprint('========= ERROR SUMMARY: 0 errors', *sys.argv[1:])")
        tool.chmod(0o755)
        with mock.patch.dict("os.environ", PATH=str(self.dir)):
            correctness.sanitizers(c)
        names = [o.name for o in self.report.outcomes]
        self.assertEqual(set(names[:4]), {f"{kind} of {what}" for kind in ("memcheck", "racecheck")
                                          for what in ("fused steps", "kernels")})
        self.assertEqual(set(names[4:]), {"memcheck of steps apart", "racecheck of steps apart"})
        self.assertEqual({o.status for o in self.report.outcomes}, {PASSED})
        log = self.report.log.read_text()
        self.assertIn("--tune off --precision bf16 --fuse on", log)
        c.deadline = 0
        correctness.sanitize(c, str(tool), "memcheck", "more", ["program"])
        self.assertEqual(self.outcomes()[-1], ("memcheck of more", SKIPPED))

    def test_report(self) -> None:
        self.check()
        self.report.add(Outcome("first", FAILED, "a | b", 1, "a tail\nof two lines"))
        self.report.device = {"name": "NVIDIA H200"}
        self.report.speed = [dict(precision="fp32", phase="train", batch_size=32,
                                  images_per_second=dict(resnet=64000.0, graph=32000.0), ratio=2.0, ratio_min=1.9,
                                  ratio_max=2.1, rounds=[{}, {}], launches=50.0, fused=True, device_ms=0.4876,
                                  idle_share=0.0061)]
        self.report.write()
        (json_file,) = self.dir.glob("gpu-check-nvidia-h200-*.json")
        (page,) = self.dir.glob("gpu-check-nvidia-h200-*.md")
        self.assertEqual(json.loads(json_file.read_text())["steps"][0]["detail"], "a | b")
        for text in ("a \\| b", "of two lines", "0 passed, 1 failed",
                     "| fp32 | train | 32 | 0.500 | 64,000 | 32,000 | **2.00** | 1.90 to 2.10 | 2 | 50 | yes | 0.4876 "
                     "| 0.6 % |"):
            self.assertIn(text, page.read_text())
        self.assertEqual(list(self.dir.glob("*unknown*")), [])


class GoTestTest(unittest.TestCase):
    def test_results(self) -> None:
        found = gotest.parse(textwrap.dedent("""\
            === RUN   TestA
            === RUN   TestA/small
                a_test.go:7: as far as 0.2
            === RUN   TestA/large
                a_test.go:7: as far as 9
            --- FAIL: TestA (0.00s)
                --- PASS: TestA/small (0.00s)
                --- FAIL: TestA/large (0.00s)
            === RUN   TestB
            --- PASS: TestB (0.00s)
            === RUN   TestC
                c_test.go:1: no file
            --- SKIP: TestC (0.00s)
            FAIL
            """), "")
        self.assertEqual(found.summary(), "1 passed; 1 failed: TestA; 1 skipped: TestC")
        self.assertEqual(found.last_words("TestC"), "no file")
        self.assertEqual(found.failures(), "TestA/large\n    a_test.go:7: as far as 9")

    def test_crash(self) -> None:
        found = gotest.parse("=== RUN   TestA\n--- PASS: TestA (0.00s)\n=== RUN   TestB\n",
                             "overlap\nSIGABRT: abort\nPC=0x1\n")
        self.assertEqual(found.summary(), "1 passed; 1 did not end: TestB; TestB: overlap SIGABRT: abort")
        self.assertEqual(found.failures(), "TestB\noverlap\nSIGABRT: abort\nPC=0x1")


class LibrariesTest(Folder):
    def distribution(self, name: str, *files: str) -> importlib.metadata.Distribution:
        info = self.dir / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "RECORD").write_text("".join(f"{f},,\n" for f in files))
        return importlib.metadata.Distribution.at(info)

    def test_folders(self) -> None:
        found = libraries.folders([
            self.distribution("nvidia-cublas", "nvidia/cu13/lib/libcublas.so.13", "nvidia/cu13/include/cublas.h"),
            self.distribution("nvidia-cudnn-cu13", "nvidia/cudnn/lib/libcudnn.so.9",
                              "nvidia/cudnn/lib/libcudnn_ops.so.9"),
            self.distribution("numpy", "numpy.libs/libgfortran.so.5")])
        base = self.dir.resolve()
        self.assertEqual(found, [str(base / "nvidia/cu13/lib"), str(base / "nvidia/cudnn/lib")])

    def test_caller_comes_first(self) -> None:
        env = libraries.environment({"LD_LIBRARY_PATH": "/mine", "RESNET_CUDA_LIBS": "/emu"}, ["/a", "/b"])
        self.assertEqual(env["RESNET_CUDA_LIBS"], "/emu")
        self.assertTrue(env["LD_LIBRARY_PATH"].startswith("/mine:/a:/b"))
        self.assertEqual(libraries.environment({}, ["/a", "/b"])["RESNET_CUDA_LIBS"], "/a:/b")
        self.assertNotIn("RESNET_CUDA_LIBS", libraries.environment({}, []))


if __name__ == "__main__":
    unittest.main()

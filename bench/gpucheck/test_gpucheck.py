"""Tests of what judges training runs, Go tests and libraries: python3 -B -m unittest discover -b -s bench/gpucheck"""
import importlib.metadata
import pathlib
import re
import textwrap
import unittest

import gotest
import libraries
import training
from fixtures import CheckFolder, Folder
from process import Ended
from report import FAILED, PASSED, SKIPPED
from settings import SMOKE, Settings


# Trains, and keeps what it measured where it is told to.
TRAINER = """
    import json, os, pathlib
    cache = pathlib.Path(os.environ["XDG_CACHE_HOME"])
    cache.mkdir(parents=True, exist_ok=True)
    (cache / "measured").touch()
    epochs = [dict(val=dict(accuracy=a), seconds=1, images_per_second=1.0) for a in (0.9, 0.92)]
    print(json.dumps(dict(epochs=epochs)))"""


class TrainingTest(CheckFolder):
    def accuracy(self, precision: str, bests: list[float]) -> None:
        self.report.put("accuracy", *(
            dict(precision=precision, seed=i + 1, accuracies=[b], best=b, seconds=1, seconds_per_epoch=1)
            for i, b in enumerate(bests)))

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
        training.compare(c, "three", results, {})
        del results["again"]
        training.compare(c, "two", results, {})
        results["broken"] = {}, Ended(1, "", "no", 1)
        training.compare(c, "broken", results, {"broken": [c.resnet, "train", "--output", c.work / "x"]})
        self.assertEqual(self.outcomes(), [("three", FAILED), ("two", PASSED), ("broken", FAILED)])
        # What failed runs again in another folder.
        self.assertEqual([list(f.command[1:]) for f in c.failures], [["train", "--output", f"{c.work / 'x'}-again"]])

    def test_algorithms_are_measured_apart(self) -> None:
        c = self.check(TRAINER, seeds=(1,), epochs=2)
        c.data = ()
        training.accuracy(c, ["fp32"])
        self.assertEqual(self.outcomes(), [("accuracy, fp32", PASSED)])
        self.assertNotEqual(self.report.accuracy[0]["best"], 0)
        self.assertTrue((c.work / "accuracy-cache" / "measured").exists())
        self.assertFalse(c.cache.exists())


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


class NamesTest(unittest.TestCase):
    def test_tests_that_are_picked_exist(self) -> None:
        tree = pathlib.Path(__file__).resolve().parents[2]
        for s in (Settings(), SMOKE):
            for t in (*s.gpu_tests, *s.short_kernels, *s.first_tests, *s.network_tests, *s.all_kernels):
                source = "".join(p.read_text() for p in (tree / t.package).glob("*_test.go"))
                there = re.findall(r"^func (Test\w+)", source, re.MULTILINE)
                for part in parts(t.pattern.split("/")[0]):
                    with self.subTest(f"{t.package}: {part}"):
                        self.assertTrue(any(re.search(part, name) for name in there))


def parts(pattern: str) -> list[str]:
    """Returns a pattern for each of the names that one is made of."""
    if m := re.fullmatch(r"\^Test\((.*)\)\$", pattern):
        return [f"^Test{name}$" for name in m[1].split("|")]
    if "(Fused)?" in pattern:
        return [pattern.replace("(Fused)?", "Fused"), pattern.replace("(Fused)?", "")]
    return pattern.split("|")


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

"""Tests of what speed is held against, on figures and programs that are made up."""
import unittest

import aims
import epochs
import tables
from fixtures import CheckFolder
from report import FAILED, PASSED, SKIPPED


def case(phase: str, batch: int, precision: str, ours: float, graph: float) -> dict:
    return dict(phase=phase, batch_size=batch, precision=precision,
                images_per_second=dict(resnet=ours, eager=1.0, graph=graph),
                best_mode="graph", ratio=ours / graph, launches=50, device_ms=0.19, idle_share=0.004)


class AimsTest(unittest.TestCase):
    def verdicts(self, speed: list[dict], epochs: list[dict]) -> dict[str, str]:
        return {r["name"]: r["verdict"] for r in aims.rows(speed, epochs)}

    def test_verdicts(self) -> None:
        for ours, want in ((119.0, aims.MISSED), (120.0, aims.ENOUGH), (199.0, aims.ENOUGH), (200.0, aims.REACHED)):
            got = self.verdicts([case("train", 32, "tf32", ours, 100.0)], [])
            self.assertEqual(got["training, batch 32, tf32"], want)
            self.assertEqual(got["training, batch 1024, bf16"], aims.NOT_MEASURED)
            self.assertEqual(got["training, batch 32, fp32"], aims.NO_AIM)

    def test_without_pytorch(self) -> None:
        alone = case("train", 32, "tf32", 1e5, 1.0)
        alone["images_per_second"] = dict(resnet=1e5)
        del alone["ratio"], alone["best_mode"]
        row = aims.rows([alone], [])[0]
        self.assertEqual((row["measured"], row["peer"], row["verdict"]), (1e5, None, aims.NOT_MEASURED))

    def test_eager_alone_is_no_judge(self) -> None:
        one = case("train", 32, "tf32", 300.0, 1.0)
        one["images_per_second"] = dict(resnet=300.0, eager=100.0)
        one |= dict(best_mode="eager", ratio=3.0)
        row = aims.rows([one], [])[0]
        self.assertEqual((row["ratio"], row["verdict"]), (3, aims.EAGER_ALONE))

    def test_latency_is_in_ms(self) -> None:
        row = next(r for r in aims.rows([case("latency", 1, "bf16", 20000.0, 8000.0)], [])
                   if r["name"] == "latency of an image, bf16")
        self.assertEqual((row["measured"], row["peer"], row["ratio"], row["verdict"]), (0.05, 0.125, 2.5, aims.REACHED))

    def test_epochs_and_idle(self) -> None:
        def run(start: str, seconds: float) -> dict:
            return dict(program="resnet", start=start, precision="tf32", epochs=6, seconds=seconds,
                        images_per_second=160e3)

        found = {r["name"]: r for r in aims.rows([case("train", 32, "tf32", 160e3, 100e3)], [
            run("first start", 8.0), run("warm start", 2.5), dict(program="PyTorch", mode="graph", seconds=10.0)])}
        self.assertEqual(found["6 epochs, tf32, first start"]["verdict"], aims.ENOUGH)
        self.assertEqual((found["6 epochs, tf32, warm start"]["ratio"], found["6 epochs, tf32, warm start"]["verdict"]),
                         (4, aims.REACHED))
        name = "GPU idle in training, batch 32, tf32, "
        self.assertEqual(found[name + "a window of steps"]["verdict"], aims.REACHED)
        # 5,000 steps of 0.19 ms a second.
        self.assertAlmostEqual(found[name + "an epoch"]["measured"], 5)

    def test_table(self) -> None:
        lines = tables.aims(aims.rows([case("train", 32, "tf32", 180e3, 100e3)], []))
        self.assertIn("| training, batch 32, tf32 | 180,000 img/s | 100,000 img/s | graph | **1.80** | 1.2 | 2 "
                      "| 150,000: 120 % | enough |", lines)
        self.assertIn("| the recipe's epochs, warm start |  |  |  |  | 10 s | 3 s |  | not measured |", lines)


# Trains, and says where the driver is to keep what it compiles.
RESNET = """
    import json, os, sys
    assert os.environ["CUDA_CACHE_PATH"].startswith(os.environ["XDG_CACHE_HOME"])
    n = int(sys.argv[sys.argv.index("--epochs") + 1])
    epochs = [dict(val=dict(accuracy=0.9 + i / 100), images_per_second=1000.0 * i) for i in range(n)]
    print(json.dumps(dict(epochs=epochs)))"""


class EpochsTest(CheckFolder):
    def test_twice(self) -> None:
        c = self.check(RESNET, epochs=3)
        c.data = ()
        epochs.epochs(c)
        self.assertEqual(self.outcomes(), [("3 epochs, first start", PASSED), ("3 epochs, warm start", PASSED)])
        for row, start in zip(self.report.epochs, ("first start", "warm start")):
            self.assertEqual((row["start"], row["images_per_second"], row["epochs"]), (start, 1000, 3))
            self.assertAlmostEqual(row["accuracy"], 92)

    def test_peer_may_fail(self) -> None:
        c = self.check(RESNET, epochs=3)
        c.data, c.env["RESNET_DATA"] = (), "/no/such"
        epochs.epochs(c)
        self.assertEqual(self.outcomes()[2], ("3 epochs, PyTorch", SKIPPED))

    def test_failure(self) -> None:
        c = self.check("import sys; sys.exit('no GPU')")
        c.data = ()
        epochs.epochs(c)
        self.assertEqual(self.outcomes(), [("6 epochs, first start", FAILED)])
        self.assertEqual(self.report.epochs, [])


if __name__ == "__main__":
    unittest.main()
